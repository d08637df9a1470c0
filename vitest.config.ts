import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { filesIn, read } from './scripts/files.ts';
import { manifest, root, source, subpaths } from './scripts/folders.ts';

/** The tests of behaviour. Tests of the repository itself (`npm run check`), live tests and applications of
 *  frameworks are run apart. */
export const tests = filesIn('test', /\.test\.ts$/).filter(
  (file) => !/^test\/(?:applications|live|repository)\/|\/node_modules\//.test(file),
);

/** Hosts of the test servers, which bypass any proxy. */
const here = '127.0.0.1,localhost';

/** Temporary files are in memory where it has room, because most tests of files wait for the disk otherwise.
 *  Some of these files are programs. */
function hasRoom(memory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(memory);
    const mount = readFileSync('/proc/mounts', 'utf8').match(new RegExp(`^\\S+ ${memory} tmpfs (\\S+)`, 'm'));
    return bavail * bsize > 2 ** 29 && !mount?.[1]?.includes('noexec');
  } catch {
    return false; // not Linux
  }
}
const temporary = process.env.TMPDIR === undefined && hasRoom('/dev/shm') ? '/dev/shm' : tmpdir();

interface Alias {
  readonly find: RegExp;
  readonly replacement: string;
}

/** `packages`: packages that are taken from somewhere else. */
export function configOf(files: readonly string[], packages: readonly Alias[] = []) {
  // Tests that mock a module run isolated. All others share the modules of their worker, which halves the
  // time.
  const isolated = files.filter((file) => /\bvi\.(?:mock|doMock)\(/.test(read(file)));
  const shared = files.filter((file) => !isolated.includes(file));
  return defineConfig({
    resolve: {
      alias: [
        ...packages,
        ...subpaths.map((subpath) => ({
          find: new RegExp(`^${manifest.name}${subpath.slice(1)}$`),
          replacement: fileURLToPath(new URL(source(subpath), root)),
        })),
      ],
    },
    test: {
      projects: [
        {
          extends: true,
          test: { name: 'isolated', include: [...isolated], isolate: true, sequence: { groupOrder: 0 } },
        },
        {
          extends: true,
          test: { name: 'shared', include: [...shared], isolate: false, sequence: { groupOrder: 1 } },
        },
      ],
      setupFiles: ['test/support/draws.ts', 'test/support/warnings.ts'],
      testTimeout: 60_000, // a slow machine does not fail the tests
      hookTimeout: 120_000,
      maxWorkers: availableParallelism() + 1, // workers often wait for processes that they start
      execArgv: ['--max-semi-space-size=32'], // tests make much short-lived garbage
      exclude: ['test/live/**', '**/node_modules/**'],
      env: { NODE_ENV: 'test', TZ: 'UTC', NO_PROXY: here, no_proxy: here, TMPDIR: temporary },
      coverage: {
        provider: 'v8',
        include: ['src/**'],
        thresholds: { lines: 95, branches: 94 },
      },
    },
  });
}

export default configOf(tests);
