import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Listening {
  readonly port: number;
  /** Requests so far. */
  readonly asked: () => number;
  readonly close: () => void;
}

/** A server on this machine that counts what it is asked, with room for as many connections as there are readers. */
export async function listening(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Listening> {
  let count = 0;
  const listener: RequestListener = (request, response) => {
    count++;
    answer(request, response);
  };
  // a client may write into a connection just as the server ends it for idling
  const server = createServer({ keepAliveTimeout: 600_000 }, listener);
  await new Promise<void>((done) => server.listen({ port: 0, host: '127.0.0.1', backlog: 2_048 }, done));
  return {
    port: (server.address() as AddressInfo).port,
    asked: () => count,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** How far away the stores are. */
export const tripMs = 20;

/** Answers with JSON after a round trip. */
export function answerLater(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  setTimeout(() => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  }, tripMs);
}
