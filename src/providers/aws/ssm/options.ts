// Options of the SSM provider and their checks. Used by `provider.ts`. The comments become the table in
// docs/providers/aws.md.

import { ConfigError } from '../../../errors.ts';
import { aBoolean, aString, checkOptions, mapOf, oneOf } from '../../../internal/options.ts';
import { type ShelterOptions, shelterOptionChecks } from '../../../shelter/options.ts';
import { type AwsClientOptions, awsClientChecks } from '../options.ts';

/** Options of an `AwsSsmProvider`. One of `path` and `parameters` is required. */
export interface AwsSsmOptions extends AwsClientOptions, ShelterOptions {
  /** The hierarchy to read: with `/acme/inference`, `/acme/inference/database/pool-max` is
   *  `database.pool-max`. Exclusive with `parameters`. @default none */
  readonly path?: string;
  /** Keys and their parameters:
   *  `{ 'database.url': '/acme/db/url', db: '/aws/reference/secretsmanager/db' }`. `name#field` selects
   *  a field of JSON text, `name#` the whole text. Exclusive with `path`. @default none */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Decrypts `SecureString` parameters. If false, each of them is a hole that names this option.
   *  @default true */
  readonly decrypt?: boolean;
  /** Reads only versions with this label, and makes the provider read-only. @default the newest versions */
  readonly label?: string;
  /** The KMS key that encrypts written `SecureString` parameters. @default the account's own key for SSM */
  readonly kmsKeyId?: string;
  /** The tier of written parameters. A value of more than 4 KB needs `Advanced` or `Intelligent-Tiering`.
   *  @default the account's own */
  readonly tier?: 'Standard' | 'Advanced' | 'Intelligent-Tiering';
  /** The provider's name in errors and explanations. @default 'aws-ssm' */
  readonly name?: string;
}

/** Returns the options. Throws `invalid_option` for an invalid one. */
export function checked(options: AwsSsmOptions): AwsSsmOptions {
  checkOptions('AwsSsmProvider', options, {
    path: aString,
    parameters: mapOf(aString),
    decrypt: aBoolean,
    label: aString,
    kmsKeyId: aString,
    tier: oneOf('Standard', 'Advanced', 'Intelligent-Tiering'),
    name: aString,
    ...awsClientChecks,
    ...shelterOptionChecks,
  });
  if ((options.path === undefined) === (options.parameters === undefined))
    throw new ConfigError('invalid_option', 'AwsSsmProvider: exactly one of path, parameters is required', {
      hint: 'Set path to read a hierarchy, or parameters to map single keys',
    });
  if (options.path !== undefined && !options.path.startsWith('/'))
    throw new ConfigError('invalid_option', 'AwsSsmProvider: path must start with a slash', {
      hint: 'Write it as /acme/inference',
    });
  return options;
}
