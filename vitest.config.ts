import { defineConfig } from 'vitest/config';

const src = (path: string): string => new URL(`./src/${path}`, import.meta.url).pathname;

export default defineConfig({
  resolve: {
    alias: [
      { find: /^llm-config-manager$/, replacement: src('index.ts') },
      { find: /^llm-config-manager\/(shelter|testing)$/, replacement: src('$1/index.ts') },
      { find: /^llm-config-manager\/(.+)$/, replacement: src('providers/$1/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000, // a busy machine is no failure
    exclude: ['test/live/**', '**/node_modules/**'],
    env: { NODE_ENV: 'test', TZ: 'UTC' },
    coverage: { provider: 'v8', include: ['src/**'], thresholds: { lines: 95, branches: 95 } },
  },
});
