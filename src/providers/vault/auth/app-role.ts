import { ConfigError } from '../../../errors.ts';
import { aString, checkOptions } from '../../../internal/options.ts';
import type { LoginCall, VaultAuth } from '../tokens.ts';
import { aSaid, heard, type Said } from './said.ts';

export interface AppRoleOptions {
  /** The role's id. */
  readonly roleId: Said;
  /** Left out for a role that is bound otherwise. @default none */
  readonly secretId?: Said;
  /** In place of `secretId`: a response-wrapping token that holds it. Unwrapped once, then the secret id is kept in memory.
   *  @default none */
  readonly wrappedSecretId?: Said;
  /** Where the method is mounted. @default 'approle' */
  readonly mount?: string;
}

/** Logs in with AppRole. */
export function appRole(options: AppRoleOptions): VaultAuth {
  checkOptions('vault: appRole', options, { roleId: aSaid, secretId: aSaid, wrappedSecretId: aSaid, mount: aString });
  const { roleId, secretId, wrappedSecretId, mount = 'approle' } = options;
  if (roleId === undefined) throw new ConfigError('invalid_option', 'vault: appRole needs roleId');
  if (secretId !== undefined && wrappedSecretId !== undefined)
    throw new ConfigError('invalid_option', 'vault: appRole takes secretId or wrappedSecretId, not both');
  let unwrapped: { readonly wrap: string; readonly secretId: string } | undefined;

  const unwrap = async (said: Said, call: LoginCall): Promise<string> => {
    const wrap = await heard('wrappedSecretId', said);
    if (unwrapped?.wrap !== wrap) {
      const { secret_id: found } = await call.unwrap(wrap);
      if (typeof found !== 'string')
        throw new ConfigError('unauthenticated', 'vault: the wrapping token holds no secret id', { provider: 'vault' });
      unwrapped = { wrap, secretId: found };
    }
    return unwrapped.secretId;
  };
  return async (call) => {
    const secret =
      wrappedSecretId !== undefined ? await unwrap(wrappedSecretId, call) : secretId !== undefined && (await heard('secretId', secretId));
    return call.login(`auth/${mount}/login`, { role_id: await heard('roleId', roleId), ...(secret !== false && { secret_id: secret }) });
  };
}
