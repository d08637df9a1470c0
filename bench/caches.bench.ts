// A cached read of a value from a store, through the caches of the field, and what each does when a thousand
// readers ask for a key that is not cached yet.
import { sheltered } from 'llm-config-manager/shelter';
import { LRUCache } from 'lru-cache';
import { compare, peer, shuffled } from './compare.ts';
import { fastStore } from './fast-store.ts';
import { type Figure, report } from './report.ts';

// 1,000 keys in random order
const keys = shuffled(1_000).map((i) => `section${Math.floor(i / 10)}.key${i % 10}`);
const values = new Map(keys.map((key, i) => [key, `value-${i}`]));
const max = 10_000;
const ttlMs = 300_000;

type Read = (key: string) => Promise<unknown>;
/** Asks the backend, which counts. */
let asked = 0;
const ask: Read = async (key) => {
  asked++;
  await new Promise(setImmediate);
  return values.get(key);
};

const { BaseProvider } = await peer<{ BaseProvider: new (options: object) => { get: Read } }>(
  '@aws-lambda-powertools/parameters/base',
);
class Powertools extends BaseProvider {
  _get(key: string): Promise<unknown> {
    return ask(key);
  }
}
const { TTLCache } = await peer<{ TTLCache: new (options: object) => Map<string, unknown> }>(
  '@isaacs/ttlcache',
);
const { default: pMemoize } = await peer<{ default: (read: Read, options: object) => Read }>('p-memoize');
const dedupe = await peer<{
  createCache: (options: object) => { define(name: string, read: Read): void; read: Read };
}>('async-cache-dedupe');
const manager = await peer<{
  createCache: (options: object) => { wrap(key: string, read: () => Promise<unknown>): Promise<unknown> };
}>('cache-manager');
const { BentoCache, bentostore } = await peer<{
  BentoCache: new (options: object) => { getOrSet(options: object): Promise<unknown> };
  bentostore: () => { useL1Layer(driver: object): object };
}>('bentocache');
const { memoryDriver } = await peer<{ memoryDriver: (options: object) => object }>(
  'bentocache/drivers/memory',
);

const store = fastStore(values, 100, 1);
const provider = sheltered(store, { cache: { max } });
const powertools = new Powertools({});
const lru = new LRUCache<string, object>({
  max,
  ttl: ttlMs,
  fetchMethod: (key) => ask(key) as Promise<object>,
});
const ttl = new TTLCache({ max, ttl: ttlMs });
const deduped = dedupe.createCache({
  ttl: ttlMs / 1_000,
  storage: { type: 'memory', options: { size: max } },
});
deduped.define('read', ask);
const managed = manager.createCache({ ttl: ttlMs });
const bento = new BentoCache({
  default: 'memory',
  stores: { memory: bentostore().useL1Layer(memoryDriver({ maxItems: max })) },
});
const readers: Readonly<Record<string, Read>> = {
  'sheltered provider': (key) => provider.get(key),
  'lru-cache fetch': (key) => lru.fetch(key),
  'ttlcache, by hand': async (key) => {
    const known = ttl.get(key);
    if (known !== undefined) return known;
    const value = await ask(key);
    ttl.set(key, value);
    return value;
  },
  'p-memoize, without a bound': pMemoize(ask, { cache: new Map() }),
  Powertools: (key) => powertools.get(key),
  'async-cache-dedupe': (key) => deduped.read(key),
  'cache-manager': (key) => managed.wrap(key, () => ask(key)),
  bentocache: (key) => bento.getOrSet({ key, ttl: ttlMs, factory: () => ask(key) }),
};

const requests: Figure[] = [];
for (const [name, read] of Object.entries(readers)) {
  const before = asked + store.requests;
  await Promise.all(Array.from({ length: 1_000 }, () => read(keys[0] as string)));
  requests.push({ name, value: asked + store.requests - before, unit: 'requests' });
}
report('1,000 readers of one key at once, nothing cached', requests, [
  { of: 'sheltered provider', says: '1,000 readers of one key at once', atMost: 1, limit: 1 },
]);

for (const read of Object.values(readers)) await Promise.all(keys.map(read));
const over = (read: Read) => async (): Promise<unknown> => {
  let last: unknown;
  for (const key of keys) last = await read(key);
  return last;
};
const full = ['Powertools', 'async-cache-dedupe', 'cache-manager', 'bentocache'];
await compare(
  'a cached read, asked directly',
  {
    'async function over a Map': over(async (key) => values.get(key)),
    ...Object.fromEntries(Object.entries(readers).map(([name, read]) => [name, over(read)])),
  },
  {
    batch: keys.length,
    goals: [
      { of: 'sheltered provider', against: 'async function over a Map', atMost: 1, limit: 2 },
      ...full.map((name) => ({ of: name, against: 'sheltered provider', atLeast: 3, limit: 1.5 })),
    ],
  },
);
