// In which rounds a shared cache asks its level for the names of one read, until each is answered or left to
// the store. Used by shared-cache.ts, which asks, reads and waits as this decides.

/** So many names are asked for first, and while others have their locks: they show what is to be done about
 *  the rest. 20 processes that waited for 100 names at once kept two cores busy with asking for them all. */
const fewNames = 8;
/** A hundred hits take 3 ms, and an operation of the level may take 25. */
const manyNames = 128;
/** A process that had to wait for its turn, or worked itself, sees an answer later than it comes. */
const busyMs = 30;
const minPauseMs = 5;
const pauseSpreadMs = 15;
/** Of the time that a reader has waited, so that those who wait for long leave the machine to the one that
 *  reads. */
const pausedPart = 1 / 8;
const maxPauseMs = 250;
/** So many late answers in a row suspend the level. */
const maxLate = 3;
/** After late answers, to one who waits for others. A server that stalls for 0.2 seconds sent 20 processes to
 *  the store for the same 100 names before. */
const latePausesMs = [50, 150];

/** What follows a round: 'ask' the next names; first pass on the reads that the store must answer, then ask
 *  'again', or 'wait' and ask again; or pass on what is left, and 'end'. */
export type Next = 'ask' | 'again' | 'wait' | 'end';

/** What a round has shown of the names that the level did not land. */
export interface Round<B> {
  /** Other readers have their locks. */
  readonly waiting: readonly B[];
  /** The store must answer. */
  readonly left: readonly B[];
  /** The level did not answer in time. */
  readonly unanswered: readonly B[];
}

export class Rounds<B> {
  readonly #patienceMs: number;
  #pending: readonly B[];
  readonly #waiting = new Set<B>();
  #left: B[] = [];
  #many = fewNames;
  /** The number of late answers in a row. */
  #late = 0;

  /** `patienceMs`: how long other readers are waited for. */
  constructor(all: readonly B[], patienceMs: number) {
    this.#pending = all;
    this.#patienceMs = patienceMs;
  }

  /** The names that are asked for in the next round. */
  get names(): readonly B[] {
    return this.#pending.slice(0, this.#many);
  }

  /** The round took `tookMs`, and ended `sinceMs` after the first one began. */
  took({ waiting, left, unanswered }: Round<B>, tookMs: number, sinceMs: number): Next {
    const asked = this.names.length;
    this.#left.push(...left);
    for (const one of waiting) this.#waiting.add(one);
    this.#pending = [...this.#pending.slice(asked), ...waiting, ...unanswered];
    if (this.#pending.length === 0) return 'end';
    const waits = this.#pending.some((one) => this.#waiting.has(one));
    if (unanswered.length === asked) return this.#notAnswered(tookMs, sinceMs, waits);
    this.#late = 0;
    // what was asked for together is often locked together, and then it is free together
    this.#many = waiting.length < asked ? manyNames : fewNames;
    return waiting.length < asked ? 'ask' : this.#wait(sinceMs);
  }

  /** A late answer says little about the level while the process is busy, and one who waits for others has no
   *  reason yet to ask the store. */
  #notAnswered(tookMs: number, sinceMs: number, waits: boolean): Next {
    this.#late++;
    this.#many = fewNames;
    if (this.#late >= maxLate || (tookMs < busyMs && !waits)) return this.#leave(() => true);
    return waits ? this.#wait(sinceMs) : 'again';
  }

  #wait(sinceMs: number): Next {
    if (sinceMs < this.#patienceMs) return 'wait';
    this.#many = manyNames;
    return this.#leave((one) => this.#waiting.has(one));
  }

  /** The store must answer these. */
  #leave(these: (one: B) => boolean): Next {
    this.#left.push(...this.#pending.filter(these));
    this.#pending = this.#pending.filter((one) => !these(one));
    return this.#pending.length > 0 ? 'again' : 'end';
  }

  /** How long to wait before the next round. */
  pauseMs(sinceMs: number): number {
    const spread = Math.random();
    const long = latePausesMs[this.#late - 1] ?? Math.min(maxPauseMs, sinceMs * pausedPart);
    const pauseMs = Math.max(minPauseMs + pauseSpreadMs * spread, long * (0.75 + spread / 2));
    return Math.min(pauseMs, Math.max(0, this.#patienceMs - sinceMs));
  }

  /** The reads that the store must answer now. */
  takeLeft(): readonly B[] {
    const left = this.#left;
    this.#left = [];
    return left;
  }
}
