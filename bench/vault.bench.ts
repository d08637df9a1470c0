import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { token, VaultProvider } from 'llm-config-manager/vault';
import nodeVault from 'node-vault';
import { compare } from './compare.ts';

// a server that answers at once, so that what is measured is the client; it counts what it is asked
const names = Array.from({ length: 100 }, (_, i) => `secret${i}`);
const fields = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`field${i}`, `value ${i}`]));
const secret = JSON.stringify({ data: { data: fields, metadata: { version: 3, created_time: '2026-01-01T00:00:00Z' } } });
const listing = JSON.stringify({ data: { keys: names } });
let calls = 0;
const server = createServer((request, response) => {
  calls++;
  response.setHeader('content-type', 'application/json');
  response.end(request.url?.includes('list=') ? listing : request.url?.includes('/data/') ? secret : '{"data":{}}');
});
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const bare = nodeVault({ endpoint: address, token: 'fake', noCustomHTTPVerbs: true });
const read = async (name: string): Promise<unknown> => (await bare.read(`secret/data/app/${name}`)).data.data.field0;
const options = { address, auth: token('fake'), env: {}, path: 'app/', kv: 2 } as const;
const uncached = new VaultProvider({ ...options, cache: false });
const cached = new VaultProvider(options);
const held = new Map([['secret0.field0', 'value 0']]);
const map = async (key: string): Promise<unknown> => held.get(key);

async function counted(title: string, work: () => Promise<unknown>): Promise<void> {
  const before = calls;
  await work();
  console.log(`  ${title.padEnd(54)}  ${`${calls - before}`.padStart(9)} calls`);
}

await compare('one secret, asked for each time', {
  'node-vault': () => read('secret0'),
  'VaultProvider, no cache': () => uncached.get('secret0.field0'),
});
await compare('100 secrets below one path', {
  'node-vault, all at once': async () => {
    const { keys } = (await bare.list('secret/metadata/app')).data;
    return Promise.all(keys.map(read));
  },
  'node-vault, one by one': async () => {
    const { keys } = (await bare.list('secret/metadata/app')).data;
    for (const name of keys) await read(name);
  },
  'VaultProvider, no cache': () => uncached.list(),
});
await compare('one secret, again', {
  'a Map behind an async function': () => map('secret0.field0'),
  'node-vault': () => read('secret0'),
  VaultProvider: () => cached.get('secret0.field0'),
});

console.log('calls');
await counted('1,000 reads of ten fields at once, node-vault', () => Promise.all(Array.from({ length: 1_000 }, () => read('secret1'))));
await counted('1,000 reads of ten fields at once, VaultProvider', () =>
  Promise.all(Array.from({ length: 1_000 }, (_, i) => cached.get(`secret1.field${i % 10}`))),
);
await counted('the first read of a new provider (token, mounts, secret)', async () => {
  const fresh = new VaultProvider({ ...options, kv: 'auto' });
  await fresh.get('secret0.field0');
  await fresh.close();
});
await Promise.all([uncached.close(), cached.close()]);
server.closeAllConnections();
server.close();
