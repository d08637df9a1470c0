// The event of `optional` and `fallback`. Used by tolerance.ts.

import type { ConfigError } from '../errors.ts';
import type { ConfigEvent } from '../events.ts';
import { Emitter } from '../internal/listeners.ts';
import type { Key } from '../value.ts';

/** Emits `tolerated` once per outage: from the first tolerated failure until the provider
 *  returns an entry that is not from a cache. */
export class Outage {
  readonly #emitter: Emitter;
  #ongoing = false;

  constructor(provider: string) {
    this.#emitter = new Emitter(provider, 'provider');
  }

  on(listener: (event: ConfigEvent) => void): Disposable {
    return this.#emitter.on(listener);
  }

  tolerate(error: ConfigError, key?: Key): void {
    if (this.#ongoing) return;
    this.#ongoing = true;
    this.#emitter.emit('tolerated', { outcome: error.code, key });
  }

  end(): void {
    this.#ongoing = false;
  }
}
