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
      // nobody stands behind a memory: what changes it is another holder of the same provider
      change: async (key, value) =>
        void (await (value === undefined ? provider.delete(key) : provider.set(key, value))),
    };
  },
  without: {
    batch: 'each read of a memory costs nothing',
    refresh: 'a memory holds nothing that could expire',
    health: 'a memory is always well',
    faults: 'a memory never fails',
  },
});
