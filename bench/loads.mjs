// One way to load a configuration, in a process of its own: first.bench.ts starts it, one process a run. Plain
// JavaScript, because a loader for TypeScript would be measured, too.
//   node loads.mjs WAY [RUNS]   prints the CPU time in ms: of the process until its first load is done, of the
//                               first load, of the last load
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [way, runs = '1'] = process.argv.slice(2);
const { BENCH_CORE: core, BENCH_ZOD: zod } = process.env;
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const givenAt = (k) => [k, `a value ${k}`, k % 2 === 0][k % 3];
const build = (n, leaf, section = (inner) => inner) =>
  Object.fromEntries(
    Array.from({ length: n / 10 }, (_, s) => [
      `section${s}`,
      section(Object.fromEntries(Array.from({ length: 10 }, (_, k) => [`key${k}`, leaf(s * 10 + k)]))),
    ]),
  );
const schemaOf = (z, n) =>
  z.object(
    build(
      n,
      (k) => [z.number(), z.string(), z.boolean()][k % 3],
      (inner) => z.object(inner),
    ),
  );
const file = (name, text) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const namesOf = (n) => Array.from({ length: n }, (_, k) => `SECTION${Math.floor(k / 10)}__KEY${k % 10}`);
const envOf = (n) => Object.fromEntries(namesOf(n).map((name, k) => [name, String(givenAt(k))]));
const jsonOf = (n) => file('default.json', JSON.stringify(build(n, givenAt)));
const dotenvOf = (n) =>
  file(
    '.env',
    namesOf(n)
      .map((name, k) => `${name}="${givenAt(k)}"\n`)
      .join(''),
  );
const c12Options = { cwd: folder, rcFile: false, globalRc: false, packageJson: false, dotenv: false };
const dotenvText = async () => (await import('node:fs')).readFileSync(join(folder, '.env'), 'utf8');

/** Each way writes its files, then returns what is measured: the imports, and then a load. */
const ways = {
  nothing: () => async () => () => {},
  core: () => async () => {
    await import(core);
    return () => {};
  },
  'zod alone': () => async () => {
    const { z } = await import(zod);
    const schema = schemaOf(z, 20);
    return () => schema.parse(build(20, givenAt));
  },
  'env, JSON and zod': () => {
    const path = jsonOf(20);
    return async () => {
      const [{ z }, { BundleProvider, EnvProvider, loadConfig }] = [await import(zod), await import(core)];
      const schema = schemaOf(z, 20);
      return () => loadConfig(schema, [new EnvProvider(), new BundleProvider(path)]);
    };
  },
  'c12, JSON and zod': () => {
    jsonOf(20);
    return async () => {
      const [{ z }, { loadConfig }] = [await import(zod), await import('c12')];
      const schema = schemaOf(z, 20);
      return async () =>
        schema.parse((await loadConfig({ ...c12Options, configFile: 'default.json' })).config);
    };
  },
  'dotenv and zod': () => {
    dotenvOf(20);
    return async () => {
      const [{ z }, { parse }] = [await import(zod), (await import('dotenv')).default];
      const schema = z.object(Object.fromEntries(namesOf(20).map((name) => [name, z.string()])));
      return async () => schema.parse({ ...process.env, ...parse(await dotenvText()) });
    };
  },
  'JSON, 1,000 keys': () => {
    const path = jsonOf(1_000);
    return async () => {
      const [{ z }, { BundleProvider, loadConfig }] = [await import(zod), await import(core)];
      const schema = schemaOf(z, 1_000);
      return () => loadConfig(schema, new BundleProvider(path));
    };
  },
  'JSON, 1,000 keys, by c12 and zod': () => {
    jsonOf(1_000);
    return async () => {
      const [{ z }, { loadConfig }] = [await import(zod), await import('c12')];
      const schema = schemaOf(z, 1_000);
      return async () =>
        schema.parse((await loadConfig({ ...c12Options, configFile: 'default.json' })).config);
    };
  },
  'JSON, 1,000 keys, by convict': () => {
    const path = jsonOf(1_000);
    return async () => {
      const { default: convict } = await import('convict');
      const formats = ['Number', 'String', 'Boolean'];
      const schema = build(1_000, (k) => ({ default: givenAt(k), format: formats[k % 3] }));
      return () => convict(schema).loadFile(path).validate({ allowed: 'strict' });
    };
  },
  '1,000 variables': () => async () => {
    const [{ z }, { EnvProvider, loadConfig }] = [await import(zod), await import(core)];
    const [schema, env] = [schemaOf(z, 1_000), envOf(1_000)];
    return () => loadConfig(schema, new EnvProvider({ env }));
  },
  '1,000 variables, by znv': () => async () => {
    const [{ z }, { parseEnv }] = [await import('zod'), await import('znv')];
    const env = envOf(1_000);
    const schema = Object.fromEntries(
      namesOf(1_000).map((name, k) => [name, [z.number(), z.string(), z.boolean()][k % 3]]),
    );
    return () => parseEnv(env, schema);
  },
  '.env, 2,000 lines': () => {
    dotenvOf(2_000);
    return async () => {
      const { DotEnvProvider } = await import(core);
      return () => new DotEnvProvider({ directory: folder }).list();
    };
  },
  '.env, 2,000 lines, by dotenv': () => {
    dotenvOf(2_000);
    return async () => {
      const { parse } = (await import('dotenv')).default;
      return async () => parse(await dotenvText());
    };
  },
};

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
};
try {
  const prepared = ways[way]();
  if (process.env.BENCH_COMPILE_CACHE) module.enableCompileCache(process.env.BENCH_COMPILE_CACHE);
  const load = await prepared();
  const imported = cpuMs();
  await load();
  const first = cpuMs();
  const later = [];
  for (let run = 2; run <= Number(runs); run++) {
    const from = cpuMs();
    await load();
    later.push(cpuMs() - from);
  }
  // the median of the last five, since a collection of garbage falls into one of them
  const last = later.slice(-5).sort((a, b) => a - b)[2] ?? 0;
  console.log(JSON.stringify([first, first - imported, last]));
} finally {
  rmSync(folder, { recursive: true });
}
