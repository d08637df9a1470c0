// Options of the keyring provider and their checks. Used by provider.ts. The comments become the table in
// docs/providers/keyring.md.

import { ConfigError } from '../../errors.ts';
import { aString, type Check, checkOptions, oneOf } from '../../internal/options.ts';
import { type ShelterOptions, shelterOptionChecks } from '../../shelter/options.ts';

/** Options of a `KeyringProvider`. */
export interface KeyringOptions extends ShelterOptions {
  /** Service name of the entries: the name of your application. */
  readonly service: string;
  /** `secret-service` talks to a Linux desktop's keyring directly; `keytar` and `napi`
   *  (`@napi-rs/keyring`) are optional packages.
   *  @default 'auto': `secret-service` on Linux, elsewhere `keytar` if it is installed, else `napi` */
  readonly backend?: 'auto' | 'secret-service' | 'keytar' | 'napi';
  /** Prefix of the accounts to read: with `acme/` the account `acme/db.password` is the key `db.password`.
   *  Other accounts are ignored. @default '' */
  readonly prefix?: string;
  /** Name in errors and explanations. @default 'keyring' */
  readonly name?: string;
}

const aName: Check = (value) =>
  typeof value === 'string' && value !== '' && !/[\p{Cc}\p{Surrogate}]/u.test(value)
    ? undefined
    : 'a non-empty string without control characters';

/** Returns the options, or throws `invalid_option`. */
export function checked(options: KeyringOptions): KeyringOptions {
  checkOptions('KeyringProvider', options, {
    service: aName,
    backend: oneOf('auto', 'secret-service', 'keytar', 'napi'),
    prefix: (value) => (value === '' ? undefined : aName(value)),
    name: aString,
    ...shelterOptionChecks,
  });
  if (options.service === undefined)
    throw new ConfigError('invalid_option', 'KeyringProvider: the option service is missing', {
      hint: "Set service to the name of your application: { service: 'acme' }",
    });
  return options;
}
