import { loadConfig, MemoryProvider, ProviderChain } from 'llm-config-manager';
import { compare, heapUsed, peer, shuffled } from './compare.ts';
import { report } from './report.ts';

// 1,000 keys in 100 sections, read in random order
const tree = Object.fromEntries(
  Array.from({ length: 100 }, (_, s) => [
    `section${s}`,
    Object.fromEntries(Array.from({ length: 10 }, (_, k) => [`key${k}`, s * 10 + k])),
  ]),
);
const keys = shuffled(1_000).map((i) => `section${Math.floor(i / 10)}.key${i % 10}`);
const nconfKeys = keys.map((key) => key.replace('.', ':'));
// in tree order, because read order would favour the caches of the processor
const flat = new Map(
  Object.entries(tree).flatMap(([section, inner]) =>
    Object.entries(inner).map(([name, value]) => [`${section}.${name}`, value]),
  ),
);

interface Get {
  get(key: string): unknown;
}
process.env.NODE_CONFIG = JSON.stringify(tree);
process.env.SUPPRESS_NO_CONFIG_WARNING = 'true';
process.env.NODE_CONFIG_DIR = '/nowhere';
const { default: nodeConfig } = await peer<{ default: Get }>('config');
const { default: makeConvict } = await peer<{
  default: (schema: object) => Get & { load(values: object): void };
}>('convict');
const convict = makeConvict(
  Object.fromEntries(
    Object.entries(tree).map(([section, inner]) => [
      section,
      Object.fromEntries(Object.keys(inner).map((name) => [name, { default: 0, format: 'nat' }])),
    ]),
  ),
);
convict.load(tree);
const { default: nconfModule } = await peer<{
  default: { Provider: new () => Get & { defaults(values: object): void } };
}>('nconf');
const nconf = new nconfModule.Provider();
nconf.defaults(tree);

/** Azure App Configuration, whose provider keeps all keys in a Map; the service is a function here. */
async function azureProvider(): Promise<Get> {
  const { load } = await peer<{ load: (connection: string, options: object) => Promise<Get> }>(
    '@azure/app-configuration-provider',
  );
  const { createHttpHeaders } = await peer<{ createHttpHeaders: (headers: object) => object }>(
    '@azure/core-rest-pipeline',
  );
  const items = Array.from(flat, ([key, value]) => ({ key, value: `${value}`, etag: 'e', tags: {} }));
  const sendRequest = async (request: object): Promise<object> => ({
    request,
    status: 200,
    headers: createHttpHeaders({ 'content-type': 'application/json', etag: '"e"' }),
    bodyAsText: JSON.stringify({ items }),
  });
  return load('Endpoint=https://fake.azconfig.io;Id=fake;Secret=ZmFrZQ==', {
    replicaDiscoveryEnabled: false,
    clientOptions: { additionalPolicies: [{ policy: { name: 'fake', sendRequest }, position: 'perCall' }] },
  });
}
const azure = await azureProvider();

const over = (list: readonly string[], read: (key: string) => unknown) => (): number => {
  let sum = 0;
  for (const key of list) sum += read(key) as number;
  return sum;
};
const chain = new ProviderChain([new MemoryProvider({}, { name: 'overrides' }), new MemoryProvider(tree)]);
const maps = [new Map<string, unknown>(), flat].map((map) => async (key: string) => map.get(key));
const bare = async (key: string): Promise<unknown> => {
  for (const map of maps) {
    const value = await map(key);
    if (value !== undefined) return value;
  }
  return undefined;
};

const config = await loadConfig(chain);
const value = config.value as typeof tree;

await compare(
  'one of 1,000 keys, random order',
  {
    'Map.get': over(keys, (key) => flat.get(key)),
    'config.get': over(keys, (key) => config.get(key)),
    'Azure configuration provider get': over(keys, (key) => azure.get(key)),
    'node-config get': over(keys, (key) => nodeConfig.get(key)),
    'convict get': over(keys, (key) => convict.get(key)),
    'nconf get': over(nconfKeys, (key) => nconf.get(key)),
  },
  {
    batch: keys.length,
    goals: [{ of: 'config.get', against: 'Map.get', atMost: 0.6, limit: 1.2 }],
  },
);
await compare(
  'the same, awaited, the second of two sources has it',
  {
    'async functions over Maps': async () => {
      let sum = 0;
      for (const key of keys) sum += (await bare(key)) as number;
      return sum;
    },
    'chain.get': async () => {
      let sum = 0;
      for (const key of keys) sum += (await chain.get(key))?.value as number;
      return sum;
    },
  },
  { batch: keys.length },
);

const rounds = 10_000;
await compare(
  'a property of a constant path',
  {
    'a plain object': () => {
      let sum = 0;
      for (let i = 0; i < rounds; i++) sum += (tree.section7?.key3 as number) + i;
      return sum;
    },
    'config.value': () => {
      let sum = 0;
      for (let i = 0; i < rounds; i++) sum += (value.section7?.key3 as number) + i;
      return sum;
    },
  },
  { batch: rounds, goals: [{ of: 'config.value', against: 'a plain object', atMost: 1.1, limit: 3 }] },
);

// few enough reads to avoid a garbage collection
const read = over(keys, (key) => config.get(key));
for (let i = 0; i < 1_000; i++) read();
let perRead = Number.POSITIVE_INFINITY;
for (let i = 0; i < 5; i++) {
  const before = await heapUsed();
  for (let j = 0; j < 100; j++) read();
  perRead = Math.min(perRead, (process.memoryUsage().heapUsed - before) / (100 * keys.length));
}
// the measurement itself leaves less than half a byte per read
report(
  'memory of a read',
  [{ name: 'config.get, each read', value: Math.max(0, Math.round(perRead)), unit: 'bytes' }],
  [{ of: 'config.get, each read', atMost: 0, limit: 8 }],
);
