import { shelterOptionsOf } from '../../../shelter/options.ts';
import { WritableShelteredProvider } from '../../../shelter/sheltered.ts';
import { type AwsSecretsManagerOptions, checked } from './options.ts';
import { SecretsManagerSource } from './source.ts';

/** AWS Secrets Manager. */
export class AwsSecretsManagerProvider extends WritableShelteredProvider {
  constructor(options: AwsSecretsManagerOptions) {
    super(new SecretsManagerSource(checked(options)), shelterOptionsOf(options));
  }
}
