import { startVitest } from 'vitest/node';

// like `vitest run`, but with a reporter that prints no times and paths
const vitest = await startVitest('test', [], {
  root: import.meta.dirname,
  watch: false,
  reporters: [{ onTestCaseResult: (test) => console.log(`${test.result().state}: ${test.name}`) }],
});
await vitest.close();
