// Loads in fresh processes: a program loads its configuration once, when none of the code has run before. The
// 60th load of a process is beside the first, for programs that load often.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { fresh } from './cpu.ts';
import { checking, type Figure, type Goal, report } from './report.ts';

const core = process.env.BENCH_CORE as string;
const zod = new URL('../node_modules/zod/index.js', import.meta.url).href;
const loads = fileURLToPath(new URL('loads.mjs', import.meta.url));
const rounds = checking ? 6 : 10;
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
/** Times the import of the core: a first load without its schema library. */
const atMost = 2;

type Run = () => number[];
const way =
  (name: string, runs = 1, env: Readonly<Record<string, string>> = {}, executable = process.execPath): Run =>
  () =>
    fresh('', {
      executable,
      args: [loads, name, `${runs}`],
      env: { BENCH_CORE: core, BENCH_ZOD: zod, ...env },
    });

/** The least CPU time of each number that the processes print. They run in turns. */
function leastOf(
  runs: Readonly<Record<string, Run>>,
  times = rounds,
  least = new Map<string, number[]>(),
): Map<string, number[]> {
  for (let round = 0; round < times; round++)
    for (const [name, run] of Object.entries(runs)) {
      const before = least.get(name);
      least.set(
        name,
        run().map((ms, i) => Math.min(ms, before?.[i] ?? ms)),
      );
    }
  return least;
}

/** The same load as one file, as it is deployed to Lambda. */
async function bundled(): Promise<Run> {
  const json = join(folder, 'default.json');
  const sections = Object.fromEntries(
    [0, 1].map((s) => [
      `section${s}`,
      Object.fromEntries(Array.from({ length: 10 }, (_, k) => [`key${k}`, k])),
    ]),
  );
  writeFileSync(json, JSON.stringify(sections));
  const contents = `
    import { BundleProvider, EnvProvider, loadConfig } from ${JSON.stringify(fileURLToPath(core))};
    import { z } from ${JSON.stringify(fileURLToPath(zod))};
    const keys = Array.from({ length: 10 }, (_, k) => ['key' + k, z.number()]);
    const section = z.object(Object.fromEntries(keys));
    const schema = z.object({ section0: section, section1: section });
    await loadConfig(schema, [new EnvProvider(), new BundleProvider(${JSON.stringify(json)})]);
    const { user, system } = process.cpuUsage();
    console.log(JSON.stringify([(user + system) / 1e3]));`;
  const outfile = join(folder, 'bundle.mjs');
  await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('..', import.meta.url)) },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    outfile,
    logLevel: 'silent',
    external: ['@aws-sdk/*', '@azure/*', '@google-cloud/*', '@napi-rs/*', '*.node'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return () => fresh('', { args: [outfile] });
}

/** A Node that has `module.enableCompileCache`, which came with Node 22. */
function newerNode(): string {
  if ('enableCompileCache' in module) return process.execPath;
  const prefix = fileURLToPath(new URL('../node_modules/.cache/bench/node24', import.meta.url));
  const node = join(prefix, 'node_modules/node/bin/node');
  if (!existsSync(node)) execFileSync('npm', ['install', '--loglevel=error', '--prefix', prefix, 'node@24']);
  return node;
}

const above = (least: ReadonlyMap<string, number[]>, name: string, base: string): number =>
  1e6 * ((least.get(name)?.[0] ?? 0) - (least.get(base)?.[0] ?? 0));

try {
  const ours = 'env, JSON and zod';
  const peers = checking
    ? {}
    : { 'dotenv and zod': way('dotenv and zod'), 'c12, JSON and zod': way('c12, JSON and zod') };
  const runs = {
    nothing: way('nothing'),
    core: way('core'),
    'zod alone': way('zod alone'),
    [ours]: way(ours),
    ...(checking ? {} : { bundle: await bundled() }),
    ...peers,
  };
  const first = leastOf(runs);
  // the goal is about differences, which noise doubles: measured again where there is doubt
  const ratio = (): number => above(first, ours, 'zod alone') / above(first, 'core', 'nothing');
  for (let again = 0; again < 2 && ratio() > atMost; again++) leastOf(runs, rounds, first);
  const rows: Figure[] = [
    { name: 'import of the core', value: above(first, 'core', 'nothing'), unit: 'ns' },
    { name: 'zod alone', value: above(first, 'zod alone', 'nothing'), unit: 'ns' },
    ...Object.keys(peers).map((name): Figure => ({ name, value: above(first, name, 'nothing'), unit: 'ns' })),
    { name: `llm-config-manager: ${ours}`, value: above(first, ours, 'nothing'), unit: 'ns' },
    { name: 'the same without zod', value: above(first, ours, 'zod alone'), unit: 'ns' },
  ];
  if (!checking) {
    rows.push({
      name: 'the same as one file, bundled and minified by esbuild',
      value: above(first, 'bundle', 'nothing'),
      unit: 'ns',
    });
  }
  report(
    'import and first load of 20 keys in a fresh process, CPU',
    rows,
    [
      {
        of: 'the same without zod',
        against: 'import of the core',
        says: 'a first load without zod, against the import of the core',
        atMost,
        limit: 4 * atMost, // a quotient of differences
      },
    ],
    'zod alone',
  );

  if (!checking) {
    const node = newerNode();
    const cache = { BENCH_COMPILE_CACHE: join(folder, 'compile-cache') };
    way(ours, 1, cache, node)(); // fills the cache
    const cached = leastOf({
      nothing: way('nothing', 1, {}, node),
      without: way(ours, 1, {}, node),
      with: way(ours, 1, cache, node),
    });
    report(
      `the same on Node ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1)}, CPU`,
      [
        { name: 'without a compile cache', value: above(cached, 'without', 'nothing'), unit: 'ns' },
        { name: 'with module.enableCompileCache()', value: above(cached, 'with', 'nothing'), unit: 'ns' },
      ],
      [],
      'without a compile cache',
    );
  }

  const warm: readonly (readonly [title: string, ours: string, peers: readonly string[], goal?: Goal])[] = [
    ['JSON, 1,000 keys, loaded and validated', 'JSON, 1,000 keys', ['c12 and zod', 'convict']],
    [
      '1,000 environment variables, typed and validated',
      '1,000 variables',
      ['znv'],
      {
        says: '1,000 variables with a schema, the 60th load, against znv',
        of: 'llm-config-manager, the 60th',
        against: 'znv, the 60th',
        atMost: 3,
        limit: 6,
      },
    ],
    [
      '2,000 lines of .env',
      '.env, 2,000 lines',
      ['dotenv'],
      {
        says: '2,000 lines of .env, the 60th load, against dotenv.parse',
        of: 'llm-config-manager, the 60th',
        against: 'dotenv, the 60th',
        atMost: 6,
        limit: 12,
      },
    ],
  ];
  for (const [title, own, others, goal] of warm) {
    if (checking && !goal) continue;
    const ways = {
      'llm-config-manager': way(own, 60),
      ...Object.fromEntries(others.map((name) => [name, way(`${own}, by ${name}`, 60)])),
    };
    const least = leastOf(ways, checking ? 3 : 5);
    // one load of a process may have a garbage collection in it: measured again where there is doubt
    const last = (name: string): number => least.get(name)?.[2] ?? 0;
    const ofPeers = (): number => Math.min(...others.map(last));
    for (let again = 0; again < 4 && goal && last('llm-config-manager') > goal.atMost! * ofPeers(); again++)
      leastOf(ways, 3, least);
    report(
      `${title}, CPU`,
      [...least].flatMap(([name, [, one, last]]): Figure[] => [
        { name: `${name}, the first load of a process`, value: 1e6 * (one as number), unit: 'ns' },
        { name: `${name}, the 60th`, value: 1e6 * (last as number), unit: 'ns' },
      ]),
      goal ? [goal] : [],
      `${others[0]}, the 60th`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
