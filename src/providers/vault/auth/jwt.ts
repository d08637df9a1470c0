// The auth methods JWT and Kubernetes. The second is the first with the token of the pod.

import { ConfigError } from '../../../errors.ts';
import { aString, checkOptions } from '../../../internal/options.ts';
import { aCredential, type Credential, fromFile, textOf, watchOf } from './credential.ts';
import type { VaultAuth } from './login.ts';

/** Options of `jwt`. */
export interface JwtOptions {
  /** The JWT to log in with. */
  readonly jwt: Credential;
  /** The role to log in as. @default the default role of the auth method */
  readonly role?: string;
  /** Mount of the auth method. @default 'jwt' */
  readonly mount?: string;
}

/** Options of `kubernetes`. */
export interface KubernetesOptions {
  /** The role to log in as. */
  readonly role: string;
  /** The JWT to log in with. @default the token of the pod's service account, read again at each log-in */
  readonly jwt?: Credential;
  /** Mount of the auth method. @default 'kubernetes' */
  readonly mount?: string;
}

/** Logs in with a JWT, such as the one of a CI job.
 *  @example
 *  const auth = jwt({ role: 'deploy', jwt: () => process.env.CI_JOB_JWT ?? '', mount: 'gitlab' });
 *  const vault = new VaultProvider({ path: 'acme/inference/', auth });
 */
export function jwt(options: JwtOptions): VaultAuth {
  checkOptions('vault: jwt', options, { jwt: aCredential, role: aString, mount: aString });
  const { jwt: credential, role, mount = 'jwt' } = options;
  if (credential === undefined)
    throw new ConfigError('invalid_option', 'vault: jwt: the option jwt is missing');
  const logIn: VaultAuth = async (call) =>
    call.login(`auth/${mount}/login`, {
      jwt: await textOf('jwt', credential),
      ...(role !== undefined && { role }),
    });
  return Object.assign(logIn, watchOf(credential));
}

/** Logs in with the service account of the pod.
 *  @example
 *  const vault = new VaultProvider({ path: 'acme/inference/', auth: kubernetes({ role: 'inference' }) });
 */
export function kubernetes(options: KubernetesOptions): VaultAuth {
  checkOptions('vault: kubernetes', options, { jwt: aCredential, role: aString, mount: aString });
  const {
    jwt: credential = fromFile('/var/run/secrets/kubernetes.io/serviceaccount/token'),
    role,
    mount = 'kubernetes',
  } = options;
  if (role === undefined)
    throw new ConfigError('invalid_option', 'vault: kubernetes: the option role is missing');
  return jwt({ jwt: credential, role, mount });
}
