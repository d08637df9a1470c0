import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { PassThroughClient } from 'google-auth-library';
import { type GcpSecretManagerOptions, GcpSecretManagerProvider } from 'llm-config-manager/gcp';
import { crc32c } from '../src/internal/crc32c.ts';
import { compare } from './compare.ts';

// Secret Manager on this machine, over REST and 20 ms away; it counts what it is asked
let calls = 0;
const server = createServer((request, response) => {
  calls++;
  const name = /^\/v1\/(projects\/acme\/secrets\/[\w-]+)\/versions\/latest:access/.exec(String(request.url))?.[1];
  const data = Buffer.from(`value of ${name}`);
  const payload = { data: data.toString('base64'), dataCrc32c: String(crc32c(data)) };
  const refusal = { error: { code: 404, message: 'no such secret', status: 'NOT_FOUND' } };
  setTimeout(() => {
    response.writeHead(name ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(name ? { name: `${name}/versions/1`, payload } : refusal));
  }, 20);
});
// room for as many connections as there are readers
await new Promise<void>((done) => server.listen({ port: 0, host: '127.0.0.1', backlog: 2_048 }, done));
const account = {
  fallback: true,
  protocol: 'http',
  apiEndpoint: '127.0.0.1',
  port: (server.address() as AddressInfo).port,
  authClient: new PassThroughClient(),
};

const keys = Array.from({ length: 100 }, (_, i) => `key${i}`);
const sdk = new SecretManagerServiceClient({ ...account, projectId: 'acme' } as never);
const read = async (key: string): Promise<string> => {
  const [{ payload }] = await sdk.accessSecretVersion({ name: `projects/acme/secrets/${key}/versions/latest` });
  return Buffer.from(payload?.data ?? '').toString();
};
const opened: GcpSecretManagerProvider[] = [];
const ours = (options: Partial<GcpSecretManagerOptions> = {}): GcpSecretManagerProvider => {
  opened.push(new GcpSecretManagerProvider({ project: 'acme', clientOptions: account, ...options }));
  return opened.at(-1) as GcpSecretManagerProvider;
};
const provider = ours();
const wide = ours({ limits: { concurrency: 100 } });
const sixteen = async (): Promise<void> => {
  const left = [...keys];
  const worker = async (): Promise<void> => {
    for (let key = left.pop(); key !== undefined; key = left.pop()) await read(key);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
};
const map = new Map([['key0', await read('key0')]]);
if ((await provider.get('key0'))?.value !== map.get('key0')) throw new Error('the two read different values');

async function counted(title: string, work: () => Promise<unknown>): Promise<void> {
  const before = calls;
  const startedAt = performance.now();
  await work();
  console.log(`  ${title.padEnd(54)}  ${`${Math.round(performance.now() - startedAt)} ms`.padStart(9)}  ${calls - before} calls`);
}

await compare('one secret, asked for each time', {
  'the SDK': () => read('key0'),
  GcpSecretManagerProvider: () => provider.get('key0', { maxAgeMs: 0 }),
});
await compare('100 secrets, asked for each time', {
  'the SDK, all at once': () => Promise.all(keys.map(read)),
  'the SDK, 16 at once': sixteen,
  'GcpSecretManagerProvider, 100 at once': () => wide.getMany(keys, { maxAgeMs: 0 }),
  'GcpSecretManagerProvider, by default 16 at once': () => provider.getMany(keys, { maxAgeMs: 0 }),
});
// the SDK keeps nothing of what it read
const hundred = (get: () => Promise<unknown>) => async (): Promise<unknown> => {
  let last: unknown;
  for (let i = 0; i < 100; i++) last = await get();
  return last;
};
await compare(
  'one secret, again',
  {
    'a Map behind an async function': hundred(async () => map.get('key0')),
    GcpSecretManagerProvider: hundred(() => provider.get('key0')),
  },
  { batch: 100 },
);

// all are connected; only the keys are cold
const cold = ours();
const alone = ours();
await Promise.all([cold.get('key0'), alone.get('other')]);
console.log('1,000 readers of one key at once, nothing cached');
const thousand = (get: () => Promise<unknown>): Promise<unknown> => Promise.all(Array.from({ length: 1_000 }, get));
await counted('the SDK', () => thousand(() => read('key1')));
await counted('GcpSecretManagerProvider', () => thousand(() => cold.get('key1')));
console.log('100 keys, each read by a reader of its own, nothing cached');
await counted('the SDK', () => Promise.all(keys.map(read)));
await counted('GcpSecretManagerProvider', () => Promise.all(keys.map((key) => alone.get(key))));
await Promise.all(opened.map((one) => one.close()));
await sdk.close();
server.closeAllConnections();
server.close();
