import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { checking, type Figure, report } from './report.ts';

// The time to import a library into a new process: the shortest of several runs, without the start of Node.
const peers = [
  'dotenv',
  'config',
  'convict',
  'nconf',
  'c12',
  'yaml',
  '@dotenvx/dotenvx',
  '@aws-lambda-powertools/parameters/ssm',
];
const own = process.env.BENCH_CORE as string;
const bench = fileURLToPath(new URL('.', import.meta.url));
const env = { ...process.env, SUPPRESS_NO_CONFIG_WARNING: 'true', NODE_CONFIG_DIR: bench, NODE_OPTIONS: '' };

const modules = new Map([
  ['llm-config-manager', own],
  ...(checking ? ['yaml'] : peers).map((name) => [name, name] as const),
]);
const least = new Map<string, number>();
for (let round = 0; round < 15; round++)
  for (const [name, specifier] of modules) {
    const load = `await import(${JSON.stringify(specifier)});`;
    const program = `const from = performance.now(); ${load} console.log(performance.now() - from);`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: bench,
      env,
      encoding: 'utf8',
    });
    const ms = Number(out.trim().split('\n').at(-1));
    least.set(name, Math.min(ms, least.get(name) ?? ms));
  }
const times = [...least].map(([name, ms]): Figure => ({ name, value: ms * 1e6, unit: 'ns' }));
report(
  'importing into a fresh process',
  times,
  [
    { of: 'llm-config-manager', atMost: 8e6 },
    { of: 'llm-config-manager', against: 'yaml', atMost: 1, limit: 1.3 },
  ],
  'llm-config-manager',
);

// Size, minified and gzipped, dependencies included. Code that is loaded on first use is in separate chunks.
async function bundled(specifier: string): Promise<{ atOnce: number; all: number }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export * from ${JSON.stringify(specifier)};`, resolveDir: bench },
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    outdir: 'out',
    write: false,
    metafile: true,
    logLevel: 'silent',
    external: ['*.node', '@aws-sdk/*', '@azure/*', '@google-cloud/*', '@napi-rs/*', 'keytar', 'node-vault'],
  });
  const sizes = new Map(
    outputFiles.map(({ path, contents }) => [path.split('/').at(-1), gzipSync(contents).length / 1e3]),
  );
  const outputs = new Map(
    Object.entries(metafile.outputs).map(([path, output]) => [path.split('/').at(-1), output]),
  );
  const first = new Set<string | undefined>(['stdin.js']);
  for (const name of first)
    for (const { path, kind, external } of outputs.get(name)?.imports ?? [])
      if (kind === 'import-statement' && !external) first.add(path.split('/').at(-1));
  const sum = (names: Iterable<string | undefined>): number =>
    [...names].reduce((total, name) => total + (sizes.get(name) ?? 0), 0);
  return { atOnce: sum(first), all: sum(sizes.keys()) };
}
const ours = await bundled(fileURLToPath(own));
const sizes: Figure[] = [
  { name: 'llm-config-manager, what an import loads', value: ours.atOnce, unit: 'kB' },
  { name: 'llm-config-manager, with all that is loaded on first use', value: ours.all, unit: 'kB' },
];
for (const name of checking ? [] : peers) sizes.push({ name, value: (await bundled(name)).all, unit: 'kB' });
report('size, minified and gzipped, dependencies included, cloud SDKs not', sizes, [
  { of: 'llm-config-manager, what an import loads', atMost: 25, limit: 28 },
]);
