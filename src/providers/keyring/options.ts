import { ConfigError } from '../../errors.ts';
import { aString, type Check, checkOptions, oneOf } from '../../internal/options.ts';
import { type ShelterOptions, shelterOptionChecks } from '../../shelter/options.ts';

export interface KeyringOptions extends ShelterOptions {
  /** The name under which the entries are filed: your application's. */
  readonly service: string;
  /** `secret-service` speaks to a Linux desktop's keyring itself; `keytar` and `napi` (`@napi-rs/keyring`) are optional packages.
   *  @default 'auto': `secret-service` on Linux, elsewhere `keytar` if it is installed, else `napi` */
  readonly backend?: 'auto' | 'secret-service' | 'keytar' | 'napi';
  /** Only accounts that start with it: with `acme/` the account `acme/db.password` is the key `db.password`. @default '' */
  readonly prefix?: string;
  /** How errors and explanations call it. @default 'keyring' */
  readonly name?: string;
}

const aName: Check = (value) =>
  typeof value === 'string' && value !== '' && !/[\p{Cc}\p{Surrogate}]/u.test(value)
    ? undefined
    : 'a non-empty string without control characters';

/** The options, unless something is wrong with them. */
export function checked(options: KeyringOptions): KeyringOptions {
  checkOptions('KeyringProvider', options, {
    service: aName,
    backend: oneOf('auto', 'secret-service', 'keytar', 'napi'),
    prefix: (value) => (value === '' ? undefined : aName(value)),
    name: aString,
    ...shelterOptionChecks,
  });
  if (options.service === undefined)
    throw new ConfigError('invalid_option', 'KeyringProvider: service is missing', {
      hint: "Give your application's name, as in { service: 'acme' }",
    });
  return options;
}
