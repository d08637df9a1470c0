// Failures of PostgreSQL as errors of ours. Used by postgres-lock.ts and postgres-users.ts. The text of a
// server's message is not passed on, because it may quote a statement.

import { ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';

/** SQLSTATEs, or their first two characters, that need a person. Everything else is `unavailable`. */
const known: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  '28': ['unauthenticated', 'Check the login of the pool'],
  '42501': [
    'access_denied',
    'Grant the role of the pool CREATEROLE, and ADMIN OPTION on the users and on their role',
  ],
  '42704': ['not_found', 'Create the role that the users share, and check its name'],
  '42': ['conflict', 'Check the versions of the server and of this package'],
};

/** The code of an error of PostgreSQL, such as `28P01`. */
export function stateOf(error: unknown): string | undefined {
  const { code } = (typeof error === 'object' && error !== null ? error : {}) as { code?: unknown };
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code) ? code : undefined;
}

/** The server refuses the login: a wrong password, an unknown user, or one that may not log in. */
export const isLoginRefused = (error: unknown): boolean => ['28P01', '28000'].includes(stateOf(error) ?? '');

/** `what`: the clause that says what failed: `the lock was not taken`. */
export function postgresError(error: unknown, what: string): ConfigError {
  if (isConfigError(error)) return error;
  const state = stateOf(error);
  const [code, hint] = known[state ?? ''] ?? known[state?.slice(0, 2) ?? ''] ?? ['unavailable', undefined];
  return new ConfigError(code, `postgres: ${what}${state ? ` (SQLSTATE ${state})` : ''}`, {
    cause: error,
    hint: hint ?? 'Check that the server can be reached and accepts connections. Then run the step again',
  });
}
