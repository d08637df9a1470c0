import * as runner from 'node:test';
import { describeProvider } from '../../../src/testing/index.ts';
import { subject } from '../reference.ts';

describeProvider({
  name: 'a provider that returns null',
  runner,
  make: (values) =>
    subject(values, (honest) => ({
      get: async (key, options) => (await honest.get(key, options)) ?? (null as never),
    })),
});
