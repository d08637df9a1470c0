import { ConfigError } from '../../../errors.ts';
import { aString, checkOptions } from '../../../internal/options.ts';
import type { VaultAuth } from '../tokens.ts';
import { aCredential, type Credential, fromFile, textOf } from './credential.ts';

export interface JwtOptions {
  /** The token to log in with. */
  readonly jwt: Credential;
  /** The role to log in as. @default the method's own default role */
  readonly role?: string;
  /** Where the method is mounted. @default 'jwt' */
  readonly mount?: string;
}

export interface KubernetesOptions {
  /** The role to log in as. */
  readonly role: string;
  /** The token to log in with. @default the pod's service account, read again at each log-in */
  readonly jwt?: Credential;
  /** Where the method is mounted. @default 'kubernetes' */
  readonly mount?: string;
}

/** Logs in with a JWT, of a CI job for instance. */
export function jwt(options: JwtOptions): VaultAuth {
  checkOptions('vault: jwt', options, { jwt: aCredential, role: aString, mount: aString });
  const { jwt: credential, role, mount = 'jwt' } = options;
  if (credential === undefined) throw new ConfigError('invalid_option', 'vault: jwt needs jwt');
  return async (call) =>
    call.login(`auth/${mount}/login`, {
      jwt: await textOf('jwt', credential),
      ...(role !== undefined && { role }),
    });
}

/** Logs in with the service account of a pod. */
export function kubernetes(options: KubernetesOptions): VaultAuth {
  checkOptions('vault: kubernetes', options, { jwt: aCredential, role: aString, mount: aString });
  const {
    jwt: credential = fromFile('/var/run/secrets/kubernetes.io/serviceaccount/token'),
    role,
    mount = 'kubernetes',
  } = options;
  if (role === undefined) throw new ConfigError('invalid_option', 'vault: kubernetes needs role');
  return jwt({ jwt: credential, role, mount });
}
