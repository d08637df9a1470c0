import { defineConfig } from 'vitest/config';

// The protocol of `llm-config mcp`, spoken by the SDK's own client. Needs `npm ci --prefix test/mcp`.
export default defineConfig({
  test: { include: ['test/mcp/*.test.mjs'], testTimeout: 60_000, hookTimeout: 60_000 },
});
