import { loadConfig, MemoryProvider } from '../../src/index.ts';

// A configuration on trial, in a process that has nothing else to do. Run by the tests of trials.
const source = new MemoryProvider({ a: 1 });
const healthy = (): Promise<boolean> => {
  console.log('asked');
  return new Promise(() => {});
};
const config = await loadConfig(source, { trial: { ms: 600_000, healthy } });
await source.set('a', 2);
await config.reload();
