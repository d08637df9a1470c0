import {
  BundleProvider,
  type ConfigProvider,
  EnvProvider,
  MemoryProvider,
  ProviderChain,
} from 'llm-config-manager';
import { describeProvider, faulty, sandbox } from 'llm-config-manager/testing';
import * as runner from 'vitest';
import { screaming, segments } from '../../src/key.ts';
import { nested } from '../support/nested.ts';
import { Backend, reference, subject } from '../testing/reference.ts';

const without = { write: 'a chain cannot write', versions: 'a chain does not address versions' } as const;
const quiet = (name: string): ConfigProvider => ({ ...reference(new Backend({})), name });

describeProvider({
  name: 'ProviderChain with the values in its second provider',
  runner,
  without,
  make: (values) => {
    const below = subject(values);
    return { ...below, provider: new ProviderChain([quiet('first'), below.provider, quiet('third')]) };
  },
  wrap: (provider) => new ProviderChain([quiet('first'), provider, quiet('third')]),
});

describeProvider({
  name: 'ProviderChain with values spread over two providers and overridden defaults',
  runner,
  without: { ...without, change: 'tested with a single provider', faults: 'tested with a single provider' },
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
    return {
      ...below,
      provider: new ProviderChain([new ProviderChain([below.provider], { name: 'inner' }), quiet('last')]),
    };
  },
  wrap: (provider) => new ProviderChain([new ProviderChain([provider], { name: 'inner' }), quiet('last')]),
});

describeProvider({
  name: 'ProviderChain of variables over a file',
  runner,
  make: async (values) => {
    const all = Object.entries(values) as [string, string][];
    const variable = (key: string): string => ['APP', ...segments(key).map(screaming)].join('__');
    const below = Object.fromEntries(
      all.map(([key, value], i) => [key, i % 3 === 0 ? value : `${value}, overridden`]).slice(0, -1),
    );
    const box = await sandbox({
      files: { 'base.json': JSON.stringify(nested(below)) },
      env: Object.fromEntries(
        all
          .filter((_, i) => i % 3 !== 0 || i === all.length - 1)
          .map(([key, value]) => [variable(key), value]),
      ),
    });
    const provider = new ProviderChain([
      new EnvProvider({ prefix: 'APP', env: box.env }),
      new BundleProvider(box.path('base.json')),
    ]);
    return { provider, dispose: box.dispose };
  },
  without: {
    ...without,
    types: 'variables are strings',
    null: 'variables are strings',
    spelling: 'a variable name has no case and no separate words',
    change: 'tested with a single provider',
    faults: 'tested with a single provider',
  },
});
