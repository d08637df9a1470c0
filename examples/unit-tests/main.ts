import { startVitest } from 'vitest/node';

// as `vitest run` does, but with a report that says nothing of times and paths
const vitest = await startVitest('test', [], {
  root: import.meta.dirname,
  watch: false,
  reporters: [{ onTestCaseResult: (test) => console.log(`${test.result().state}: ${test.name}`) }],
});
await vitest.close();
