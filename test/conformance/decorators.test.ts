import { fallback, intercepted, MemoryProvider, mounted, optional, scoped } from 'llm-config-manager';
import { unsealed } from 'llm-config-manager/encrypted-file';
import { conformance, describeProvider } from 'llm-config-manager/testing';
import * as runner from 'vitest';
import { subject } from '../testing/reference.ts';

describeProvider({
  name: 'scoped(mounted(provider))',
  runner,
  make: (values) => {
    const inner = subject(values);
    return { ...inner, provider: scoped(mounted(inner.provider, 'outer.part'), 'outer.part') };
  },
  wrap: (provider) => scoped(mounted(provider, 'outer.part'), 'outer.part'),
});

const tolerated = 'the decorator tolerates it';

describeProvider({
  name: 'optional(provider)',
  runner,
  make: (values) => {
    const inner = subject(values);
    return { ...inner, provider: optional(inner.provider) };
  },
  wrap: optional,
  without: { unavailable: tolerated, throttled: tolerated, hang: tolerated },
});

describeProvider({
  name: 'fallback(provider, another)',
  runner,
  make: (values) => {
    const inner = subject(values);
    return { ...inner, provider: fallback(inner.provider, new MemoryProvider({}, { name: 'another' })) };
  },
  wrap: (provider) => fallback(provider, new MemoryProvider({}, { name: 'another' })),
  without: { unavailable: tolerated, throttled: tolerated, hang: tolerated },
});

describeProvider({
  name: 'intercepted(provider)',
  runner,
  make: (values) => {
    const inner = subject(values);
    return { ...inner, provider: intercepted(inner.provider, (_, next) => next()) };
  },
  wrap: (provider) => intercepted(provider, (_, next) => next()),
});

describeProvider({
  name: 'unsealed(provider)',
  runner,
  make: (values) => {
    const inner = subject(values);
    return { ...inner, provider: unsealed(inner.provider) };
  },
  wrap: (provider) => unsealed(provider),
  without: { write: 'a value written through it would be plain' },
});

runner.describe('mounted(scoped(provider))', () => {
  const claims = conformance({
    name: 'mounted(scoped(provider))',
    make: (values) => subject(values),
    wrap: (provider) => mounted(scoped(provider, 'service'), 'service'),
  });
  for (const { chapter, title, check } of claims)
    if (chapter === 'entries made by hand') runner.it(title, check);
});
