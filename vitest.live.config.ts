import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

// Real servers: one file after the other, with time to answer. The setup fails when a variable is missing; nothing is skipped.
export default defineConfig({
  ...(base.resolve && { resolve: base.resolve }),
  test: {
    ...(base.test?.env && { env: base.test.env }),
    include: ['test/live/**/*.test.ts'],
    globalSetup: ['scripts/live.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
