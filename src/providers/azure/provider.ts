import type { ConfigValue, Entry } from '../../entry.ts';
import { type Key, keyOf } from '../../key.ts';
import { shelterOptionsOf } from '../../shelter/options.ts';
import { type VersionedWrite, WritableShelteredProvider } from '../../shelter/sheltered.ts';
import { type AzureKeyVaultOptions, checked } from './options.ts';
import { AzureSource } from './source.ts';

/** Azure Key Vault secrets. */
export class AzureKeyVaultProvider extends WritableShelteredProvider {
  readonly #source: AzureSource;

  constructor(options: AzureKeyVaultOptions) {
    const source = new AzureSource(checked(options));
    super(source, shelterOptionsOf(options));
    this.#source = source;
  }

  override async set(key: Key, value: ConfigValue, options: VersionedWrite = {}): Promise<Entry> {
    const refusal = this.#source.refusal(keyOf(key));
    // a field of JSON text may be called anything, but no new secret
    if (refusal && (await this.get(key, options)) === undefined) throw refusal;
    return super.set(key, value, options);
  }
}
