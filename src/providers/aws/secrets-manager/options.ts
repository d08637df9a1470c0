// Options of the Secrets Manager provider and their checks. Used by `provider.ts`. The comments become the
// table in docs/providers/aws.md.

import { ConfigError } from '../../../errors.ts';
import { anInteger, aString, checkOptions, mapOf } from '../../../internal/options.ts';
import { type ShelterOptions, shelterOptionChecks } from '../../../shelter/options.ts';
import { type AwsClientOptions, awsClientChecks } from '../options.ts';

/** Options of an `AwsSecretsManagerProvider`. One of `path` and `secrets` is required. */
export interface AwsSecretsManagerOptions extends AwsClientOptions, ShelterOptions {
  /** A prefix that ends in a slash, or the name of one secret. With `acme/inference/`, the secret
   *  `acme/inference/database` is the section `database`. Exclusive with `secrets`. @default none */
  readonly path?: string;
  /** Keys and the names or ARNs of their secrets: `{ 'llm.apiKey': 'prod/llm#apiKey' }`. `name#field`
   *  selects a field of JSON text, `name#` the whole text. Exclusive with `path`. @default none */
  readonly secrets?: Readonly<Record<string, string>>;
  /** The stage of the versions to read. With another stage each secret takes one request.
   *  @default 'AWSCURRENT' */
  readonly stage?: string;
  /** How many days a deleted secret can be restored, 7 to 30. @default 30 */
  readonly recoveryWindowDays?: number;
  /** The KMS key that encrypts created secrets. @default the account's own key for Secrets Manager */
  readonly kmsKeyId?: string;
  /** The provider's name in errors and explanations. @default 'aws-secrets-manager' */
  readonly name?: string;
}

/** Returns the options. Throws `invalid_option` for an invalid one. */
export function checked(options: AwsSecretsManagerOptions): AwsSecretsManagerOptions {
  checkOptions('AwsSecretsManagerProvider', options, {
    path: aString,
    secrets: mapOf(aString),
    stage: aString,
    recoveryWindowDays: anInteger(7, 30),
    kmsKeyId: aString,
    name: aString,
    ...awsClientChecks,
    ...shelterOptionChecks,
  });
  if ((options.path === undefined) === (options.secrets === undefined))
    throw new ConfigError(
      'invalid_option',
      'AwsSecretsManagerProvider: exactly one of path, secrets is required',
      { hint: 'Set path to read everything below it, or secrets to map single keys' },
    );
  return options;
}
