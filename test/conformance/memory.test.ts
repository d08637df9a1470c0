import { MemoryProvider } from 'llm-config-manager';
import { describeProvider } from 'llm-config-manager/testing';
import * as runner from 'vitest';

describeProvider({
  name: 'MemoryProvider',
  runner,
  make: (values) => {
    const provider = new MemoryProvider(values);
    return {
      provider,
      // values in memory have no backend: another holder of the same provider changes them
      change: async (key, value) =>
        void (await (value === undefined ? provider.delete(key) : provider.set(key, value))),
    };
  },
  without: {
    versions: 'values in memory have no versions',
    batch: 'a read from memory costs nothing',
    refresh: 'values in memory do not expire',
    health: 'memory is always available',
    faults: 'memory never fails',
  },
});
