import type { Dialect } from './dialect.ts';

/** Issues of arktype. */
export const arktype: Dialect = {
  // `configure` of arktype leaves its options in `meta`
  isDefault: (raw) => {
    if (!(' arkKind' in raw)) return false;
    const { message, problem, expected } = (raw.meta ?? {}) as Record<string, unknown>;
    return message === undefined && problem === undefined && expected === undefined;
  },
  // "port must be a number (was "abc")"
  quote: / ?\(was (?:[^\n]*\)|[^\n]*$)/g,
  withoutPath: (message, path) => {
    const prefix = path.map(String).join('.');
    return prefix && message.startsWith(`${prefix} must `) ? message.slice(prefix.length + 1) : message;
  },
  details: ({ code }) => ({ ...(code === 'predicate' && { custom: true }) }),
};
