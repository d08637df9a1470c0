import { aString, checkOptions } from '../../../internal/options.ts';
import type { VaultAuth } from '../tokens.ts';

export interface CertificateOptions {
  /** The one role to log in as. @default any that trusts the certificate */
  readonly name?: string;
  /** Where the method is mounted. @default 'cert' */
  readonly mount?: string;
}

/** Logs in with the client certificate of the option `tls`. */
export function certificate(options: CertificateOptions = {}): VaultAuth {
  checkOptions('vault: certificate', options, { name: aString, mount: aString });
  const { name, mount = 'cert' } = options;
  return (call) => call.login(`auth/${mount}/login`, name === undefined ? {} : { name });
}
