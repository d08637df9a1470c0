import { WritableVersionedShelteredProvider } from '../../../shelter/abilities.ts';
import { shelterOptionsOf } from '../../../shelter/options.ts';
import { type AwsSsmOptions, checked } from './options.ts';
import { SsmSource } from './source.ts';

/** Reads and writes parameters of AWS SSM Parameter Store. A `SecureString` is secret, and a `StringList`
 *  is a list. Other values are strings, which the schema converts. In a list, a parameter that AWS denies or
 *  cannot decrypt is a hole. Loads `@aws-sdk/client-ssm` on first use.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const ssm = new AwsSsmProvider({ region: 'eu-central-1', path: '/acme/inference' });
 *  const host = await ssm.get('database.host'); // the parameter /acme/inference/database/host
 *  const third = await ssm.get('database.host', { version: '3' }); // a number or a label
 *  @see AwsSecretsManagerProvider reads secrets, including sections of JSON text.
 */
export class AwsSsmProvider extends WritableVersionedShelteredProvider {
  constructor(options: AwsSsmOptions) {
    super(new SsmSource(checked(options)), shelterOptionsOf(options));
  }
}
