import type { ConfigError } from '../errors.ts';
import type { ConfigEvent } from '../events.ts';
import { Listeners } from '../internal/listeners.ts';
import type { Key } from '../value.ts';

let outages = 0;

/** From the first failure that is tolerated to the next answer: told once. */
export class Outage {
  readonly #provider: string;
  readonly #listeners = new Listeners<ConfigEvent>();
  #on = false;

  constructor(provider: string) {
    this.#provider = provider;
  }

  on(listener: (event: ConfigEvent) => void): Disposable {
    return this.#listeners.add(listener);
  }

  tolerate(error: ConfigError, key?: Key): void {
    if (this.#on) return;
    this.#on = true;
    outages++;
    const time = Date.now();
    const head = {
      id: `${time.toString(36)}-t${outages.toString(36)}`,
      time,
      provider: this.#provider,
      layer: 'provider' as const,
    };
    this.#listeners.notify(
      Object.freeze({ ...head, type: 'tolerated', outcome: error.code, ...(key !== undefined && { key }) }),
    );
  }

  over(): void {
    this.#on = false;
  }
}
