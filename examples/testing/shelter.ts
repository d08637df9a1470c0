// #region shelter
import * as runner from 'node:test';
import { MemoryProvider } from 'llm-config-manager';
import { sheltered } from 'llm-config-manager/shelter';
import { type CallFault, describeShelter, faulty } from 'llm-config-manager/testing';

describeShelter({
  name: 'a sheltered MemoryProvider',
  runner,
  make: (values, options) => {
    const memory = new MemoryProvider(values);
    let now: CallFault = 'ok';
    const backend = faulty(memory, () => now);
    return {
      provider: sheltered(backend, options),
      requests: () => backend.calls.length,
      change: async (key, value) => {
        await (value === undefined ? memory.delete(key) : memory.set(key, value));
      },
      fail: (fault) => {
        now = fault === undefined || fault === 'closing' ? 'ok' : fault;
      },
    };
  },
  patienceMs: 30_000, // a slow machine does not fail the tests
  without: { versions: 'values in memory have no versions', expiry: 'values in memory do not expire' },
});
// #endregion
