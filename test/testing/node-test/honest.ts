import * as runner from 'node:test';
import { describeProvider } from '../../../src/testing/index.ts';
import { subject } from '../reference.ts';

describeProvider({
  name: 'a correct provider',
  runner,
  make: (values) => subject(values),
  without: { null: 'this backend has no null' },
});
