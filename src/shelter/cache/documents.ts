import { ConfigError, isConfigError } from '../../errors.ts';
import { frozen, type Key } from '../../value.ts';
import { coarseNow } from '../clock.ts';
import type { Document, DocumentSource, Outcome, Place } from '../port.ts';
import type { Trouble } from '../request/breaker.ts';
import { ifTransient, type Requests } from '../request/requests.ts';
import { type Ask, Cache, type Common, type Flight } from './cache.ts';
import { Cached } from './cached.ts';

type Answer = Document | 'absent';

const settled = Promise.resolve();

interface Waiting {
  readonly flight: Flight<Answer>;
  readonly place: Place;
  readonly version: string | undefined;
  error?: ConfigError;
}

interface Shared extends Common {
  readonly source: DocumentSource;
  readonly requests: Requests;
}

/** Documents: held, asked for once however many want them, and together where the backend allows it. */
export class Documents {
  readonly cache: Cache<Answer, Place>;
  /** Called with every leased or ending document that comes in. */
  onTimed: ((id: string, place: Place, held: Cached<Document>) => void) | undefined;
  readonly #shared: Shared;
  #queue: Waiting[] = [];
  readonly #flushSoon = (): void => process.nextTick(this.#flush);
  #versioned = false;

  constructor(shared: Shared) {
    this.#shared = shared;
    this.cache = new Cache<Answer, Place>(shared, (flight, place, ask) =>
      this.#enqueue({ flight, place, version: ask.version }),
    );
  }

  async load(): Promise<void> {
    const { cache } = this.#shared.settings;
    await this.cache.load(cache ? cache.max : 1_000);
  }

  read(place: Place, ask: Ask): Cached<Answer> | Promise<Cached<Answer> | ConfigError> {
    return this.cache.read(this.#id(place.document, ask.version), place, ask, place.leased);
  }

  peek(place: Place, version?: string): Cached<Answer> | undefined {
    return this.cache.peek(this.#id(place.document, version));
  }

  #id(document: string, version: string | undefined): string {
    if (version === undefined) return document;
    this.#versioned = true;
    return `${document}\0${version}`;
  }

  /** What a document said on the way, in a listing: kept unless something newer is known. */
  offer(place: Place, outcome: Answer, at: number, tick: number): Cached<Answer> {
    const held = this.#held(place, outcome, at, tick);
    if (this.#shared.settings.cache) this.cache.keep(place.document, place.document, held);
    return held;
  }

  /** After a write: nothing read before counts any more. After a rotation or refresh: it has expired. */
  invalidate(documents: readonly string[], keepForOutage: boolean): void {
    for (const document of documents) {
      const ids = this.#versioned
        ? this.cache.ids((id) => id === document || id.startsWith(`${document}\0`))
        : [document];
      this.cache.invalidate(document, ids, keepForOutage);
    }
  }

  /** Everything, or what was read for keys like these, has expired. */
  expire(touches: ((key: Key) => boolean) | undefined): void {
    const ids = this.cache.ids((_, held) => !touches || !held || touches(held.key));
    if (touches)
      this.invalidate(
        ids.map((id) => id.split('\0')[0] as string),
        true,
      );
    else this.cache.invalidate(undefined, ids, true);
  }

  #enqueue(waiting: Waiting): void {
    this.#queue.push(waiting);
    // after all that this turn of the loop has to say: chains ask their providers some promises later
    if (this.#queue.length === 1) void settled.then(this.#flushSoon);
  }

  readonly #flush = (): void => {
    const queue = this.#queue;
    this.#queue = [];
    const { batch } = this.#shared.source;
    if (queue.length === 1) return void this.#send(queue);
    let together: Waiting[] = [];
    const sent = new Set<string>();
    for (const waiting of queue) {
      // a version is asked for alone; so is a document that a later reader wants anew
      if (waiting.version !== undefined || batch === 1 || sent.has(waiting.place.document)) {
        void this.#send([waiting]);
        continue;
      }
      sent.add(waiting.place.document);
      together.push(waiting);
      if (together.length === batch) {
        void this.#send(together);
        together = [];
      }
    }
    if (together.length > 0) void this.#send(together);
  };

  async #send(all: readonly Waiting[]): Promise<void> {
    const { source, requests, settings, ticks } = this.#shared;
    const version = all[0]?.version;
    let pending = all;
    let split = false;
    const error = await requests.send(
      { operation: 'read', documents: all.length, version, repeats: ifTransient },
      async (call) => {
        const tick = ticks.next();
        const at = coarseNow(settings.clock);
        for (const { flight } of pending) flight.sent = true;
        let outcomes: ReadonlyMap<string, Outcome>;
        try {
          outcomes = await source.read(
            pending.map(({ place }) => place.document),
            call,
          );
        } catch (thrown) {
          const refused = requests.classify(thrown);
          // a client that was told to stop says nothing about its documents
          split =
            !call.signal.aborted &&
            pending.length > 1 &&
            !refused.transient &&
            refused.code !== 'unauthenticated';
          if (split) return undefined;
          throw refused;
        }
        const asked = pending.length;
        pending = pending.filter(
          (waiting) => !this.#lands(waiting, outcomes.get(waiting.place.document), at, tick),
        );
        return troubleOf(pending, pending.length < asked);
      },
    );
    if (split) for (const waiting of pending) void this.#send([waiting]);
    else if (error) for (const waiting of pending) this.#land(waiting, waiting.error ?? error);
  }

  /** Whether it got a definite answer; else it is left to be asked again. */
  #lands(waiting: Waiting, outcome: Outcome | undefined, at: number, tick: number): boolean {
    try {
      if (outcome === 'absent' || isDocument(outcome)) {
        this.#land(waiting, this.#held(waiting.place, outcome, at, tick));
        return true;
      }
    } catch {
      // a value that throws when it is looked at is no answer
    }
    const error = isConfigError(outcome) ? outcome : this.#leftOut(waiting.place.document);
    if (error.transient || error.code === 'unauthenticated') {
      waiting.error = error;
      return false;
    }
    this.#land(waiting, error);
    return true;
  }

  #leftOut(document: string): ConfigError {
    const { name } = this.#shared.source;
    return new ConfigError('unavailable', `${name} left ${document} out of its answer`, { provider: name });
  }

  #land(waiting: Waiting, answer: Cached<Answer> | ConfigError): void {
    const { flight, place } = waiting;
    this.cache.land(flight, answer, place.document, place.leased || this.#shared.settings.cache !== false);
    if (answer instanceof Cached && answer.outcome !== 'absent' && answer.endsAt < Number.POSITIVE_INFINITY)
      this.onTimed?.(flight.id, place, answer as Cached<Document>);
  }

  #held(place: Place, outcome: Answer, at: number, tick: number): Cached<Answer> {
    const key: Key = place.key;
    const { cache } = this.#shared.settings;
    if (outcome === 'absent')
      return new Cached<Answer>(
        outcome,
        key,
        at,
        tick,
        at + (cache ? cache.absentTtlMs : 0),
        Number.POSITIVE_INFINITY,
      );
    const { expiresAt = Number.POSITIVE_INFINITY } = outcome;
    // an end that is no time is over
    const endsAt = expiresAt > at ? expiresAt : at;
    const spread = cache ? cache.ttlMs * (1 + cache.jitter * (2 * Math.random() - 1)) : 0;
    const lease = place.leased && endsAt < Number.POSITIVE_INFINITY ? ((endsAt - at) * 2) / 3 : undefined;
    const freshUntil = Math.min(at + (outcome.freshMs ?? lease ?? spread), endsAt);
    const { value } = outcome;
    const kept = typeof value === 'object' && value !== null ? { ...outcome, value: frozen(value) } : outcome;
    return new Cached<Answer>(kept, key, at, tick, freshUntil, endsAt);
  }
}

const isDocument = (outcome: Outcome | undefined): outcome is Document =>
  typeof outcome === 'object' && outcome !== null && !isConfigError(outcome) && outcome.value !== undefined;

/** What is wrong with what is left; a log-in that was refused says more than the rest. */
function troubleOf(left: readonly Waiting[], answered: boolean): Trouble | undefined {
  const error = left.find((waiting) => waiting.error?.code === 'unauthenticated')?.error ?? left[0]?.error;
  return error && { error, answered: answered || !error.transient };
}
