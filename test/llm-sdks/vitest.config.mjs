import { defineConfig } from 'vitest/config';

// Needs `npm ci --prefix test/llm-sdks`. On Node 20, the SDKs that need a later one are left out.
export default defineConfig({ test: { include: ['test/llm-sdks/*.test.mjs'], testTimeout: 30_000 } });
