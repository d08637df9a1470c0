import type { Clock } from './clock.ts';

interface Entry {
  readonly at: number;
  readonly ring: () => void;
}

/** One timer for all that wait for a deadline. It is not put back when a deadline is no longer needed, which is what nearly always
 *  happens: setting and clearing a timer costs as much as the rest of a request. */
export class Alarm {
  readonly #clock: Clock;
  readonly #entries = new Set<Entry>();
  #armedAt = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The answer is to be handed to `delete`. */
  add(at: number, ring: () => void): Entry {
    const entry = { at, ring };
    this.#entries.add(entry);
    if (at < this.#armedAt) this.#arm(at);
    return entry;
  }

  delete(entry: Entry): boolean {
    return this.#entries.delete(entry);
  }

  #arm(at: number): void {
    this.#cancel?.();
    this.#armedAt = at;
    this.#cancel = this.#clock.after(Math.max(0, at - this.#clock.now()), () => this.#ring());
  }

  #ring(): void {
    this.#cancel = undefined;
    this.#armedAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const entry of [...this.#entries]) {
      if (entry.at > now) next = Math.min(next, entry.at);
      else if (this.#entries.delete(entry)) entry.ring();
    }
    if (next < this.#armedAt) this.#arm(next);
  }

  /** The end of all waiting. */
  ringAll(): void {
    this.#cancel?.();
    for (const entry of [...this.#entries]) if (this.#entries.delete(entry)) entry.ring();
  }
}
