import { ConfigError } from '../../../errors.ts';
import { anInteger, aString, checkOptions, mapOf } from '../../../internal/options.ts';
import { type ShelterOptions, shelterOptionChecks } from '../../../shelter/options.ts';
import { type AwsClientOptions, awsClientChecks } from '../options.ts';

export interface AwsSecretsManagerOptions extends AwsClientOptions, ShelterOptions {
  /** With a slash at its end everything below it: `acme/inference/database` is then the section `database`. Without one, that one
   *  secret. Either this or `secrets`. @default none */
  readonly path?: string;
  /** Keys and the secrets they stand in, names or ARNs: `{ 'llm.apiKey': 'prod/llm#apiKey' }`; `name#` is the text itself.
   *  @default none */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Which version is read. @default 'AWSCURRENT' */
  readonly stage?: string;
  /** How long a deleted secret can be restored, 7 to 30 days. @default 30 */
  readonly recoveryWindowDays?: number;
  /** The KMS key for secrets that are created. @default the account's own key for Secrets Manager */
  readonly kmsKeyId?: string;
  /** How errors and explanations call it. @default 'aws-secrets-manager' */
  readonly name?: string;
}

/** The options, unless something is wrong with them. */
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
    throw new ConfigError('invalid_option', 'AwsSecretsManagerProvider: give either path or secrets');
  return options;
}
