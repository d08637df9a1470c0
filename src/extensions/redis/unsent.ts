// Invalidations that Redis has not received yet. Used by level.ts, after a write while Redis was away. They
// are sent until they arrive, because until then other processes may read what was there before.

import { type Clock, later } from '../../shelter/clock.ts';
import type { HashedName } from './names.ts';

const pauseMs = 1_000;
const maxNames = 10_000;

export class Unsent {
  readonly #send: (name: HashedName) => Promise<void>;
  readonly #names = new Map<string, HashedName>();
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(send: (name: HashedName) => Promise<void>, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  /** Sends an invalidation. Rejects if it has to be sent again. */
  async add(name: HashedName): Promise<void> {
    if (this.#names.size < maxNames) this.#names.set(name.key, name);
    try {
      await this.#send(name);
      this.#names.delete(name.key);
    } catch (error) {
      this.#later();
      throw error;
    }
  }

  /** Sends all again. */
  send(): void {
    for (const name of [...this.#names.values()]) this.add(name).catch(() => undefined);
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  #later(): void {
    if (this.#closed) return;
    this.#cancel ??= later(this.#clock, pauseMs, () => {
      this.#cancel = undefined;
      this.send();
    });
  }
}
