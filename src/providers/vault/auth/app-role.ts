import { ConfigError } from '../../../errors.ts';
import { aString, checkOptions } from '../../../internal/options.ts';
import type { LoginCall, VaultAuth } from '../tokens.ts';
import { aCredential, type Credential, textOf } from './credential.ts';

export interface AppRoleOptions {
  /** The role's id. */
  readonly roleId: Credential;
  /** Left out for a role that is bound otherwise. @default none */
  readonly secretId?: Credential;
  /** In place of `secretId`: a response-wrapping token that holds it. Unwrapped once, then the secret id is kept in memory.
   *  @default none */
  readonly wrappedSecretId?: Credential;
  /** Where the method is mounted. @default 'approle' */
  readonly mount?: string;
}

/** Logs in with AppRole. */
export function appRole(options: AppRoleOptions): VaultAuth {
  checkOptions('vault: appRole', options, {
    roleId: aCredential,
    secretId: aCredential,
    wrappedSecretId: aCredential,
    mount: aString,
  });
  const { roleId, secretId, wrappedSecretId, mount = 'approle' } = options;
  if (roleId === undefined) throw new ConfigError('invalid_option', 'vault: appRole needs roleId');
  if (secretId !== undefined && wrappedSecretId !== undefined)
    throw new ConfigError('invalid_option', 'vault: appRole takes secretId or wrappedSecretId, not both');
  let unwrapped: { readonly wrap: string; readonly secretId: string } | undefined;

  const unwrap = async (credential: Credential, call: LoginCall): Promise<string> => {
    const wrap = await textOf('wrappedSecretId', credential);
    if (unwrapped?.wrap !== wrap) {
      const { secret_id: found } = await call.unwrap(wrap);
      if (typeof found !== 'string')
        throw new ConfigError('unauthenticated', 'vault: the wrapping token holds no secret id', {
          provider: 'vault',
        });
      unwrapped = { wrap, secretId: found };
    }
    return unwrapped.secretId;
  };
  return async (call) => {
    const secret =
      wrappedSecretId !== undefined
        ? await unwrap(wrappedSecretId, call)
        : secretId !== undefined && (await textOf('secretId', secretId));
    return call.login(`auth/${mount}/login`, {
      role_id: await textOf('roleId', roleId),
      ...(secret !== false && { secret_id: secret }),
    });
  };
}
