// Streams: where another endpoint takes over, what is held back, and how they end.

import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../../src/extensions/llm/endpoints/endpoint.ts';
import { code } from '../../support/sheltering.ts';
import { http, type Loaded, loaded, two } from './loaded.ts';

type Step = unknown;
const forever = Symbol('forever');

/** What each endpoint streams: chunks, errors, or nothing more for ever. */
function streams(plan: Readonly<Record<string, readonly Step[]>>) {
  const opened: string[] = [];
  const closed: string[] = [];
  async function* open({ name }: Endpoint): AsyncGenerator<unknown> {
    opened.push(name);
    try {
      for (const step of plan[name] ?? []) {
        if (step instanceof Error) throw step;
        if (step === forever) await new Promise(() => undefined);
        yield step;
      }
    } finally {
      closed.push(name);
    }
  }
  return Object.assign(open, { opened, closed });
}

async function read(it: Loaded, open: ReturnType<typeof streams>, options = {}): Promise<unknown[]> {
  const chunks: unknown[] = [];
  try {
    for await (const chunk of it.ai.task('chat').stream(open, options)) chunks.push(chunk);
  } catch (error) {
    chunks.push(error);
  }
  return chunks;
}

const chat = (content: unknown) => ({ choices: [{ index: 0, delta: { content } }] });
const role = { choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] };
const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
const broken = new TypeError('terminated');
const text = (value: string) => ({ type: 'content_block_delta', delta: { type: 'text_delta', text: value } });
const start = { type: 'message_start', message: { usage: { input_tokens: 7, output_tokens: 1 } } };

/** Chunks of five kinds of streams: those that carry nothing, and one with content. */
const protocols: Readonly<
  Record<string, readonly [quiet: readonly unknown[], content: unknown, error: unknown]>
> = {
  'chat completions': [[role, { choices: [] }], chat('a'), { error: { type: 'server_error', message: 'x' } }],
  'tool calls of chat completions': [
    [role],
    { choices: [{ delta: { tool_calls: [{ index: 0 }] } }] },
    { error: { message: 'x', code: 503 } },
  ],
  responses: [
    [
      { type: 'response.created', response: {} },
      { type: 'response.in_progress' },
      { type: 'response.output_item.added', item: {} },
      { type: 'response.content_part.added' },
    ],
    { type: 'response.output_text.delta', delta: 'a' },
    { type: 'response.failed', response: { error: { code: 'server_error', message: 'x' } } },
  ],
  messages: [
    [start, { type: 'ping' }, { type: 'content_block_start', content_block: { type: 'text', text: '' } }],
    text('a'),
    overloaded,
  ],
  'thinking of messages': [
    [start, { type: 'content_block_delta', delta: { type: 'signature_delta', signature: 'x' } }],
    { type: 'content_block_delta', delta: { type: 'thinking_delta', thinking: 'hm' } },
    overloaded,
  ],
  'tool input of messages': [
    [
      start,
      { type: 'content_block_start', content_block: { type: 'tool_use', id: 'x', name: 'f', input: {} } },
    ],
    { type: 'content_block_delta', delta: { type: 'input_json_delta', partial_json: '{' } },
    overloaded,
  ],
  'parts of the AI SDK': [
    [
      { type: 'stream-start', warnings: [] },
      { type: 'response-metadata', id: 'x' },
      { type: 'text-start', id: '0' },
      { type: 'text-delta', id: '0', delta: '' },
    ],
    { type: 'text-delta', id: '0', delta: 'a' },
    { type: 'error', error: { type: 'server_error' } },
  ],
  'reasoning of the AI SDK': [
    [{ type: 'reasoning-start', id: '0' }],
    { type: 'reasoning-delta', id: '0', delta: 'hm' },
    { type: 'error', error: new Error('fetch failed') },
  ],
  'tool calls of the AI SDK': [
    [{ type: 'tool-input-start', id: '0' }],
    { type: 'tool-call', toolName: 'f' },
    { type: 'error', error: { statusCode: 500 } },
  ],
  'files and sources of the AI SDK': [
    [{ type: 'raw', rawValue: {} }],
    { type: 'file', data: 'x' },
    { type: 'error', error: { statusCode: 503 } },
  ],
  'messages of LangChain': [
    [{ content: '' }, { content: [], tool_call_chunks: [] }],
    { content: 'a' },
    http(503),
  ],
  texts: [[''], 'a', http(503)],
  bytes: [[new Uint8Array()], new Uint8Array([1]), broken],
};

describe.for(Object.entries(protocols))('a stream of %s', ([, [quiet, content, error]]) => {
  it('is handed out at its first content, with what was held back', async () => {
    await using it = await loaded({
      ...two,
      endpoints: { ...two.endpoints, first: { ...two.endpoints.first, retries: 0 } },
    });
    const before = streams({ first: [...quiet, error], second: [...quiet, content] });
    expect(await read(it, before)).toEqual([...quiet, content]);
    expect([before.opened, before.closed]).toEqual([
      ['first', 'second'],
      ['first', 'second'],
    ]);
    const after = streams({ first: [...quiet, content, error], second: [content] });
    expect(await read(it, after)).toEqual([...quiet, content, error]);
    expect(after.opened).toEqual(['first']);
    expect(it.events.filter(({ type }) => type === 'attempt').map(({ outcome }) => outcome)).toEqual([
      'unavailable',
      'ok',
      'unavailable',
    ]);
  });
});

describe('a stream', () => {
  it('that ends without content is an answer', async () => {
    await using it = await loaded();
    expect(await read(it, streams({ first: [role] }))).toEqual([role]);
    expect(await read(it, streams({ first: [] }))).toEqual([]);
  });

  it('is opened when it is read, and not before', async () => {
    await using it = await loaded();
    const open = streams({ first: ['a'] });
    it.ai.task('chat').stream(open);
    await it.clock.advance(10);
    expect(open.opened).toEqual([]);
  });

  it('whose first content is too late is left; the limit ends at the first content', async () => {
    const { first, second } = two.endpoints;
    await using it = await loaded({
      ...two,
      endpoints: {
        first: { ...first, timeoutMs: 500 },
        second: { ...second, timeoutMs: 500, idleMs: 60_000 },
      },
    });
    const open = streams({ first: [role, forever], second: ['a', 'b'] });
    const chunks: unknown[] = [];
    const reading = (async () => {
      for await (const chunk of it.ai.task('chat').stream(open)) {
        chunks.push(chunk);
        await new Promise<void>((done) => void it.clock.after(10_000, done)); // a slow reader
      }
    })();
    await it.clock.until(reading, 500);
    expect(chunks).toEqual(['a', 'b']);
  });

  it('that stalls after its first content is an error, and counts', async () => {
    await using it = await loaded();
    const open = streams({ first: ['a', forever], second: ['b'] });
    const reading = read(it, open);
    await it.clock.until(reading, 1_000);
    const [chunk, error] = await reading;
    expect([chunk, error]).toEqual(['a', expect.objectContaining({ code: 'timeout' })]);
    expect((error as Error).message).toBe('first: no further chunk has come within 30000 ms');
    expect(it.events.at(-1)).toMatchObject({ type: 'attempt', outcome: 'timeout' });
  });

  it('that its reader leaves is closed, and no failure', async () => {
    await using it = await loaded();
    const controller = new AbortController();
    let inner: AbortSignal | undefined;
    const open = streams({ first: ['a', 'b', 'c'] });
    const stream = it.ai.task('chat').stream(
      (endpoint, { signal }) => {
        inner = signal;
        return open(endpoint);
      },
      { signal: controller.signal },
    );
    for await (const chunk of stream) if (chunk === 'a') break;
    await it.clock.advance(1);
    expect([open.closed, inner?.aborted]).toEqual([['first'], true]);
    expect(it.events).toMatchObject([{ type: 'attempt', outcome: 'ok' }]);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('that its caller aborts ends at once, before and after the first content', async () => {
    await using it = await loaded();
    for (const steps of [
      [role, forever],
      ['a', forever],
    ]) {
      const controller = new AbortController();
      const open = streams({ first: steps, second: ['b'] });
      const reading = read(it, open, { signal: controller.signal });
      await it.clock.advance(5);
      controller.abort();
      expect((await reading).at(-1)).toMatchObject({ code: 'aborted' });
      expect(open.opened).toEqual(['first']);
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    }
  });

  it('that is not read any more does not keep a listener when its caller aborts', async () => {
    await using it = await loaded();
    const controller = new AbortController();
    const stream = it.ai.task('chat').stream(streams({ first: ['a', 'b'] }), { signal: controller.signal });
    await stream.next();
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    controller.abort();
    expect(it.events.at(-1)).toMatchObject({ type: 'attempt', outcome: 'aborted' });
    expect(await code(stream.next())).toBe('aborted');
  });

  it('counts the tokens that its chunks say', async () => {
    await using it = await loaded();
    await read(
      it,
      streams({
        first: [start, text('a'), { type: 'message_delta', delta: {}, usage: { output_tokens: 40 } }],
      }),
    );
    expect(it.events.at(-1)).toMatchObject({ usage: { inputTokens: 7, outputTokens: 40 } });
  });

  it('that probes an open circuit closes it at its first content', async () => {
    const { first, second } = two.endpoints;
    await using it = await loaded({ ...two, endpoints: { first: { ...first, retries: 0 }, second } });
    for (let n = 0; n < 3; n++) await read(it, streams({ first: [http(500)], second: ['b'] }));
    await it.clock.advance(120_001);
    const stream = it.ai.task('chat').stream(streams({ first: ['a', broken] }));
    await stream.next();
    expect(it.ai.explain('chat').endpoints[0]?.state).toBe('in use');
    expect(await it.ai.task('chat').run(({ name }) => name)).toBe('first');
    await stream.next().catch(() => undefined);
    expect(it.events.at(-1)).toMatchObject({ type: 'attempt', outcome: 'unavailable' });
  });

  it('masks keys in its errors', async () => {
    await using it = await loaded();
    const [, error] = await read(
      it,
      streams({ first: ['a', Object.assign(new Error('key fake-Zq83-first'), { status: 500 })] }),
    );
    expect((error as Error).message).toBe('key [redacted]');
  });

  it('takes the word of kindOf for chunks of another shape', async () => {
    await using it = await loaded();
    const open = streams({ first: [{ status: 'thinking' }, { failed: true }], second: [{ text: 'b' }] });
    const kindOf = (chunk: unknown) =>
      (chunk as { failed?: true }).failed
        ? ('error' as const)
        : (chunk as { status?: string }).status
          ? ('quiet' as const)
          : undefined;
    // an unknown error event is not one of the endpoint
    expect(await read(it, open, { kindOf })).toEqual([{ failed: true }]);
  });
});
