import {
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
  retry,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import { sheltered } from 'llm-config-manager/shelter';
import { compare, peer, shuffled } from './compare.ts';
import { fastStore } from './fast-store.ts';
import { report } from './report.ts';

// 1,000 keys in random order, all of them cached
const keys = shuffled(1_000).map((i) => `section${Math.floor(i / 10)}.key${i % 10}`);
const values = new Map(keys.map((key, i) => [key, `value-${i}`]));

interface Reader {
  get(key: string): Promise<unknown>;
}
const { BaseProvider } = await peer<{ BaseProvider: new (options: object) => Reader }>(
  '@aws-lambda-powertools/parameters/base',
);
class Powertools extends BaseProvider {
  asked = 0;
  async _get(key: string): Promise<unknown> {
    this.asked++;
    await new Promise(setImmediate);
    return values.get(key);
  }
}

// the backend takes no time, so this measures the shelter alone
const misses = 300;
const rare = Array.from({ length: misses }, (_, i) => `rare.key${i}`);
const free = new Map(rare.map((key) => [key, key]));
const uncached = sheltered(fastStore(free), { cache: false });
const single = sheltered(fastStore(free));
const batched = sheltered(fastStore(free, 100));
const policy = wrap(
  retry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() }),
  circuitBreaker(handleAll, { halfOpenAfter: 60_000, breaker: new ConsecutiveBreaker(5) }),
  timeout(10_000, TimeoutStrategy.Aggressive),
);
const one = async (read: (key: string) => Promise<unknown>): Promise<unknown> => {
  let last: unknown;
  for (const key of rare) last = await read(key);
  return last;
};
const fresh = { maxAgeMs: 0 } as const;
for (let i = 0; i < 50; i++) {
  await one((key) => policy.execute(async () => free.get(key)));
  for (const reader of [uncached, single, batched]) await one((key) => reader.get(key, fresh));
}
await compare(
  'a miss, one after the other, the backend free',
  {
    'cockatiel wrap(retry, breaker, timeout)': () => one((key) => policy.execute(async () => free.get(key))),
    'sheltered, without a cache': () => one((key) => uncached.get(key)),
    'sheltered, with a cache': () => one((key) => single.get(key, fresh)),
    'an awaited turn of the loop (process.nextTick)': () =>
      one((key) => new Promise((resolve) => process.nextTick(resolve, key))),
  },
  {
    batch: misses,
    timeMs: 2_000,
    // 1 % of a request that takes a millisecond
    goals: [{ of: 'sheltered, with a cache', says: 'a miss, the work of the shelter', atMost: 10_000 }],
  },
);
await compare(
  'a miss, 300 at once, the backend free',
  {
    'cockatiel wrap(retry, breaker, timeout)': () =>
      Promise.all(rare.map((key) => policy.execute(async () => free.get(key)))),
    'sheltered, one document a request': () => Promise.all(rare.map((key) => single.get(key, fresh))),
    'sheltered, 100 documents a request': () => Promise.all(rare.map((key) => batched.get(key, fresh))),
  },
  { batch: misses, timeMs: 2_000 },
);

// numbers of requests, which do not depend on noise
const tripMs = 20;
const remote = fastStore(new Map(keys.slice(0, 100).map((key) => [key, 'v'])), 10, tripMs);
const cold = sheltered(remote);
await cold.get('warm');
remote.requests = 0;
const startedAt = performance.now();
await Promise.all(keys.slice(0, 100).map((key) => cold.get(key)));
const trips = (performance.now() - startedAt) / tripMs;
report(
  '100 cold keys, ten to a request, 20 ms away',
  [
    { name: 'sheltered provider', value: trips, unit: 'round trips', requests: remote.requests },
    { name: 'its requests', value: remote.requests, unit: 'requests' },
  ],
  [
    { of: 'sheltered provider', atMost: 1.5, limit: 10 },
    { of: 'its requests', atMost: 10, limit: 10 },
  ],
);
const store = new Powertools({});
const asking = async (count: () => number, work: () => Promise<unknown>): Promise<number> => {
  const before = count();
  await work();
  return count() - before;
};
const [ours, theirs] = [() => remote.requests, () => store.asked];
const missing = (reader: Reader) => async (): Promise<void> => {
  for (let i = 0; i < 100; i++) await reader.get('missing.key').catch(() => undefined);
};
const requests = (value: number, name: string) => ({ name, value, unit: 'requests' }) as const;
report(
  '100 reads of a missing key, one after the other',
  [
    requests(await asking(ours, missing(cold)), 'sheltered provider, a missing key'),
    requests(await asking(theirs, missing(store)), 'Powertools, a missing key'),
  ],
  [{ of: 'sheltered provider, a missing key', atMost: 1, limit: 1 }],
);
