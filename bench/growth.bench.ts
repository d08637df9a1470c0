// How work grows with keys, providers, tenants and files: the CPU time of one unit at several sizes. A slope
// means that a program becomes slow with its configuration. In a linear library the largest size costs up to
// four times as much a unit as the smaller one, because of caches and garbage collection.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BundleProvider,
  type ConfigProvider,
  cascade,
  DirectoryProvider,
  DotEnvProvider,
  describeKeys,
  EnvProvider,
  loadConfig,
  MemoryProvider,
  ProviderChain,
  scoped,
} from 'llm-config-manager';
import { sheltered } from 'llm-config-manager/shelter';
import { z } from 'zod';
import { cpuNs, cpuOf } from './cpu.ts';
import { fastStore } from './fast-store.ts';
import { checking, type Figure, report } from './report.ts';

const atMost = 4;
const limit = 2 * atMost;

interface Growth {
  /** What is done, and to what. */
  readonly does: string;
  readonly unit: string;
  readonly sizes: readonly number[];
  /** The sizes that the goal compares. */
  readonly from: number;
  readonly to: number;
  /** Prepares a size. Each run of the result does the work once. */
  readonly prepare: (n: number) => Promise<() => unknown> | (() => unknown);
}

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const keyAt = (i: number): readonly [string, string] => [`section${Math.floor(i / 20)}`, `keyName${i % 20}`];
function treeOf<T>(n: number, leaf: (i: number) => T): Record<string, Record<string, T>> {
  const tree: Record<string, Record<string, T>> = {};
  for (const i of upTo(n)) {
    const [section, key] = keyAt(i);
    tree[section] ??= {};
    tree[section][key] = leaf(i);
  }
  return tree;
}
const schemaOf = (n: number, leaf: z.ZodType): z.ZodType =>
  z.object(
    Object.fromEntries(
      Object.entries(treeOf(n, () => leaf)).map(([name, inner]) => [name, z.object(inner)]),
    ) as z.ZodRawShape,
  );
const nameAt = (i: number): string => keyAt(i).join('__').toUpperCase();
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const jsonOf = (n: number): string => file(`${n}.json`, JSON.stringify(treeOf(n, (i) => `a value ${i}`)));
const failing = (load: Promise<unknown>): Promise<unknown> =>
  load.then(
    () => Promise.reject(new Error('the load did not fail')),
    (error: Error) => error.message,
  );

const growths: readonly Growth[] = [
  {
    does: 'load of a JSON file',
    unit: 'keys',
    sizes: [10, 100, 1_000, 10_000, 100_000],
    from: 1_000,
    to: 100_000,
    prepare: (n) => {
      const path = jsonOf(n);
      return () => loadConfig(new BundleProvider(path));
    },
  },
  {
    does: 'reload, one key changed',
    unit: 'keys',
    sizes: [10, 100, 1_000, 10_000, 100_000],
    from: 1_000,
    to: 100_000,
    prepare: async (n) => {
      const provider = new MemoryProvider(treeOf(n, (i) => `a value ${i}`));
      const config = await loadConfig(provider);
      let round = 0;
      return async () => {
        await provider.set(keyAt(n - 1).join('.'), `another value ${round++}`);
        await config.reload();
      };
    },
  },
  {
    does: 'list of a JSON file through a chain',
    unit: 'keys',
    sizes: [10, 100, 1_000, 10_000, 100_000],
    from: 1_000,
    to: 100_000,
    prepare: (n) => {
      const chain = new ProviderChain([new BundleProvider(jsonOf(n))]);
      return () => chain.list();
    },
  },
  {
    does: 'first reads of mapped variables',
    unit: 'variables',
    sizes: [10, 100, 1_000, 10_000],
    from: 100,
    to: 10_000,
    prepare: (n) => {
      const keys = upTo(n).map((i) => keyAt(i).join('.'));
      const variables = Object.fromEntries(keys.map((key, i) => [key, `KEY_${i}`]));
      const env = Object.fromEntries(upTo(n).map((i) => [`KEY_${i}`, `a value ${i}`]));
      return async () => {
        const provider = new EnvProvider({ env, variables });
        for (const key of keys) await provider.get(key);
      };
    },
  },
  {
    does: 'list of .env files',
    unit: 'variables',
    sizes: [10, 100, 1_000, 10_000, 100_000],
    from: 1_000,
    to: 100_000,
    prepare: (n) => {
      const name = `${n}.env`;
      file(
        name,
        upTo(n)
          .map((i) => `${nameAt(i)}="a value ${i}"\n`)
          .join(''),
      );
      return () => new DotEnvProvider({ directory: folder, files: [name] }).list();
    },
  },
  {
    does: 'report of refused secrets',
    unit: 'keys',
    sizes: [10, 100, 1_000, 5_000],
    from: 100,
    to: 5_000,
    prepare: (n) => {
      const schema = z.object(Object.fromEntries(upTo(n).map((i) => [`password${i}`, z.number()])));
      const provider = new MemoryProvider(
        Object.fromEntries(upTo(n).map((i) => [`password${i}`, `fake-secret-${i}`])),
      );
      return () => failing(loadConfig(schema, provider));
    },
  },
  {
    does: 'report of missing keys',
    unit: 'keys',
    sizes: [10, 100, 1_000, 5_000],
    from: 100,
    to: 5_000,
    prepare: (n) => {
      const schema = schemaOf(n, z.string());
      return () => failing(loadConfig(schema, new EnvProvider({ env: {} })));
    },
  },
  {
    does: 'report of unknown keys',
    unit: 'keys',
    sizes: [10, 100, 1_000, 5_000],
    from: 100,
    to: 5_000,
    prepare: (n) => {
      const schema = z.object({ known: z.string() });
      const provider = new MemoryProvider({ known: 'a', ...treeOf(n, (i) => i) });
      return () => failing(loadConfig(schema, provider, { unknown: 'error' }));
    },
  },
  {
    does: 'keys of a schema',
    unit: 'schema keys',
    sizes: [1, 10, 100, 1_000, 5_000],
    from: 100,
    to: 5_000,
    prepare: (n) => {
      const leaf = z.string();
      return async () => (await describeKeys(schemaOf(n, leaf))).keys.length; // a schema is described once
    },
  },
  {
    does: 'load of the environment with a schema',
    unit: 'schema keys',
    sizes: [1, 10, 100, 1_000, 5_000],
    from: 100,
    to: 5_000,
    prepare: (n) => {
      const schema = schemaOf(n, z.string());
      const env = Object.fromEntries(upTo(n).map((i) => [nameAt(i), `a value ${i}`]));
      return () => loadConfig(schema, new EnvProvider({ env }));
    },
  },
  {
    does: 'load of sources of 200 keys',
    unit: 'providers',
    sizes: [1, 5, 20, 50],
    from: 5,
    to: 50,
    prepare: (n) => {
      const trees = upTo(n).map((p) =>
        Object.fromEntries(upTo(200).map((i) => [`provider${p}key${i}`, `a value ${i}`])),
      );
      return () => loadConfig(trees.map((tree, p) => new MemoryProvider(tree, { name: `source ${p}` })));
    },
  },
  {
    does: 'chains of tenants over one store, and a first read of each',
    unit: 'tenants',
    sizes: [1, 100, 1_000, 10_000],
    from: 100,
    to: 10_000,
    prepare: (n) => {
      const values = new Map(upTo(n).map((i) => [`tenants.tenant${i}.model`, `model-${i}`]));
      return async () => {
        const store = sheltered(fastStore(values, 100), { cache: { max: 20_000 } });
        const level = (key: string): ConfigProvider => scoped(store, key);
        let last: unknown;
        for (const i of upTo(n)) last = await cascade(['shared', `tenants.tenant${i}`], level).get('model');
        return last;
      };
    },
  },
  {
    does: 'list of a folder',
    unit: 'files',
    sizes: [10, 100, 1_000],
    from: 100,
    to: 1_000,
    prepare: (n) => {
      const path = mkdtempSync(join(folder, 'files-'));
      for (const i of upTo(n)) writeFileSync(join(path, `key${i}`), `a value ${i}`);
      return () => new DirectoryProvider(path).list();
    },
  },
];

/** The least CPU time of a unit, of several runs. Small sizes run many times, so that all are warm. */
async function perUnit(run: () => unknown, n: number, budgetNs: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  const from = cpuNs();
  for (let runs = 0; runs < 2 || cpuNs() - from < budgetNs; runs++) {
    if (n >= 1_000) globalThis.gc?.(); // the garbage of another size
    least = Math.min(least, (await cpuOf(run)) / n);
  }
  return least;
}

const budgetNs = checking ? 0.25e9 : 0.8e9;
try {
  for (const { does, unit, sizes, from, to, prepare } of growths) {
    const wanted = checking ? [from, to] : sizes;
    const runs = new Map<number, () => unknown>();
    for (const n of wanted) runs.set(n, await prepare(n));
    const least = new Map<number, number>();
    const measure = async (): Promise<void> => {
      for (const [n, run] of runs)
        least.set(n, Math.min(least.get(n) ?? Number.POSITIVE_INFINITY, await perUnit(run, n, budgetNs)));
    };
    const slope = (): number => (least.get(to) as number) / (least.get(from) as number);
    await measure();
    // a noisy moment is not a slope: measured again where there is doubt
    for (let again = 0; again < 2 && slope() > atMost; again++) await measure();
    const named = (n: number): string => `one of ${n.toLocaleString('en')} ${unit}`;
    report(
      does,
      [...least].map(([n, ns]): Figure => ({ name: named(n), value: ns, unit: 'ns' })),
      [
        {
          says: `${does}: ${named(to)}, against ${named(from)}`,
          of: named(to),
          against: named(from),
          atMost,
          limit,
        },
      ],
      named(from),
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
