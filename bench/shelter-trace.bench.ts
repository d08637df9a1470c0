import { ProviderChain } from 'llm-config-manager';
import { sheltered } from 'llm-config-manager/shelter';
import { heapUsed } from './compare.ts';
import { fastStore } from './fast-store.ts';
import { checking, type Figure, report } from './report.ts';

const size = 100_000;
const keys = Array.from(
  { length: size },
  (_, i) => `section${Math.floor(i / 100)}.part${Math.floor(i / 10) % 10}.key${i % 10}`,
);
const values = new Map(keys.map((key, i) => [key, `value-${i}`]));

/** Draws ranks from a Zipf distribution with s = 1, the same ones in every run. */
function zipf(n: number, draws: number): Uint32Array {
  const sums = new Float64Array(n);
  for (let rank = 0, sum = 0; rank < n; rank++) sums[rank] = sum += 1 / (rank + 1);
  let seed = 42;
  return Uint32Array.from({ length: draws }, () => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    const at = ((seed >>> 0) / 2 ** 32) * (sums[n - 1] as number);
    let low = 0;
    for (let high = n - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}

/** The hit ratio of a cache of `max` documents in the second pass through a trace. */
async function hitRatio(max: number, draws: number): Promise<number> {
  const trace = zipf(size, draws);
  const provider = sheltered(fastStore(values), { cache: { max } });
  for (const rank of trace) await provider.get(keys[rank] as string);
  const cold = provider.stats().requests;
  for (const rank of trace) await provider.get(keys[rank] as string);
  const asked = provider.stats().requests - cold;
  await provider.close();
  return 100 * (1 - asked / draws);
}
const ratios: Figure[] = [];
for (const max of checking ? [size] : [1_000, 10_000, 50_000, 100_000])
  ratios.push({
    name: `${max.toLocaleString('en')} documents held`,
    value: await hitRatio(max, checking ? 200_000 : 500_000),
    unit: '%',
  });
report('hit ratio, Zipf (s = 1) over 100,000 keys', ratios, [
  { of: '100,000 documents held', atLeast: 95, limit: 95 },
]);

// percentiles of cached reads through a chain with 1,000 concurrent readers, beside a Map behind an async
// function
const working = keys.slice(0, 10_000);
const provider = sheltered(fastStore(values, 100));
const chain = new ProviderChain([provider]);
const bare = async (key: string) => values.get(key);
await provider.getMany(working);

async function tails(read: (key: string) => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  const reader = async (start: number): Promise<void> => {
    for (let i = 0; i < 100; i++) {
      const from = process.hrtime.bigint();
      await read(working[(start * 97 + i * 31) % working.length] as string);
      took.push(Number(process.hrtime.bigint() - from));
      if (i % 10 === 9) await new Promise(setImmediate);
    }
  };
  await Promise.all(Array.from({ length: 1_000 }, (_, i) => reader(i)));
  took.sort((a, b) => a - b);
  return parts.map((part) => took[Math.floor((took.length * part) / 100)] as number);
}
const parts = [50, 99, 99.9];
const readers = { 'a bare Map': bare, 'a chain': (key: string) => chain.get(key) };
const least = new Map<string, number[]>();
for (let round = 0; round < (checking ? 0 : 6); round++)
  for (const [name, read] of Object.entries(readers)) {
    const took = await tails(read);
    if (round > 0)
      least.set(
        name,
        took.map((ns, i) => Math.min(ns, least.get(name)?.[i] ?? ns)),
      );
  }
for (const [i, part] of checking ? [] : parts.entries()) {
  const figures = [...least].map(([name, took]): Figure => ({ name, value: took[i] as number, unit: 'ns' }));
  const title = `1,000 readers at once of what is cached, p${part}`;
  // without a limit: a time on the clock, which a busy machine stretches
  const goal = { says: title, of: 'a chain', against: 'a bare Map', atMost: 2 };
  report(title, figures, part === 99 ? [goal] : [], 'a bare Map');
}

// memory of cached keys without their texts
const holder = sheltered(fastStore(values, 100), { cache: { max: size } });
await holder.get('warm');
const before = await heapUsed();
for (let i = 0; i < size; i += 1_000) await holder.getMany(keys.slice(i, i + 1_000));
const after = await heapUsed();
report(
  '100,000 keys held, their texts apart',
  [{ name: 'each key, with its metadata', value: (after - before) / holder.stats().size, unit: 'bytes' }],
  [{ of: 'each key, with its metadata', atMost: 200, limit: 400 }],
);
await holder.close();
