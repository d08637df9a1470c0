// The reads that have not ended, by name, and how long a request usually takes. Used by shared-cache.ts.

const maxLockMs = 3_000;
const minLockMs = 100;

export class OpenReads {
  readonly #open = new Map<string, { reads: number; requests: number }>();
  #usualMs: number | undefined;

  /** How long a reader may keep the others waiting: three usual requests. `inRow`: so many requests are made
   *  one after the other. */
  lockMs(inRow: number): number {
    if (this.#usualMs === undefined) return maxLockMs;
    const oneMs = Math.min(maxLockMs, Math.max(minLockMs, Math.ceil(3 * this.#usualMs)));
    return Math.min(maxLockMs, inRow * oneMs);
  }

  has(name: string): boolean {
    return this.#open.has(name);
  }

  /** The number of requests in flight. */
  requests(name: string): number {
    return this.#open.get(name)?.requests ?? 0;
  }

  /** Adds to the number of reads, and of requests. */
  count(name: string, reads: number, requests: number): void {
    const open = this.#open.get(name) ?? { reads: 0, requests: 0 };
    open.reads += reads;
    open.requests += requests;
    if (open.reads > 0) this.#open.set(name, open);
    else this.#open.delete(name);
  }

  /** A request has succeeded. */
  took(ms: number): void {
    const least = Math.max(0, ms);
    this.#usualMs = this.#usualMs === undefined ? least : 0.8 * this.#usualMs + 0.2 * least;
  }
}
