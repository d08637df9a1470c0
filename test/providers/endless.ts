// A response without end, for tests of clients that must stop reading it.
import type { Server } from 'node:http';

/** Makes a server answer each request with endless JSON. The returned function resolves with the number of
 *  bytes that the server could send before the first client went away. */
export function endless(server: Server): () => Promise<number> {
  server.removeAllListeners('request');
  const sent = new Promise<number>((resolve) => {
    server.on('request', (request, response) => {
      let bytes = 0;
      const chunk = Buffer.alloc(256 * 1024, 'x');
      const send = (): void => {
        while (!response.destroyed) {
          bytes += chunk.length;
          if (!response.write(chunk)) return;
        }
      };
      request.resume();
      response.on('close', () => resolve(bytes));
      response.on('drain', send);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"x": "');
      send();
    });
  });
  return () => sent;
}
