import { sheltered } from 'llm-config-manager/shelter';
import { describeProvider } from 'llm-config-manager/testing';
import * as runner from 'vitest';
import { Backend, reference } from '../testing/reference.ts';

describeProvider({
  name: 'sheltered(provider)',
  runner,
  make: (values) => {
    const backend = new Backend(values);
    return {
      provider: sheltered(reference(backend), { clock: backend.clock }),
      change: (key, value) => backend.change(key, value),
      fail: (fault) => {
        backend.fault = fault;
      },
      damage: (key) => void backend.damaged.add(key),
      requests: () => backend.requests,
      advance: (ms) => backend.clock.advance(ms),
    };
  },
});
