import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BundleProvider, MemoryProvider, ProviderChain } from 'llm-config-manager';
import { compare, peer } from './compare.ts';

// three sources of 33,300 keys; each overlaps with the next by half
type Tree = Record<string, Record<string, string | number>>;
const source = (from: number): Tree =>
  Object.fromEntries(
    Array.from({ length: 333 }, (_, s) => [
      `section${s + from}`,
      Object.fromEntries(
        Array.from({ length: 100 }, (_, k) => [
          `key${k}`,
          k % 2 ? `a value of some length, ${from} ${s} ${k}` : from + k,
        ]),
      ),
    ]),
  );
const trees = [0, 167, 333].map(source);
const texts = trees.map((tree) => JSON.stringify(tree));
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const bundles = new ProviderChain(
  texts.map((text, i) => {
    writeFileSync(join(folder, `source${i}.json`), text);
    return new BundleProvider(join(folder, `source${i}.json`));
  }),
);
const memory = new ProviderChain(
  trees.map((tree, i) => new MemoryProvider(tree, { name: `source ${i + 1}` })),
);
await bundles.tree();
rmSync(folder, { recursive: true });

const { Util } = await peer<{ Util: { extendDeep(...trees: object[]): object } }>('config/lib/util.js');
const { loadConfig } = await peer<{ loadConfig: (options: object) => Promise<{ config: object }> }>('c12');
const { default: nconf } = await peer<{
  default: { Provider: new () => { add(name: string, options: object): void; get(): object } };
}>('nconf');
const alone = {
  configFile: 'none',
  rcFile: false,
  globalRc: false,
  packageJson: false,
  dotenv: false,
  cwd: import.meta.dirname,
};

await compare(
  '100,000 keys of three sources, 67,000 after the merge',
  {
    'JSON.parse of the three': () => texts.map((text) => JSON.parse(text) as Tree),
    'chain of bundles, tree()': () => bundles.tree(),
    'chain of memory providers, tree()': () => memory.tree(),
    'chain of bundles, list()': () => bundles.list(),
    'node-config extendDeep': () => Util.extendDeep({}, ...[...trees].reverse()),
    'c12 loadConfig': () =>
      loadConfig({ ...alone, overrides: trees[0], defaultConfig: trees[1], defaults: trees[2] }),
    'nconf get()': () => {
      const provider = new nconf.Provider();
      for (const [i, tree] of trees.entries()) provider.add(`source${i}`, { type: 'literal', store: tree });
      return provider.get();
    },
  },
  {
    timeMs: 1_500,
    goals: [{ of: 'chain of bundles, tree()', against: 'JSON.parse of the three', atMost: 10, limit: 20 }],
  },
);
