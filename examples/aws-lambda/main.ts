import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';

// SSM, as far as the handler knows it
let calls = 0;
const server = createServer((request, response) => {
  calls++;
  let text = '';
  request.on('data', (chunk) => (text += chunk));
  request.on('end', () => {
    const { Names } = JSON.parse(text) as { Names: string[] };
    const Parameters = Names.map((Name) => ({ Name, Value: `fake ${Name}`, Type: 'SecureString', Version: 1 }));
    response.setHeader('content-type', 'application/x-amz-json-1.1').end(JSON.stringify({ Parameters }));
  });
});
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
Object.assign(process.env, {
  AWS_REGION: 'eu-central-1',
  AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  AWS_ACCESS_KEY_ID: 'fake',
  AWS_SECRET_ACCESS_KEY: 'fake',
});

// one file, in which only the SDK is missing: Lambda has it
const folder = await mkdtemp(join(import.meta.dirname, '.bundle-'));
try {
  const outfile = join(folder, 'handler.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'handler.ts')],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    external: ['@aws-sdk/*'],
  });
  const startedAt = performance.now();
  const { handler } = (await import(outfile)) as typeof import('./handler.ts');
  console.log(`${Math.round((await stat(outfile)).size / 1024)} KB, imported in ${Math.round(performance.now() - startedAt)} ms`);

  console.log('cold', await handler());
  await Promise.all(Array.from({ length: 100 }, handler));
  console.log(`a hundred more: ${calls} call in all`);
  const timers = process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;
  console.log(`timers left while it is frozen: ${timers}`);

  const now = Date.now;
  Date.now = () => now() + 120_000; // it froze for two minutes
  await new Promise((thawed) => void setImmediate(thawed));
  console.log('thawed', (await handler()).statusCode, `${calls} calls in all`);
} finally {
  await rm(folder, { recursive: true });
  server.closeAllConnections();
  server.close();
}
