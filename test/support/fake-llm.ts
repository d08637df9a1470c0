// A server that speaks the protocols of OpenAI (chat completions, responses) and Anthropic (messages), and
// fails as the first segment of the path says: `case-7` answers with that case of llm-cases.ts, `stream.role.
// text.error` streams those steps. Used by the tests with real SDKs.

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bodyOf, llmCases } from './llm-cases.ts';

export interface FakeLlm extends AsyncDisposable {
  readonly url: string;
  /** How often each first segment was asked. */
  readonly asked: Map<string, number>;
}

type Protocol = 'chat' | 'responses' | 'messages';

export async function fakeLlm(): Promise<FakeLlm> {
  const asked = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const [, mode = '', ...rest] = (request.url ?? '').split('/');
    asked.set(mode, (asked.get(mode) ?? 0) + 1);
    let body = '';
    for await (const part of request) body += part;
    const { stream, model } = JSON.parse(body || '{}') as { stream?: boolean; model?: string };
    const path = rest.join('/');
    const protocol = path.includes('messages')
      ? 'messages'
      : path.includes('responses')
        ? 'responses'
        : 'chat';
    const one = mode.startsWith('case-') ? llmCases[Number(mode.slice(5))] : undefined;
    if (mode === 'hang') return;
    if (mode === 'reset') return void request.socket.destroy();
    if (one) {
      response.writeHead(one.status, {
        'content-type': one.text === undefined ? 'application/json' : 'text/html',
        ...one.headers,
      });
      return void response.end(bodyOf(one, protocol === 'messages' ? 'anthropic' : 'openai'));
    }
    const steps = mode.startsWith('stream.') ? mode.split('.').slice(1) : ['role', 'text', 'text', 'end'];
    if (stream) return send(response, protocol, steps, String(model));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answers[protocol](String(model))));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const text = 'hello';
const usage = { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 };

const answers: Readonly<Record<Protocol, (model: string) => object>> = {
  chat: (model) => ({
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: `${text}${text}` }, finish_reason: 'stop' }],
    usage,
  }),
  responses: (model) => ({
    id: 'r',
    object: 'response',
    created_at: 1,
    status: 'completed',
    model,
    output: [
      {
        type: 'message',
        id: 'x',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: `${text}${text}`, annotations: [] }],
      },
    ],
    usage: { input_tokens: 9, output_tokens: 3, total_tokens: 12 },
  }),
  messages: (model) => ({
    id: 'm',
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text: `${text}${text}` }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 9, output_tokens: 3 },
  }),
};

type Events = Readonly<Record<string, (model: string) => readonly object[]>>;

const chunk = (model: string, delta: object, finish_reason: string | null = null): object => ({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model,
  choices: [{ index: 0, delta, finish_reason }],
});

/** The events of each step of a stream. */
const events: Readonly<Record<Protocol, Events>> = {
  chat: {
    role: (model) => [chunk(model, { role: 'assistant', content: '' })],
    text: (model) => [chunk(model, { content: text })],
    tool: (model) => [
      chunk(model, {
        tool_calls: [{ index: 0, id: 't', type: 'function', function: { name: 'f', arguments: '{}' } }],
      }),
    ],
    error: () => [
      { error: { message: 'The server had an error', type: 'server_error', param: null, code: null } },
    ],
    end: (model) => [chunk(model, {}, 'stop')],
  },
  responses: {
    role: (model) => [
      {
        type: 'response.created',
        response: { id: 'r', object: 'response', created_at: 1, status: 'in_progress', model, output: [] },
      },
      {
        type: 'response.output_item.added',
        output_index: 0,
        item: { type: 'message', id: 'x', role: 'assistant', status: 'in_progress', content: [] },
      },
    ],
    text: () => [
      { type: 'response.output_text.delta', item_id: 'x', output_index: 0, content_index: 0, delta: text },
    ],
    error: () => [
      {
        type: 'error',
        code: 'server_error',
        message: 'The server had an error',
        param: null,
        sequence_number: 1,
      },
    ],
    end: (model) => [{ type: 'response.completed', response: answers.responses(model) }],
  },
  messages: {
    role: (model) => [
      {
        type: 'message_start',
        message: {
          id: 'm',
          type: 'message',
          role: 'assistant',
          model,
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: 9, output_tokens: 1 },
        },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ],
    ping: () => [{ type: 'ping' }],
    text: () => [{ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }],
    error: () => [{ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }],
    end: () => [
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: 3 },
      },
      { type: 'message_stop' },
    ],
  },
};

async function send(
  response: ServerResponse,
  protocol: Protocol,
  steps: readonly string[],
  model: string,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  for (const step of steps) {
    if (step === 'stall') return;
    if (step === 'reset') return void response.socket?.destroy();
    for (const event of events[protocol][step]?.(model) ?? []) {
      const type = (event as { type?: string }).type;
      const head = protocol !== 'chat' && type ? `event: ${type}\n` : '';
      response.write(`${head}data: ${JSON.stringify(event)}\n\n`);
    }
    await new Promise((done) => setTimeout(done, 2));
  }
  response.end(protocol === 'chat' ? 'data: [DONE]\n\n' : '');
}
