import { keyOf } from '../../key.ts';
import { WritableVersionedShelteredProvider } from '../../shelter/abilities.ts';
import { shelterOptionsOf } from '../../shelter/options.ts';
import type { Key } from '../../value.ts';
import { checked, type GcpSecretManagerOptions } from './options.ts';
import { GcpSource } from './source.ts';

/** Reads and writes secrets of Google Cloud Secret Manager. Every value is secret. JSON text of an object
 *  is a section, read in one request for all its keys. Bytes that are not UTF-8 are base64. A disabled
 *  version is an error and never absent. Loads `@google-cloud/secret-manager` on first use.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const gcp = new GcpSecretManagerProvider({ project: 'acme-prod', prefix: 'inference-' });
 *  const password = await gcp.get('database.password'); // the secret inference-database--password
 *  const before = await gcp.get('database.password', { version: '2' }); // a number or an alias
 *  @see AzureKeyVaultProvider spells names in a similar way.
 */
export class GcpSecretManagerProvider extends WritableVersionedShelteredProvider {
  readonly #source: GcpSource;

  constructor(options: GcpSecretManagerOptions) {
    const source = new GcpSource(checked(options));
    super(source, shelterOptionsOf(options));
    this.#source = source;
  }

  /** Disables the latest version of a key's secret, or the version that `secrets` names. Reads then fail with
   *  `disabled` until another version is added or this one is enabled.
   *  @throws ConfigError `not_found`, `invalid_key` for a key without a secret name, `access_denied`
   *  @example
   *  await gcp.disable('database.password'); // after a leak
   */
  async disable(key: Key): Promise<void> {
    await this.#source.disable(keyOf(key));
    await this.refresh(key);
  }
}
