// A server in this process that answers as OpenAI and Anthropic do, and fails as an example wants.

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How each vendor answers next. */
export const mode: { [vendor in 'openai' | 'anthropic']: 'ok' | 'down' | 'throttled' | 'breaks' } = {
  openai: 'ok',
  anthropic: 'ok',
};
/** The key that each vendor accepts. */
export const accepted = { openai: 'fake-key-of-openai', anthropic: 'fake-key-of-anthropic' };

type Vendor = keyof typeof mode;

/** Starts it. The result has its URL, and ends it. */
export async function startFake(): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer(async (request, response) => {
    const vendor: Vendor = request.url?.startsWith('/openai') ? 'openai' : 'anthropic';
    let body = '';
    for await (const part of request) body += part;
    const key = request.headers['x-api-key'] ?? request.headers.authorization?.replace('Bearer ', '');
    if (key !== accepted[vendor]) return fail(response, vendor, 401, `Incorrect API key provided: ${key}`);
    if (mode[vendor] === 'down') return fail(response, vendor, 503, 'The server is overloaded');
    if (mode[vendor] === 'throttled') return fail(response, vendor, 429, 'Slow down', { 'retry-after': '7' });
    const { model, stream } = JSON.parse(body) as { model: string; stream?: boolean };
    const words = [`${model} `, 'says ', 'hello'];
    if (stream) return send(response, vendor, words);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer(vendor, words.join(''))));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

const answer = (vendor: Vendor, text: string): object =>
  vendor === 'openai'
    ? { choices: [{ message: { content: text } }], usage: { prompt_tokens: 9, completion_tokens: 3 } }
    : { content: [{ type: 'text', text }], usage: { input_tokens: 9, output_tokens: 3 } };

function fail(response: ServerResponse, vendor: Vendor, status: number, message: string, headers = {}): void {
  const type = status === 401 ? 'authentication_error' : status === 429 ? 'rate_limit_error' : 'api_error';
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(
    JSON.stringify(
      vendor === 'openai' ? { error: { message, type } } : { type: 'error', error: { type, message } },
    ),
  );
}

/** Server-sent events. A stream that breaks does so before its first word. */
function send(response: ServerResponse, vendor: Vendor, words: readonly string[]): void {
  response.setHeader('content-type', 'text/event-stream');
  const event = (data: object): boolean => response.write(`data: ${JSON.stringify(data)}\n\n`);
  if (vendor === 'anthropic') event({ type: 'message_start', message: { usage: { input_tokens: 9 } } });
  else event({ choices: [{ delta: { role: 'assistant', content: '' } }] });
  if (mode[vendor] === 'breaks')
    event(
      vendor === 'openai'
        ? { error: { type: 'server_error' } }
        : { type: 'error', error: { type: 'overloaded_error' } },
    );
  else
    for (const text of words)
      event(
        vendor === 'openai'
          ? { choices: [{ delta: { content: text } }] }
          : { type: 'content_block_delta', delta: { type: 'text_delta', text } },
      );
  response.end();
}
