import { keyOf } from '../../key.ts';
import { shelterOptionsOf } from '../../shelter/options.ts';
import { WritableShelteredProvider } from '../../shelter/sheltered.ts';
import type { Key } from '../../value.ts';
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

  /** Switches off the version that is now the latest; reading it is `disabled` until another is enabled or added. */
  async disable(key: Key): Promise<void> {
    await this.#source.disable(keyOf(key));
    await this.refresh(key);
  }
}
