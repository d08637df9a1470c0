import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';

// a fake SSM with the one operation that the handler needs
let calls = 0;
let hanging = false;
const server = createServer((request, response) => {
  calls++;
  if (hanging) return;
  let text = '';
  request.on('data', (chunk) => (text += chunk));
  request.on('end', () => {
    const { Names } = JSON.parse(text) as { Names: string[] };
    const Parameters = Names.map((Name) => ({
      Name,
      Value: `fake ${Name}`,
      Type: 'SecureString',
      Version: 1,
    }));
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

// one file without the SDK, which the Lambda runtime includes
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
  const importMs = Math.round(performance.now() - startedAt);
  console.log(`${Math.round((await stat(outfile)).size / 1024)} KB, imported in ${importMs} ms`);

  console.log('cold', await handler());
  await Promise.all(Array.from({ length: 100 }, handler));
  console.log(`a hundred more: ${calls} call in total`);
  const timers = process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;
  console.log(`timers left while frozen: ${timers}`);

  const now = Date.now;
  let frozenMs = 0;
  Date.now = () => now() + frozenMs;
  const freeze = (ms: number): Promise<void> => {
    frozenMs += ms;
    return new Promise((thawed) => void setImmediate(thawed));
  };
  await freeze(120_000);
  console.log('thawed after two minutes', (await handler()).statusCode, `${calls} calls in total`);

  hanging = true;
  await freeze(120_000);
  const calledAt = performance.now();
  const { statusCode } = await handler(); // the last good values
  const inTime = performance.now() - calledAt < 3_000;
  console.log(`while the store hangs: ${statusCode}, ${inTime ? 'in time' : 'too late'}`);
} finally {
  await rm(folder, { recursive: true });
  server.closeAllConnections();
  server.close();
}
