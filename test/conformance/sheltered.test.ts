import { MemoryProvider, ProviderChain } from 'llm-config-manager';
import { sheltered } from 'llm-config-manager/shelter';
import { describeProvider, describeShelter, manualClock } from 'llm-config-manager/testing';
import * as runner from 'vitest';
import { Backend, reference } from '../testing/reference.ts';
import { store } from '../testing/source.ts';

describeProvider({
  name: 'sheltered(provider)',
  runner,
  make: (values) => {
    const clock = manualClock();
    const backend = new Backend(values, clock);
    return {
      provider: sheltered(reference(backend), { clock }),
      change: (key, value) => backend.change(key, value),
      fail: (fault) => {
        backend.fault = fault;
      },
      damage: (key) => void backend.damaged.add(key),
      rotate: (key, value) => {
        const before = `${backend.version(key)}`;
        backend.change(key, value);
        return before;
      },
      requests: () => backend.requests,
      advance: (ms) => clock.advance(ms),
    };
  },
  wrap: (provider) => sheltered(provider),
});

describeShelter({ name: 'sheltered(source)', runner, make: store });

describeShelter({
  name: 'sheltered(source) in a chain',
  runner,
  make: (values, options) => {
    const local = (name: string) => new MemoryProvider({ 'other.key': 'elsewhere' }, { name });
    return store(
      values,
      options,
      (source, given) => new ProviderChain([local('first'), sheltered(source, given), local('last')]),
    );
  },
  without: { versions: 'a chain does not address versions' },
});

describeShelter({
  name: 'sheltered(provider)',
  runner,
  make: (values, options) => {
    const backend = new Backend(values, options.clock);
    return {
      provider: sheltered(reference(backend), options),
      change: (key, value) => backend.change(key, value),
      fail: (fault) => {
        backend.fault = fault;
      },
      rotate: (key, value) => {
        const before = `${backend.version(key)}`;
        backend.change(key, value);
        return before;
      },
      requests: () => backend.requests,
    };
  },
  without: { expiry: 'shown with sheltered(source)' },
});
