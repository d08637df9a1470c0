import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BundleProvider, EnvProvider, loadConfig, MemoryProvider } from 'llm-config-manager';
import { z } from 'zod';
import { compare, peer } from './compare.ts';

// 1,000 keys in 100 sections: numbers, strings and booleans
const givenAt = (k: number): string | number | boolean => [k, `a value ${k}`, k % 2 === 0][k % 3] as string;
const kindOf = (k: number): z.ZodType => [z.number(), z.string(), z.boolean()][k % 3] as z.ZodType;
const build = <T>(
  leaf: (k: number) => T,
  section: (inner: Record<string, T>) => unknown = (inner) => inner,
): Record<string, unknown> =>
  Object.fromEntries(
    Array.from({ length: 100 }, (_, s) => [
      `section${s}`,
      section(Object.fromEntries(Array.from({ length: 10 }, (_, k) => [`key${k}`, leaf(s * 10 + k)]))),
    ]),
  );
const tree = build(givenAt);
const schema = z.object(build(kindOf, (inner) => z.object(inner as z.ZodRawShape)) as z.ZodRawShape);
const names = Array.from({ length: 1_000 }, (_, k) => `SECTION${Math.floor(k / 10)}__KEY${k % 10}`);
const env = Object.fromEntries(names.map((name, k) => [name, String(givenAt(k))]));

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const file = join(folder, 'default.json');
writeFileSync(file, JSON.stringify(tree, null, 2));

interface Convict {
  load(values: object): Convict;
  loadFile(file: string): Convict;
  validate(options: object): Convict;
}
const c12 = await peer<{ loadConfig: (options: object) => Promise<{ config: object }> }>('c12');
const { default: convict } = await peer<{ default: (schema: object) => Convict }>('convict');
process.env.NODE_CONFIG_DIR = folder;
process.env.SUPPRESS_NO_CONFIG_WARNING = 'true';
const { default: nodeConfig } = await peer<{
  default: { util: { loadFileConfigs(folder: string): object } };
}>('config');
const envalid = await peer<{
  cleanEnv: (env: object, specs: object, options: object) => object;
  num: () => object;
  str: () => object;
  bool: () => object;
}>('envalid');
const znv = await peer<{ parseEnv: (env: object, schema: object) => object }>('znv');
const { z: z3 } = await peer<{ z: { number(): object; string(): object; boolean(): object } }>(
  new URL('node_modules/zod/index.js', import.meta.url).href,
);

try {
  const formats = ['Number', 'String', 'Boolean'];
  const convictSchema = build((k) => ({ default: givenAt(k), format: formats[k % 3] }));
  const memory = new MemoryProvider(tree as never);
  await compare(
    '1,000 keys of a JSON file, loaded and validated',
    {
      loadConfig: async () => loadConfig(schema, new BundleProvider(file)),
      'c12 (from its import cache) + zod': async () => {
        const options = {
          configFile: file,
          cwd: folder,
          rcFile: false,
          globalRc: false,
          packageJson: false,
          dotenv: false,
        };
        return schema.parse((await c12.loadConfig(options)).config);
      },
      'convict loadFile + validate': () =>
        convict(convictSchema).loadFile(file).validate({ allowed: 'strict' }),
      'node-config (no validation)': () => nodeConfig.util.loadFileConfigs(folder),
    },
    { timeMs: 2_000 },
  );

  const flat = z.object(Object.fromEntries(names.map((name, k) => [name, kindOf(k)])));
  const envalidSpecs = Object.fromEntries(
    names.map((name, k) => [name, [envalid.num, envalid.str, envalid.bool][k % 3]?.()]),
  );
  const znvSchema = Object.fromEntries(
    names.map((name, k) => [name, [z3.number, z3.string, z3.boolean][k % 3]?.()]),
  );
  await compare(
    '1,000 environment variables, typed and validated',
    {
      'loadConfig (sections)': async () => loadConfig(schema, new EnvProvider({ env })),
      'envalid cleanEnv (flat)': () => envalid.cleanEnv(env, envalidSpecs, { reporter: () => undefined }),
      'znv parseEnv (flat)': () => znv.parseEnv(env, znvSchema),
    },
    { timeMs: 2_000 },
  );

  const given = Object.fromEntries(names.map((name, k) => [name, givenAt(k)]));
  await compare(
    'where the time of a load goes',
    {
      'zod alone, 100 sections': () => schema.parse(tree),
      'zod alone, flat': () => flat.parse(given),
      'loadConfig from memory': async () => loadConfig(schema, memory),
      'loadConfig from memory, no schema': async () => loadConfig(memory),
    },
    { timeMs: 1_000 },
  );
} finally {
  rmSync(folder, { recursive: true });
}
