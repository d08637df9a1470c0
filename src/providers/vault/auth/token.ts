// Tokens that were created elsewhere: given, or in a file that is watched.

import path from 'node:path';
import { type Check, checkOptions } from '../../../internal/options.ts';
import { aCredential, type Credential, fromFile, textOf, watchOf } from './credential.ts';
import type { VaultAuth } from './login.ts';

/** Uses a token that was created elsewhere. Renews the token as long as the server allows, and never revokes
 *  it.
 *  @example
 *  const vault = new VaultProvider({ path: 'acme/inference/', auth: token(() => readMyToken()) });
 */
export function token(value: Credential): VaultAuth {
  checkOptions('vault: token', { token: value }, { token: aCredential });
  return Object.assign(() => textOf('token', value), watchOf(value));
}

/** Errors name the path, so a token in its place is refused. */
const aPath: Check = (value) =>
  typeof value !== 'string' || value === '' || /^(?:hv[sbr]\.[\w.-]{20,}|[sbr]\.\w{24,})$/.test(value)
    ? 'the path of a file, not a token'
    : undefined;

/** Uses the token in a file that an agent or a log-in command maintains. A new token in the file is used at
 *  once.
 *  @example
 *  const vault = new VaultProvider({ path: 'acme/inference/', auth: tokenFile('/run/vault/token') });
 */
export function tokenFile(file: string): VaultAuth {
  checkOptions('vault: tokenFile', { path: file }, { path: aPath });
  const read = fromFile(path.resolve(file));
  return Object.assign(() => read(), { watch: read.watch });
}
