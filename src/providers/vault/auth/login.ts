// The port of an auth method. The other files of this folder implement it, and session.ts calls it.

import type { ConfigTree } from '../../../value.ts';

/** The result of a log-in. */
export interface Login {
  readonly token: string;
  /** Lifetime of the token. Undefined or 0 means that the token does not expire. */
  readonly ttlMs?: number;
  readonly renewable?: boolean;
  /** Whether this log-in created the token. If so, `close()` revokes it. @default false */
  readonly ours?: boolean;
}

/** What an auth function receives. */
export interface LoginCall {
  readonly signal: AbortSignal;
  /** The token that was refused or is about to expire. */
  readonly refused?: string;
  /** Posts to a log-in path such as `auth/approle/login`. */
  login(path: string, body: object): Promise<Login>;
  /** Returns the content of a response-wrapping token. Works once per token. */
  unwrap(token: string): Promise<ConfigTree>;
}

/** Obtains a token: one of the functions of this module, or your own. Returning the refused token again means
 *  that no other token is available.
 *  @example
 *  const ldap: VaultAuth = (call) => call.login('auth/ldap/login/inference', { password });
 *  const vault = new VaultProvider({ path: 'acme/inference/', auth: ldap });
 */
export interface VaultAuth {
  (call: LoginCall): Promise<string | Login>;
  /** Calls `changed` when another token becomes available, which is then used at once. Returns a function
   *  that stops watching. */
  readonly watch?: (changed: () => void) => () => void;
  /** The same for the credential of a log-in. Watched only while log-ins are refused. */
  readonly watchCredential?: (changed: () => void) => () => void;
}
