import type { Dialect } from './dialect.ts';

/** Issues of zod 3 and 4. */
export const zod: Dialect = {
  // "Invalid input: expected string, received number"
  quote: /,\s*received\b[\s\S]*$/i,
  details: ({ code, keys, errors }, read) => ({
    ...(code === 'custom' && { custom: true }),
    ...(Array.isArray(keys) && { unknownNames: keys.map(String) }),
    // one list of issues for each alternative; zod 3 has another format, so its unions are reported as a
    // whole
    ...(code === 'invalid_union' &&
      Array.isArray(errors) && { alternatives: errors.filter(Array.isArray).map((one) => one.map(read)) }),
  }),
};
