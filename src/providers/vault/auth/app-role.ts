// The AppRole auth method. A response-wrapped secret ID can be unwrapped only once, so it is kept in memory
// for later log-ins.

import { ConfigError } from '../../../errors.ts';
import { aString, checkOptions } from '../../../internal/options.ts';
import { aCredential, type Credential, textOf, watchOf } from './credential.ts';
import type { LoginCall, VaultAuth } from './login.ts';

/** Options of `appRole`. */
export interface AppRoleOptions {
  /** ID of the role. */
  readonly roleId: Credential;
  /** Secret ID of the role. Omit it if the role does not require one. @default none */
  readonly secretId?: Credential;
  /** Instead of `secretId`: a response-wrapping token with the secret ID. The token is unwrapped once; the
   *  secret ID is then kept in memory. @default none */
  readonly wrappedSecretId?: Credential;
  /** Mount of the auth method. @default 'approle' */
  readonly mount?: string;
}

/** Logs in with AppRole.
 *  @example
 *  const auth = appRole({ roleId: 'my-role-id', secretId: fromFile('/run/secrets/secret-id') });
 *  const vault = new VaultProvider({ path: 'acme/inference/', auth });
 */
export function appRole(options: AppRoleOptions): VaultAuth {
  checkOptions('vault: appRole', options, {
    roleId: aCredential,
    secretId: aCredential,
    wrappedSecretId: aCredential,
    mount: aString,
  });
  const { roleId, secretId, wrappedSecretId, mount = 'approle' } = options;
  if (roleId === undefined)
    throw new ConfigError('invalid_option', 'vault: appRole: the option roleId is missing');
  if (secretId !== undefined && wrappedSecretId !== undefined)
    throw new ConfigError(
      'invalid_option',
      'vault: appRole: secretId and wrappedSecretId cannot be combined',
      { hint: 'Set one of them' },
    );
  let unwrapped: { readonly wrappingToken: string; readonly secretId: string } | undefined;

  const unwrap = async (credential: Credential, call: LoginCall): Promise<string> => {
    const wrappingToken = await textOf('wrappedSecretId', credential);
    if (unwrapped?.wrappingToken !== wrappingToken) {
      const { secret_id: found } = await call.unwrap(wrappingToken);
      if (typeof found !== 'string')
        throw new ConfigError('unauthenticated', 'vault: the wrapping token does not contain a secret ID', {
          provider: 'vault',
          hint: `Wrap the response of auth/${mount}/role/<role>/secret-id`,
        });
      unwrapped = { wrappingToken, secretId: found };
    }
    return unwrapped.secretId;
  };
  const logIn: VaultAuth = async (call) => {
    const secret =
      wrappedSecretId !== undefined
        ? await unwrap(wrappedSecretId, call)
        : secretId !== undefined && (await textOf('secretId', secretId));
    return call.login(`auth/${mount}/login`, {
      role_id: await textOf('roleId', roleId),
      ...(secret !== false && { secret_id: secret }),
    });
  };
  return Object.assign(logIn, watchOf(roleId, secretId, wrappedSecretId));
}
