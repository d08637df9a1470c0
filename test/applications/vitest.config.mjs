import { defineConfig } from 'vitest/config';

// Applications of frameworks, built and asked over HTTP. `.ci/run` installs their packages and sets
// APPLICATIONS. They run on Node 22.12 and newer, which wrangler needs.
export default defineConfig({
  test: {
    include: ['test/applications/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    env: { NEXT_TELEMETRY_DISABLED: '1', WRANGLER_SEND_METRICS: 'false' },
  },
});
