import { aString, checkOptions } from '../../../internal/options.ts';
import type { VaultAuth } from './login.ts';

/** Options of `certificate`. */
export interface CertificateOptions {
  /** The role to log in as. @default any role that trusts the certificate */
  readonly name?: string;
  /** Mount of the auth method. @default 'cert' */
  readonly mount?: string;
}

/** Logs in with the client certificate of the option `tls`.
 *  @example
 *  const vault = new VaultProvider({
 *    path: 'acme/inference/',
 *    auth: certificate({ name: 'inference' }),
 *    tls: { cert: '/run/tls/client.pem', key: '/run/tls/client.key' },
 *  });
 */
export function certificate(options: CertificateOptions = {}): VaultAuth {
  checkOptions('vault: certificate', options, { name: aString, mount: aString });
  const { name, mount = 'cert' } = options;
  return (call) => call.login(`auth/${mount}/login`, name === undefined ? {} : { name });
}
