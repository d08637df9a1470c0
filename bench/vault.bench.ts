import { token, VaultProvider } from 'llm-config-manager/vault';
import nodeVault from 'node-vault';
import { compare, hundred, once } from './compare.ts';
import { listening } from './listening.ts';

// the server answers at once, so this measures the client
const names = Array.from({ length: 100 }, (_, i) => `secret${i}`);
const fields = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`field${i}`, `value ${i}`]));
const secret = JSON.stringify({
  data: { data: fields, metadata: { version: 3, created_time: '2026-01-01T00:00:00Z' } },
});
const listing = JSON.stringify({ data: { keys: names } });
const server = await listening((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(
    request.url?.includes('list=') ? listing : request.url?.includes('/data/') ? secret : '{"data":{}}',
  );
});
const address = `http://127.0.0.1:${server.port}`;

const bare = nodeVault({ endpoint: address, token: 'fake', noCustomHTTPVerbs: true });
const read = async (name: string): Promise<unknown> =>
  (await bare.read(`secret/data/app/${name}`)).data.data.field0;
const options = { address, auth: token('fake'), env: {}, path: 'app/', kv: 2 } as const;
const uncached = new VaultProvider({ ...options, cache: false });
const cached = new VaultProvider(options);
const held = new Map([['secret0.field0', 'value 0']]);
const map = async (key: string): Promise<unknown> => held.get(key);

await compare(
  'one secret, asked for each time',
  {
    'node-vault': () => read('secret0'),
    'VaultProvider, no cache': () => uncached.get('secret0.field0'),
  },
  { clock: 'wall' },
);
await compare(
  '100 secrets below one path',
  {
    'node-vault, all at once': async () => {
      const { keys } = (await bare.list('secret/metadata/app')).data;
      return Promise.all(keys.map(read));
    },
    'node-vault, one by one': async () => {
      const { keys } = (await bare.list('secret/metadata/app')).data;
      for (const name of keys) await read(name);
    },
    'VaultProvider, no cache': () => uncached.list(),
  },
  { clock: 'wall' },
);
await compare(
  'one secret, again',
  {
    'a Map behind an async function': hundred(() => map('secret0.field0')),
    'node-vault': hundred(() => read('secret0')),
    VaultProvider: hundred(() => cached.get('secret0.field0')),
  },
  { batch: 100, clock: 'wall' },
);
const thousand = (get: (i: number) => Promise<unknown>) => () =>
  Promise.all(Array.from({ length: 1_000 }, (_, i) => get(i)));
await once(
  '1,000 readers of the ten fields of one secret at once, nothing cached',
  {
    'node-vault': thousand(() => read('secret1')),
    VaultProvider: thousand((i) => cached.get(`secret1.field${i % 10}`)),
  },
  server.asked,
);
const fresh = new VaultProvider({ ...options, kv: 'auto' });
await once(
  'the first read of a new provider',
  { 'VaultProvider: token, mounts, secret': () => fresh.get('secret0.field0') },
  server.asked,
);
await Promise.all([uncached, cached, fresh].map((one) => one.close()));
server.close();
