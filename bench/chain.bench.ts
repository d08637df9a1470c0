// Cached reads through chains, beside the same walk by hand. Both builds are measured: they are made by
// different compilers, and one of them has been twice as slow.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type * as Core from 'llm-config-manager';
import type * as Shelter from 'llm-config-manager/shelter';
import { compare, shuffled } from './compare.ts';
import { fastStore } from './fast-store.ts';

const core = process.env.BENCH_CORE as string;
const require = createRequire(import.meta.url);
const common = (name: string): unknown => require(fileURLToPath(new URL(`${name}.cjs`, core)));
const builds = {
  'ES module': [await import('llm-config-manager'), await import('llm-config-manager/shelter')],
  CommonJS: [common('index'), common('shelter')],
} as Readonly<Record<string, readonly [typeof Core, typeof Shelter]>>;

// 1,000 keys in random order, all of them cached
const keys = shuffled(1_000).map((i) => `section${Math.floor(i / 10)}.key${i % 10}`);
const values = new Map(keys.map((key, i) => [key, `value-${i}`]));
const over = (read: (key: string) => Promise<unknown>) => async (): Promise<unknown> => {
  let last: unknown;
  for (const key of keys) last = await read(key);
  return last;
};
const maps = [new Map<string, string>(), new Map<string, string>(), values].map(
  (map) => async (key: string) => map.get(key),
);
const bareAlone = async (key: string): Promise<unknown> => {
  for (const map of maps.slice(2)) {
    const value = await map(key);
    if (value !== undefined) return value;
  }
};
const bareBehind = async (key: string): Promise<unknown> => {
  for (const map of maps) {
    const value = await map(key);
    if (value !== undefined) return value;
  }
};

const batch = keys.length;
for (const [
  build,
  [{ DotEnvProvider, EnvProvider, MemoryProvider, ProviderChain }, { sheltered }],
] of Object.entries(builds)) {
  const alone = new ProviderChain([sheltered(fastStore(values, 100))]);
  const behind = new ProviderChain([
    new EnvProvider({ prefix: 'APP', env: {} }),
    new DotEnvProvider({ prefix: 'APP', directory: '/nowhere' }),
    sheltered(fastStore(values, 100)),
  ]);
  const first = new ProviderChain([new MemoryProvider(Object.fromEntries(values))]);
  const last = new ProviderChain([
    ...Array.from({ length: 19 }, (_, i) => new MemoryProvider({}, { name: `empty ${i}` })),
    new MemoryProvider(Object.fromEntries(values)),
  ]);
  for (const chain of [alone, behind, first, last]) await Promise.all(keys.map((key) => chain.get(key)));

  const one = `chain of one, ${build}`;
  await compare(
    `a cached read through a chain of one, ${build}`,
    { 'async function over a Map': over(bareAlone), [one]: over((key) => alone.get(key)) },
    { batch, goals: [{ of: one, against: 'async function over a Map', atMost: 1.2, limit: 2.4 }] },
  );
  const three = `chain of three, ${build}`;
  await compare(
    `a cached read behind env and .env, ${build}`,
    { 'async functions over Maps': over(bareBehind), [three]: over((key) => behind.get(key)) },
    { batch, goals: [{ of: three, against: 'async functions over Maps', atMost: 1, limit: 2 }] },
  );
  const twentieth = `the last of twenty, ${build}`;
  await compare(
    `a read through a chain of local providers, ${build}`,
    { 'one provider': over((key) => first.get(key)), [twentieth]: over((key) => last.get(key)) },
    { batch, goals: [{ of: twentieth, against: 'one provider', atMost: 4, limit: 8 }] },
  );
}
