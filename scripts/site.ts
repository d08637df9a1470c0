// Builds the site into site/dist, part of `npm run docs`. Its tools are in site/package.json, so that a plain
// `npm ci` does not install them: this installs them first, if they are missing or old.
import { execSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { root } from './folders.ts';

const site = new URL('site/', root);
const changedAt = (file: string): number =>
  statSync(new URL(file, site), { throwIfNoEntry: false })?.mtimeMs ?? 0;
const run = (command: string): void => {
  execSync(command, { cwd: fileURLToPath(site), stdio: 'inherit' });
};

if (changedAt('node_modules/.package-lock.json') < changedAt('package-lock.json'))
  run('npm ci --no-fund --no-audit --loglevel=error');
run('npm run --silent build');
