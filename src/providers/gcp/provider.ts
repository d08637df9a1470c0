import type { ConfigValue, Entry } from '../../entry.ts';
import { type Key, keyOf } from '../../key.ts';
import { shelterOptionsOf } from '../../shelter/options.ts';
import { type VersionedWrite, WritableShelteredProvider } from '../../shelter/sheltered.ts';
import { checked, type GcpSecretManagerOptions } from './options.ts';
import { GcpSource } from './source.ts';

/** GCP Secret Manager. */
export class GcpSecretManagerProvider extends WritableShelteredProvider {
  readonly #source: GcpSource;

  constructor(options: GcpSecretManagerOptions) {
    const source = new GcpSource(checked(options));
    super(source, shelterOptionsOf(options));
    this.#source = source;
  }

  override async set(key: Key, value: ConfigValue, options: VersionedWrite = {}): Promise<Entry> {
    const refusal = this.#source.refusal(keyOf(key));
    // a field of JSON text may be called anything, but no new secret
    if (refusal && (await this.get(key, options)) === undefined) throw refusal;
    return super.set(key, value, options);
  }

  /** Switches off the version that is now the latest; reading it is `disabled` until another is enabled or added. */
  async disable(key: Key): Promise<void> {
    await this.#source.disable(keyOf(key));
    await this.refresh(key);
  }
}
