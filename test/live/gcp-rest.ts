import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const statuses: Readonly<Record<string, readonly [http: number, status: string]>> = {
  NotFound: [404, 'NOT_FOUND'],
  AlreadyExists: [409, 'ALREADY_EXISTS'],
  FailedPrecondition: [400, 'FAILED_PRECONDITION'],
  InvalidArgument: [400, 'INVALID_ARGUMENT'],
};

/** A proxy that makes the emulator's REST responses look like Google's. The emulator's gateway returns
 *  500 with its own message for every error, and spells field names differently. */
export async function googleSpelling(emulator: string): Promise<Server & { readonly port: number }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      try {
        const { method = 'GET' } = request;
        const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {};
        const reply = await fetch(new URL(String(request.url), emulator), { method, ...body });
        const text = await reply.text();
        const [http, status] = statuses[/rpc error: code = (\w+)/.exec(text)?.[1] ?? ''] ?? [];
        response.writeHead(http ?? reply.status, { 'content-type': 'application/json' });
        response.end(
          status
            ? JSON.stringify({ error: { code: http, message: text, status } })
            : text.replace('"next_page_token"', '"nextPageToken"'),
        );
      } catch {
        response.destroy();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(server, { port: (server.address() as AddressInfo).port });
}
