// Runs bench/*.bench.ts one after the other, each in a process of its own, on the built package.
// `npm run bench -- reads merge` runs two of them.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { root } from './rooms.ts';

const cwd = fileURLToPath(root);
const wanted = process.argv.slice(2);
const files = readdirSync(new URL('bench/', root))
  .filter((name) => name.endsWith('.bench.ts'))
  .filter((name) => wanted.length === 0 || wanted.includes(name.replace('.bench.ts', '')));
if (files.length === 0) throw new Error(`bench/ has none of ${wanted.join(', ')}`);

// the libraries that ours is compared with are no dependencies of the project
if (!existsSync(new URL('bench/node_modules/', root)))
  execFileSync('npm', ['ci', '--no-fund', '--no-audit'], { cwd: `${cwd}bench`, stdio: 'inherit' });
execFileSync(process.execPath, ['node_modules/tsup/dist/cli-default.js', '--no-dts', '--silent'], { cwd, stdio: 'inherit' });

console.log(
  `Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}. Times drift, ratios hold.`,
);
const env = { ...process.env, TSX_TSCONFIG_PATH: 'bench/tsconfig.json' };
for (const file of files) {
  console.log(`\n== ${file.replace('.bench.ts', '')}`);
  const { status } = spawnSync(process.execPath, ['--expose-gc', '--import', 'tsx', `bench/${file}`], { cwd, env, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
