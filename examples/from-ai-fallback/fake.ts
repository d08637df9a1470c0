// A server that answers as OpenAI does, at /eu and /us, and fails at /eu as an example wants.

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const state = { eu: 'ok' as 'ok' | 'throttled' | 'wrong' | 'breaks' | 'breaks later', asked: 0 };

export async function startFake() {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const isEu = request.url?.startsWith('/eu');
    if (isEu) state.asked++;
    const mode = isEu ? state.eu : 'ok';
    if (mode === 'throttled') return fail(response, 429, 'rate_limit_exceeded', 'Slow down');
    if (mode === 'wrong') return fail(response, 400, 'content_filter', 'The prompt was refused');
    if ((JSON.parse(body) as { stream?: boolean }).stream) return send(response, mode);
    response.setHeader('content-type', 'application/json');
    const choices = [{ index: 0, message: { role: 'assistant', content: 'one two' }, finish_reason: 'stop' }];
    response.end(JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'gpt-x', choices }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    urls: { eu: `${url}/eu`, us: `${url}/us` },
    close: () => void server.close().closeAllConnections(),
  };
}

function fail(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '7' });
  response.end(JSON.stringify({ error: { message, type: 'error', code } }));
}

function send(response: ServerResponse, mode: string): void {
  response.setHeader('content-type', 'text/event-stream');
  const event = (data: object): boolean => response.write(`data: ${JSON.stringify(data)}\n\n`);
  const chunk = (delta: object): boolean =>
    event({
      id: 'c',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'gpt-x',
      choices: [{ index: 0, delta }],
    });
  const error = { error: { message: 'overloaded', type: 'server_error', code: null } };
  chunk({ role: 'assistant', content: '' });
  if (mode === 'breaks') event(error);
  else {
    chunk({ content: 'one ' });
    if (mode === 'breaks later') event(error);
    else chunk({ content: 'two' });
  }
  response.end('data: [DONE]\n\n');
}
