// #region shelter
import * as runner from 'node:test';
import { MemoryProvider } from 'llm-config-manager';
import { sheltered } from 'llm-config-manager/shelter';
import { type CallFault, describeShelter, faulty } from 'llm-config-manager/testing';

describeShelter({
  name: 'a memory, sheltered',
  runner,
  make: (values, options) => {
    const memory = new MemoryProvider(values);
    let now: CallFault = 'ok';
    const backend = faulty(memory, () => now);
    return {
      provider: sheltered(backend, options),
      requests: () => backend.calls.length,
      change: async (key, value) =>
        void (await (value === undefined ? memory.delete(key) : memory.set(key, value))),
      fail: (fault) => {
        now = fault === undefined || fault === 'closing' ? 'ok' : fault;
      },
    };
  },
  patienceMs: 30_000, // a busy machine is no failure
  without: { versions: 'a memory has no versions', expiry: 'what is in a memory does not end' },
});
// #endregion
