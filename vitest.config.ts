import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { filesIn, read } from './scripts/imports.ts';
import { manifest, root, source, subpaths } from './scripts/rooms.ts';

const all = filesIn('test', /\.test\.ts$/).filter(
  (file) => !file.startsWith('test/live/') && !file.includes('/node_modules/'),
);
/** Tests that replace a module need modules of their own. All others share those of their worker, at half the cost. */
const apart = all.filter((file) => /\bvi\.(?:mock|doMock)\(/.test(read(file)));

/** Where the servers of tests are, to which no proxy leads. */
const here = '127.0.0.1,localhost';

export default defineConfig({
  resolve: {
    alias: subpaths.map((subpath) => ({
      find: new RegExp(`^${manifest.name}${subpath.slice(1)}$`),
      replacement: fileURLToPath(new URL(source(subpath), root)),
    })),
  },
  test: {
    projects: [
      { extends: true, test: { name: 'apart', include: apart, isolate: true, sequence: { groupOrder: 0 } } },
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: apart,
          isolate: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
    setupFiles: ['test/support/draws.ts'],
    testTimeout: 60_000, // a busy machine is no failure
    hookTimeout: 120_000,
    maxWorkers: availableParallelism(), // Vitest would leave one core idle
    exclude: ['test/live/**', '**/node_modules/**'],
    env: { NODE_ENV: 'test', TZ: 'UTC', NO_PROXY: here, no_proxy: here },
    coverage: { provider: 'v8', include: ['src/**'], thresholds: { lines: 95, branches: 95 } },
  },
});
