import { ConfigError } from '../../../errors.ts';
import { aBoolean, aString, checkOptions, mapOf, oneOf } from '../../../internal/options.ts';
import { type ShelterOptions, shelterOptionChecks } from '../../../shelter/options.ts';
import { type AwsClientOptions, awsClientChecks } from '../options.ts';

export interface AwsSsmOptions extends AwsClientOptions, ShelterOptions {
  /** The hierarchy to read: `/acme/inference/database/pool-max` is then `database.pool-max`. Either this or `parameters`.
   *  @default none */
  readonly path?: string;
  /** Keys and the parameters they stand in: `{ 'database.url': '/acme/db/url', db: '/aws/reference/secretsmanager/db' }`; `name#field`
   *  picks a field of JSON text, `name#` the text itself. @default none */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Whether SecureStrings are decrypted; without it they are holes that say so. @default true */
  readonly decrypt?: boolean;
  /** Only versions with this label are read. @default the newest versions */
  readonly label?: string;
  /** The KMS key for SecureStrings that are written. @default the account's own key for SSM */
  readonly kmsKeyId?: string;
  /** For parameters that are written; a value of more than 4 KB needs another than `Standard`. @default the account's own */
  readonly tier?: 'Standard' | 'Advanced' | 'Intelligent-Tiering';
  /** How errors and explanations call it. @default 'aws-ssm' */
  readonly name?: string;
}

/** The options, unless something is wrong with them. */
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
    throw new ConfigError('invalid_option', 'AwsSsmProvider: give either path or parameters');
  if (options.path !== undefined && !options.path.startsWith('/'))
    throw new ConfigError(
      'invalid_option',
      'AwsSsmProvider: path must start with a slash, as in /acme/inference',
    );
  return options;
}
