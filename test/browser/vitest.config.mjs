import { defineConfig } from 'vitest/config';

// Pages in a headless browser. Needs `npm ci --prefix test/browser`, which brings Chromium.
export default defineConfig({ test: { include: ['test/browser/*.test.mjs'], testTimeout: 60_000 } });
