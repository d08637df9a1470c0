import { shelterOptionsOf } from '../../shelter/options.ts';
import { WritableShelteredProvider } from '../../shelter/sheltered.ts';
import { checked, type KeyringOptions } from './options.ts';
import { KeyringSource } from './source.ts';

/** The operating system's keyring: Keychain, Credential Manager, Secret Service. */
export class KeyringProvider extends WritableShelteredProvider {
  constructor(options: KeyringOptions) {
    super(new KeyringSource(checked(options)), shelterOptionsOf(options));
  }
}
