import { WritableVersionedShelteredProvider } from '../../../shelter/abilities.ts';
import { shelterOptionsOf } from '../../../shelter/options.ts';
import { type AwsSecretsManagerOptions, checked } from './options.ts';
import { SecretsManagerSource } from './source.ts';

/** Reads and writes secrets of AWS Secrets Manager. Every value is secret. JSON text of an object is a
 *  section, read in one request for all its keys. `set` changes one key of it and restores a secret that is
 *  scheduled for deletion. Loads `@aws-sdk/client-secrets-manager` on first use.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const secrets = new AwsSecretsManagerProvider({ region: 'eu-central-1', path: 'acme/inference/' });
 *  const apiKey = await secrets.get('llm.apiKey'); // the field apiKey of acme/inference/llm
 *  const before = await secrets.get('llm.apiKey', { version: 'AWSPREVIOUS' }); // a stage or a version id
 *  @see AwsSsmProvider reads parameters.
 */
export class AwsSecretsManagerProvider extends WritableVersionedShelteredProvider {
  constructor(options: AwsSecretsManagerOptions) {
    super(new SecretsManagerSource(checked(options)), shelterOptionsOf(options));
  }
}
