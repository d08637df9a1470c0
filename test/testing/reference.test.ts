import * as runner from 'vitest';
import { describeProvider } from '../../src/testing/index.ts';
import { subject } from './reference.ts';

describeProvider({ name: 'a provider with every ability', runner, make: (values) => subject(values) });
