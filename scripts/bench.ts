// Measures this library beside others. Runs each bench/*.bench.ts in its own process on a built package.
//   npm run bench              runs all, prints the table, updates docs/performance.md and docs/comparison.md
//   npm run bench -- reads     runs one or more, prints the table
//   npm run bench -- claims    runs the claims of docs/comparison.md and updates the page
//   npm run bench -- --check   checks the goals within generous limits, and the claims; takes two minutes
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decisionRows, decisions, picture, pictures } from '../bench/decide.ts';
import { fill, goals, machine, table, tables } from '../bench/page.ts';
import { lines, type Section } from '../bench/report.ts';
import { root } from './folders.ts';

const cwd = fileURLToPath(root);
const args = process.argv.slice(2);
const check = args.includes('--check');
const wanted = args.filter((arg) => arg !== '--check');
/** The benchmarks that `--check` runs: those with limits. */
const gating = [
  'caches',
  'chain',
  'growth',
  'first',
  'guard',
  'import',
  'llm',
  'load',
  'merge',
  'memory',
  'otel',
  'prompts',
  'reads',
  'shelter',
  'shelter-trace',
  'with-secret',
];
const all = readdirSync(new URL('bench/', root)).flatMap((name) => /^(.+)\.bench\.ts$/.exec(name)?.[1] ?? []);
const names = wanted.length > 0 ? wanted.filter((name) => name !== 'claims') : check ? gating : all;
const unknown = names.filter((name) => !all.includes(name));
if (unknown.length > 0)
  throw new Error(`bench/ has no ${unknown.join(', ')}. Choose from ${all.join(', ')} and claims`);

const startedAt = performance.now();
// the libraries to compare with are not dependencies of the project
if (!existsSync(new URL('bench/node_modules/', root)))
  execFileSync('npm', ['ci', '--loglevel=error', '--no-fund', '--no-audit'], {
    cwd: `${cwd}bench`,
    stdio: 'inherit',
  });
const place = 'node_modules/.cache/bench';
execFileSync(
  process.execPath,
  [
    'node_modules/tsup/dist/cli-default.js',
    '--format',
    'esm,cjs',
    '--no-dts',
    '--silent',
    '--out-dir',
    `${place}/dist`,
  ],
  {
    cwd,
    stdio: 'inherit',
  },
);
copyFileSync(new URL('package.json', root), new URL(`${place}/package.json`, root));

const scratch = mkdtempSync(join(tmpdir(), 'bench-'));
const env = {
  ...process.env,
  TSX_TSCONFIG_PATH: 'bench/tsconfig.json',
  BENCH_CORE: new URL(`${place}/dist/index.js`, root).href,
  ...(check && { BENCH_CHECK: '1' }),
};
const run = (file: string, more: NodeJS.ProcessEnv): boolean => {
  const from = performance.now();
  const { status } = spawnSync(process.execPath, ['--expose-gc', '--import', 'tsx', `bench/${file}`], {
    cwd,
    env: { ...env, ...more },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  console.error(`${file.padEnd(32)} ${((performance.now() - from) / 1e3).toFixed(0)} s`);
  return status === 0;
};

const sections = new Map<string, readonly Section[]>();
let good = true;
for (const name of names) {
  const report = join(scratch, `${name}.jsonl`);
  writeFileSync(report, '');
  good = run(`${name}.bench.ts`, { BENCH_REPORT: report }) && good;
  const read = readFileSync(report, 'utf8').split('\n').filter(Boolean);
  sections.set(
    name,
    read.map((line) => JSON.parse(line) as Section),
  );
}
const measured = [...sections.values()].flat();
if (names.length > 0) {
  console.log(machine());
  console.log(lines(measured).join('\n'));
}
const verdicts = measured.flatMap((section) => section.verdicts);
for (const { says, asked, measured: value, met, passes } of verdicts)
  console.log(`${passes ? (met ? 'met    ' : 'not met') : 'FAILED '} ${says}: ${value}, goal ${asked}`);
if (verdicts.some(({ passes }) => check && !passes)) good = false;

if (good && !check && wanted.length === 0) {
  const stray = all.filter(
    (name) =>
      !gating.includes(name) &&
      sections.get(name)?.some(({ verdicts: some }) => some.some(({ isLimited }) => isLimited)),
  );
  if (stray.length > 0)
    throw new Error(`--check skips ${stray.join(', ')}, which has limits. Add it to gating`);
  const ten = decisions(measured);
  for (const [name, theme] of Object.entries(pictures))
    writeFileSync(new URL(`docs/${name}`, root), picture(ten, theme));
  fill('docs/performance.md', {
    machine: machine(),
    ten: table(['', 'llm-config-manager', 'others'], decisionRows(ten)),
    goals: goals(verdicts),
    // a benchmark that could not measure, such as one without its server, keeps its tables
    ...Object.fromEntries(
      [...sections].flatMap(([name, one]) => (one.length > 0 ? [[name, tables(one)]] : [])),
    ),
  });
}
if (check || wanted.length === 0 || wanted.includes('claims')) good = run('claims/run.ts', {}) && good;

rmSync(scratch, { recursive: true });
console.error(`${Math.round((performance.now() - startedAt) / 1e3)} s in total`);
if (!good) process.exitCode = 1;
