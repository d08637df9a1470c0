// The errors of a store about its secret. Used by the three stores, so that a conflict reads the same in
// each.

import { ConfigError } from '../../errors.ts';
import type { Key } from '../../value.ts';

export class StoreErrors {
  readonly #provider: string;
  readonly #key: Key;

  constructor(provider: string, key: Key) {
    this.#provider = provider;
    this.#key = key;
  }

  error(code: 'conflict' | 'not_found' | 'invalid_option', what: string, hint: string): ConfigError {
    const provider = this.#provider;
    const key = this.#key;
    return new ConfigError(code, `${provider} ${key} ${what}`, { provider, key, hint });
  }

  /** Another process or a person was faster. */
  changed(): ConfigError {
    return this.error('conflict', 'has changed meanwhile', 'The next step goes on from what is there');
  }
}
