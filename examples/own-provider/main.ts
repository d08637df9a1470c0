import { MemoryProvider, ProviderChain } from 'llm-config-manager';
import { conformance, manualClock, type Without } from 'llm-config-manager/testing';
import { ArgvProvider } from './argv.ts';
import { consulProvider } from './consul.ts';
import { FakeConsul } from './fake-consul.ts';

const options = { address: 'http://127.0.0.1:8500', folder: 'acme/inference' };
const { fetch } = new FakeConsul(
  { 'database.password': 'fake-password', 'database.pool': '20' },
  options.folder,
);

// #region chain
await using chain = new ProviderChain([
  new ArgvProvider(['--database.pool=30']),
  consulProvider({ ...options, fetch }),
  new MemoryProvider({ database: { host: 'localhost' } }, { name: 'defaults' }),
]);
// #endregion
for (const key of ['database.pool', 'database.password', 'database.host'])
  console.log(`${await chain.explain(key)}`);

// #region conformance
const consul = conformance({
  name: 'consul',
  make: (values) => {
    const server = new FakeConsul(values, options.folder);
    const clock = manualClock();
    return {
      provider: consulProvider({ ...options, fetch: server.fetch }, { clock }),
      change: (key, value) => server.set(key, value === undefined ? undefined : `${value}`),
      fail: (fault) => void (server.fault = fault),
      requests: () => server.requests,
      advance: clock.advance,
    };
  },
  without: {
    types: 'Consul stores strings only',
    null: 'Consul stores strings only',
    write: 'the provider is read-only',
    versions: 'Consul keeps the current value only',
    notice: 'Consul is not polled between reads',
    damage: 'a token has the same rights for the whole folder',
    closing: 'the provider has nothing to close',
  },
});
// #endregion

// #region argv
const fixed = 'arguments do not change while the process runs';
const without: Without = {
  types: 'arguments are strings',
  null: 'arguments are strings',
  batch: fixed,
  write: fixed,
  versions: fixed,
  watch: fixed,
  refresh: fixed,
  renew: fixed,
  health: fixed,
  change: fixed,
  faults: fixed,
};
const argv = conformance({
  name: 'argv',
  make: (values) => new ArgvProvider(Object.entries(values).map(([key, value]) => `--${key}=${value}`)),
  without,
});
// #endregion

for (const [name, sentences] of Object.entries({ consul, argv })) {
  const held = sentences.filter(({ leftOut }) => leftOut === undefined);
  const failed: string[] = [];
  for (const { title, check } of held)
    await check().catch((error: Error) => failed.push(`not true: ${title}: ${error.message}`));
  console.log(`${name}: ${held.length - failed.length} of ${held.length} sentences hold`, ...failed);
}
