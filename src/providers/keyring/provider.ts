import { WritableShelteredProvider } from '../../shelter/abilities.ts';
import { shelterOptionsOf } from '../../shelter/options.ts';
import { checked, type KeyringOptions } from './options.ts';
import { KeyringSource } from './source.ts';

/** Reads and writes the user's keyring: Keychain on macOS, Credential Manager on Windows, the Secret
 *  Service on Linux. A locked keyring is an `unauthenticated` error, never absent; no dialog is ever
 *  opened. An entry with a JSON object is a section. All values are secret.
 *  @example
 *  const ring = new KeyringProvider({ service: 'acme' });
 *  await ring.set('database.password', 'fake-password');
 *  const chain = new ProviderChain([new EnvProvider({ prefix: 'APP' }), optional(ring)]);
 *  @see EncryptedFileProvider keeps secrets in a file that may be committed. */
export class KeyringProvider extends WritableShelteredProvider {
  constructor(options: KeyringOptions) {
    super(new KeyringSource(checked(options)), shelterOptionsOf(options));
  }
}
