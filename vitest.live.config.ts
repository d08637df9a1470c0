import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

// Tests against real servers. Files run one after another. The setup fails if a variable is missing, so
// that nothing is skipped.
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
