import { fallback, MemoryProvider, mounted, optional, scoped } from 'llm-config-manager';
import { describeProvider } from 'llm-config-manager/testing';
import * as runner from 'vitest';
import { subject } from '../testing/reference.ts';

describeProvider({
  name: 'scoped(mounted(provider))',
  runner,
  make: (values) => {
    const inner = subject(values);
    return { ...inner, provider: scoped(mounted(inner.provider, 'outer.part'), 'outer.part') };
  },
});

const tolerated = 'the decorator tolerates it';

describeProvider({
  name: 'optional(provider)',
  runner,
  make: (values) => {
    const inner = subject(values);
    return { ...inner, provider: optional(inner.provider) };
  },
  without: { unavailable: tolerated, throttled: tolerated, hang: tolerated },
});

describeProvider({
  name: 'fallback(provider, another)',
  runner,
  make: (values) => {
    const inner = subject(values);
    return { ...inner, provider: fallback(inner.provider, new MemoryProvider({}, { name: 'another' })) };
  },
  without: { unavailable: tolerated, throttled: tolerated, hang: tolerated },
});
