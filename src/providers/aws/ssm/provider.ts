import { shelterOptionsOf } from '../../../shelter/options.ts';
import { WritableShelteredProvider } from '../../../shelter/sheltered.ts';
import { type AwsSsmOptions, checked } from './options.ts';
import { SsmSource } from './source.ts';

/** AWS SSM Parameter Store. */
export class AwsSsmProvider extends WritableShelteredProvider {
  constructor(options: AwsSsmOptions) {
    super(new SsmSource(checked(options)), shelterOptionsOf(options));
  }
}
