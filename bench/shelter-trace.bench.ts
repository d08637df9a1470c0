import { ProviderChain } from 'llm-config-manager';
import { sheltered } from 'llm-config-manager/shelter';
import { fastStore } from './fast-store.ts';

const size = 100_000;
const keys = Array.from({ length: size }, (_, i) => `section${Math.floor(i / 100)}.part${Math.floor(i / 10) % 10}.key${i % 10}`);
const values = new Map(keys.map((key, i) => [key, `value-${i}`]));

/** Ranks with the chances of Zipf's law, s = 1, the same in every run. */
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

const draws = 1_000_000;
const trace = zipf(size, draws);
const distinct = new Set(trace).size;
for (const max of [1_000, 10_000, 50_000, 100_000]) {
  const provider = sheltered(fastStore(values), { cache: { max } });
  for (const rank of trace) await provider.get(keys[rank] as string);
  const first = provider.stats();
  for (const rank of trace) await provider.get(keys[rank] as string);
  const all = provider.stats();
  const warm = 1 - (all.requests - first.requests) / draws;
  console.log(
    `Zipf over ${size} keys (${distinct} drawn), ${max} held: hit ratio ${(first.ratio * 100).toFixed(1)} % cold, ${(warm * 100).toFixed(1)} % warm`,
  );
}

// tails of cached reads through a chain, with 1,000 readers at once, beside a bare Map behind an async function
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
  return [0.5, 0.99, 0.999].map((part) => took[Math.floor(took.length * part)] as number);
}
for (const [name, read] of [
  ['bare Map', bare],
  ['chain', (key: string) => chain.get(key)],
] as const) {
  await tails(read);
  const [p50, p99, p999] = (await tails(read)).map((ns) => `${(ns / 1e3).toFixed(1)} µs`);
  console.log(`1,000 readers at once, ${name.padEnd(8)}  p50 ${p50}  p99 ${p99}  p99.9 ${p999}`);
}

// memory of what is held, texts apart
const used = async (): Promise<number> => {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
};
const holder = sheltered(fastStore(values, 100), { cache: { max: size } });
await holder.get('warm');
const before = await used();
for (let i = 0; i < size; i += 1_000) await holder.getMany(keys.slice(i, i + 1_000));
const after = await used();
if (globalThis.gc) console.log(`${holder.stats().size} documents held: ${Math.round((after - before) / size)} bytes each`);
else console.log('run with --expose-gc to see the memory');
await holder.close();
