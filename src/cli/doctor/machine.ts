// What `doctor` finds on this machine: the versions of Node and of optional packages, and the modes of key
// files.

import { stat } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import type { Need } from '../../needs.ts';
import { refusedModeBits } from '../../sealing/key-text.ts';
import { installed, type Manifest } from '../manifest.ts';
import type { Check } from './check.ts';

export function nodeCheck({ engines }: Manifest, version = process.version): Check {
  const range = engines?.node ?? '>=20.19';
  const what = { name: 'node', found: version, expected: range };
  return satisfies(version.slice(1), range)
    ? { ...what, status: 'ok' }
    : { ...what, status: 'failed', hint: `Install a Node that is ${range}` };
}

/** The optional packages that are installed, and those that the providers need. `folders`: of the application
 *  and of this program. */
export function packageChecks(
  { peerDependencies = {} }: Manifest,
  folders: readonly string[],
  needed: ReadonlySet<string>,
): Check[] {
  return Object.entries(peerDependencies).flatMap(([name, expected]): Check[] => {
    const found = folders.map((folder) => installed(name, folder)?.version).find((one) => one !== undefined);
    if (found === undefined)
      return needed.has(name)
        ? [{ name, found: 'not installed', expected, status: 'failed', hint: `Run: npm install ${name}` }]
        : [];
    if (satisfies(found, expected)) return [{ name, found, expected, status: 'ok' }];
    const hint = `Run: npm install "${name}@${expected}"`;
    return [{ name, found, expected, status: needed.has(name) ? 'failed' : 'warning', hint }];
  });
}

/** Whether a version is in a range of the kinds `^1.2`, `>=1.2`, with `||` between them. */
export function satisfies(version: string, range: string): boolean {
  const actual = numbers(version);
  return range.split('||').some((one) => {
    const lowest = numbers(one);
    const isEnough = compare(actual, lowest) >= 0;
    if (!one.trim().startsWith('^')) return isEnough;
    const fixed = lowest[0] === 0 ? 2 : 1;
    return isEnough && lowest.slice(0, fixed).every((part, i) => part === actual[i]);
  });
}

const numbers = (text: string): number[] => (text.match(/\d+/g) ?? []).slice(0, 3).map(Number);

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The packages that stores need. */
export function packagesFor(needs: readonly Need[]): ReadonlySet<string> {
  const names = needs.flatMap(({ kind, action }) => {
    if (kind === 'aws') return [`@aws-sdk/client-${services[action.split(':')[0] as string]}`];
    return packages[kind] ?? [];
  });
  return new Set(names);
}

const packages: Partial<Record<Need['kind'], readonly string[]>> = {
  vault: ['node-vault'],
  gcp: ['@google-cloud/secret-manager'],
  azure: ['@azure/identity', '@azure/keyvault-secrets'],
};
const services: Readonly<Record<string, string>> = {
  ssm: 'ssm',
  secretsmanager: 'secrets-manager',
  kms: 'kms',
};

/** The key files: whether each exists, and who may read it. */
export function keyFileChecks(
  needs: readonly Need[],
  cwd: string,
  platform = process.platform,
): Promise<Check[]> {
  const files = new Set(needs.flatMap(({ kind, resource }) => (kind === 'key-file' ? [resource] : [])));
  return Promise.all([...files].map((file) => keyFileCheck(file, cwd, platform)));
}

async function keyFileCheck(file: string, cwd: string, platform: NodeJS.Platform): Promise<Check> {
  const name = file;
  const stats = await stat(path.resolve(cwd, file)).catch(() => undefined);
  if (!stats) return { name, found: 'missing', status: 'failed', hint: 'Create it, or correct the path' };
  if (!stats.isFile()) return { name, found: 'not a file', status: 'failed', hint: 'Correct the path' };
  if (platform === 'win32') return { name, found: 'exists', status: 'ok' };
  const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
  const found = `mode ${mode}`;
  const hint = `Run: chmod 600 ${file}`;
  if (stats.mode & refusedModeBits) return { name, found, status: 'failed', hint };
  return stats.mode & 0o050 ? { name, found, status: 'warning', hint } : { name, found, status: 'ok' };
}
