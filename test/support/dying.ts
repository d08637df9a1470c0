import { z } from 'zod';
import { BundleProvider, loadConfig, MemoryProvider, ProviderChain } from '../../src/index.ts';

// Exits with an uncaught error. The first argument selects the kind of error. Run by the tests of secrecy.
const [way, reversed, broken] = process.argv.slice(2) as [string, string, string];
const secret = [...reversed].reverse().join('');
const chain = new ProviderChain([new MemoryProvider({ db: { password: secret } })]);
const refused = () => chain.require('db.password', z.number({ error: ({ input }) => `got ${input}` }));
const ways: Readonly<Record<string, () => unknown>> = {
  'the error of a broken file': () => new BundleProvider(broken).get('db.password'),
  'the report of a schema': () => loadConfig(z.object({ db: z.object({ password: z.number() }) }), chain),
  'a rejection': () => void refused(),
  'several errors in one': async () => {
    throw new AggregateError([await refused().catch((error: unknown) => error)], 'all failed');
  },
  'a thrown entry': async () => {
    throw await chain.get('db.password');
  },
  'an entry that is a cause': async () => {
    throw new Error('failed', { cause: await chain.get('db.password') });
  },
  'a rejection with a configuration': async () => void Promise.reject((await loadConfig(chain)).value),
  'a report of Node': async () => {
    const error = (await refused().catch((failure: unknown) => failure)) as Error;
    console.error(JSON.stringify(process.report.getReport(error)));
    process.exitCode = 1;
  },
};
await ways[way]?.();
