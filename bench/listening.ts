import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Listening {
  readonly port: number;
  /** Requests so far. */
  readonly asked: () => number;
  readonly close: () => void;
}

/** Starts a local server that counts requests. Its backlog has room for a connection per reader. */
export async function listening(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Listening> {
  let count = 0;
  const listener: RequestListener = (request, response) => {
    count++;
    answer(request, response);
  };
  // long, because a client may send a request just as the server closes an idle connection
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

/** The simulated round trip to a store. */
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
