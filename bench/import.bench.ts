import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { fresh } from './cpu.ts';
import { checking, type Figure, report } from './report.ts';

// The CPU time to import a library into a new process: the least of several runs, without the start of Node.
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
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const empty = join(folder, 'empty.mjs');
writeFileSync(empty, '');

const modules = new Map([
  ['an empty module', pathToFileURL(empty).href],
  ['llm-config-manager', own],
  ...(checking ? [] : peers).map((name) => [name, name] as const),
]);
const least = new Map<string, number>();
for (let round = 0; round < 15; round++)
  for (const [name, specifier] of modules) {
    const load = `await import(${JSON.stringify(specifier)});`;
    const [ms] =
      fresh(`const from = process.cpuUsage(); ${load} const { user, system } = process.cpuUsage(from);
      console.log(JSON.stringify([(user + system) / 1e3]));`) as [number];
    least.set(name, Math.min(ms, least.get(name) ?? ms));
  }
rmSync(folder, { recursive: true });
report(
  'importing into a fresh process, CPU',
  [...least].map(([name, ms]): Figure => ({ name, value: ms * 1e6, unit: 'ns' })),
  [
    {
      says: 'import of the core, against an empty module',
      of: 'llm-config-manager',
      against: 'an empty module',
      atMost: 3,
      limit: 6,
    },
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
  { of: 'llm-config-manager, what an import loads', atMost: 25, limit: 50 },
]);
