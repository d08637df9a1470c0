import { type ConfigProvider, ProviderChain } from 'llm-config-manager';
import { describeProvider, faulty } from 'llm-config-manager/testing';
import * as runner from 'vitest';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { Backend, reference, subject } from '../testing/reference.ts';

const without = { write: 'one writes to a provider, not to a chain' } as const;
const quiet = (name: string): ConfigProvider => ({ ...reference(new Backend({})), name });

describeProvider({
  name: 'ProviderChain whose second provider holds the values',
  runner,
  without,
  make: (values) => {
    const below = subject(values);
    return { ...below, provider: new ProviderChain([quiet('first'), below.provider, quiet('third')]) };
  },
});

describeProvider({
  name: 'ProviderChain whose values are spread over two providers and defaults that are overridden',
  runner,
  without: { ...without, change: 'shown with one provider', faults: 'shown with one provider' },
  make: (values) => {
    const all = Object.entries(values);
    const part = (which: number) => Object.fromEntries(all.filter((_, i) => i % 2 === which));
    return new ProviderChain([
      new MemoryProvider(part(0), { name: 'even' }),
      new MemoryProvider(part(1), { name: 'odd' }),
      faulty(new MemoryProvider(part(0), { name: 'defaults' }), []),
    ]);
  },
});

describeProvider({
  name: 'ProviderChain in a ProviderChain',
  runner,
  without,
  make: (values) => {
    const below = subject(values);
    return { ...below, provider: new ProviderChain([new ProviderChain([below.provider], { name: 'inner' }), quiet('last')]) };
  },
});
