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
    types: 'Consul holds texts only',
    null: 'Consul holds texts only',
    write: 'it only reads',
    notice: 'nobody asks Consul between two reads',
    damage: 'the rights of a token hold for a whole folder',
    closing: 'there is nothing to close',
  },
});
// #endregion

// #region argv
const fixed = 'arguments are there from the start, and stay';
const without: Without = {
  types: 'arguments are texts',
  null: 'arguments are texts',
  batch: fixed,
  write: fixed,
  watch: fixed,
  refresh: fixed,
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
  for (const { says, check } of held)
    await check().catch((error: Error) => failed.push(`it is not so that it ${says}: ${error.message}`));
  console.log(`${name}: ${held.length - failed.length} of ${held.length} sentences hold`, ...failed);
}
