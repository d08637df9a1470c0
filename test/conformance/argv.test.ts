import { ArgvProvider } from 'llm-config-manager';
import { describeProvider } from 'llm-config-manager/testing';
import * as runner from 'vitest';

const never = 'arguments are in memory';

const without = {
  types: 'arguments are text',
  null: 'arguments are text',
  spelling: 'names are compared by their letters',
  batch: 'all arguments are read at once',
  write: 'arguments are never written',
  versions: 'an argument has no versions',
  watch: 'arguments do not change',
  change: 'arguments do not change',
  notice: 'arguments do not change',
  faults: never,
} as const;

describeProvider({
  name: 'ArgvProvider',
  runner,
  make: (values) =>
    new ArgvProvider({ args: Object.entries(values).map(([key, value]) => `--${key}=${value}`) }),
  without,
});

describeProvider({
  name: 'ArgvProvider with a prefix and separate values',
  runner,
  make: (values) =>
    new ArgvProvider({
      prefix: 'app',
      args: Object.entries(values).flatMap(([key, value]) =>
        String(value).startsWith('-') ? [`--app.${key}=${value}`] : [`--app.${key}`, String(value)],
      ),
    }),
  without,
});
