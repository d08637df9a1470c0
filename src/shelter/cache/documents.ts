// The documents of a source: cached, asked for once however many callers want them, and in batches. Used by
// cache.ts and listings.ts. The path of a miss (#miss, #flush, #send) is hot. A batch that is refused
// as a whole is asked for again one by one.

import { ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';
import { frozen } from '../../value.ts';
import { coarseNow } from '../clock.ts';
import type { Document, DocumentSource, Outcome, Place } from '../port.ts';
import { ifTransient, type Requests, type Trouble } from '../request/request.ts';
import { Cached } from './cached.ts';
import { type CacheContext, type Flight, type ReadQuery, SingleFlightCache } from './single-flight-cache.ts';

type Definite = Document | 'absent';

const settled = Promise.resolve();
const maxWithoutCache = 1_000;

interface Waiting {
  readonly flight: Flight<Definite>;
  readonly place: Place;
  readonly version: string | undefined;
  error?: ConfigError;
}

export class Documents {
  /** Called with every document that has an end. */
  onEnding: ((id: string, place: Place, cached: Cached<Document>) => void) | undefined;
  readonly #source: DocumentSource;
  readonly #requests: Requests;
  readonly #context: CacheContext;
  readonly #cache: SingleFlightCache<Definite, Place>;
  #queue: Waiting[] = [];
  readonly #flushSoon = (): void => process.nextTick(this.#flush);
  #versioned = false;

  constructor(source: DocumentSource, requests: Requests, context: CacheContext) {
    this.#source = source;
    this.#requests = requests;
    this.#context = context;
    this.#cache = new SingleFlightCache<Definite, Place>(context, (flight, place, { version }) =>
      this.#miss({ flight, place, version }),
    );
  }

  load(): Promise<void> {
    const { cache } = this.#context.settings;
    // leases are held without a cache, too
    return this.#cache.load(cache ? cache.max : maxWithoutCache);
  }

  get size(): number {
    return this.#cache.size;
  }

  read(place: Place, query: ReadQuery): Cached | Promise<Cached | ConfigError> {
    return this.#cache.read(this.#id(place.document, query.version), place, query, place.leased);
  }

  peek(document: string): Cached | undefined {
    return this.#cache.peek(document);
  }

  /** Reads the document again in the background. */
  revalidate(place: Place): void {
    this.#cache.revalidate(place.document, place);
  }

  #id(document: string, version: string | undefined): string {
    if (version === undefined) return document;
    this.#versioned = true;
    return `${document}\0${version}`;
  }

  /** Takes a document that came with a listing. Kept unless a newer one is known. */
  offer(place: Place, outcome: Definite, at: number, ticket: number): Cached {
    const cached = this.#cached(place, outcome, at, ticket);
    if (this.#context.settings.cache) this.#cache.keep(place.document, place.document, cached);
    return cached;
  }

  /** After a write: removes the documents and drops reads in flight. `keepForOutage`: after a rotation or a
   *  refresh, expires them. */
  invalidate(documents: readonly string[], keepForOutage: boolean): void {
    for (const document of documents) {
      const ids = this.#versioned
        ? this.#cache.ids((id) => id === document || id.startsWith(`${document}\0`))
        : [document];
      this.#cache.invalidate(document, ids, keepForOutage);
    }
  }

  /** Expires everything, or what was read for the keys that match. */
  expire(matches: ((key: string) => boolean) | undefined): void {
    const ids = this.#cache.ids((_, cached) => !matches || !cached || matches(cached.key));
    if (matches)
      this.invalidate(
        ids.map((id) => id.split('\0')[0] as string),
        true,
      );
    else this.#cache.invalidate(undefined, ids, true);
  }

  /** Every document that is not in memory passes here before it is queued for a request. A second cache level
   *  belongs here: it lands the flight with what it has, or queues it. */
  #miss(waiting: Waiting): void {
    this.#queue.push(waiting);
    // flushed at the end of this turn of the loop: chains call their providers a few promises later
    if (this.#queue.length === 1) void settled.then(this.#flushSoon);
  }

  readonly #flush = (): void => {
    const queue = this.#queue;
    this.#queue = [];
    const { batch } = this.#source;
    if (queue.length === 1) return void this.#send(queue);
    let together: Waiting[] = [];
    const sent = new Set<string>();
    for (const waiting of queue) {
      // a version is read alone, and so is a document that a later caller wants newer
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
    const { settings, tickets } = this.#context;
    const version = all[0]?.version;
    let pending = all;
    let sent = all;
    let split = false;
    const error = await this.#requests.send(
      {
        type: 'read',
        documents: all.length,
        version,
        retryIf: ifTransient,
        operations: (again) => (again ? pending : sent).map(({ flight }) => flight.operations),
      },
      async (call) => {
        const ticket = tickets.next();
        const at = coarseNow(settings.clock);
        sent = pending;
        for (const { flight } of pending) flight.sent = true;
        let outcomes: ReadonlyMap<string, Outcome>;
        try {
          outcomes = await this.#source.read(
            pending.map(({ place }) => place.document),
            call,
          );
        } catch (thrown) {
          const refused = this.#requests.classify(thrown);
          // a cancelled attempt says nothing about its documents
          split =
            !call.signal.aborted && pending.length > 1 && !refused.transient && !ofProvider.has(refused.code);
          if (split) return undefined;
          throw refused;
        }
        const asked = pending.length;
        pending = pending.filter(
          (waiting) => !this.#lands(waiting, outcomes.get(waiting.place.document), at, ticket),
        );
        return troubleOf(pending, pending.length < asked);
      },
    );
    if (split) for (const waiting of pending) void this.#send([waiting]);
    else if (error) for (const waiting of pending) this.#land(waiting, waiting.error ?? error);
  }

  /** Lands a flight that has a definite result. False: the document must be asked for again. */
  #lands(waiting: Waiting, outcome: Outcome | undefined, at: number, ticket: number): boolean {
    try {
      if (outcome === 'absent' || isDocument(outcome)) {
        this.#land(waiting, this.#cached(waiting.place, outcome, at, ticket));
        return true;
      }
    } catch {
      // a value that throws when it is read is treated like a missing result
    }
    const error = isConfigError(outcome) ? outcome : this.#missing(waiting.place.document);
    if (error.transient || error.code === 'unauthenticated') {
      waiting.error = error;
      return false;
    }
    this.#land(waiting, error);
    return true;
  }

  #missing(document: string): ConfigError {
    const { name: provider } = this.#source;
    return new ConfigError('unavailable', `${provider}: ${document} is missing in the response`, {
      provider,
    });
  }

  #land(waiting: Waiting, result: Cached | ConfigError): void {
    const { flight, place } = waiting;
    this.#cache.land(flight, result, place.document, place.leased || this.#context.settings.cache !== false);
    if (result instanceof Cached && result.outcome !== 'absent' && result.endsAt < Number.POSITIVE_INFINITY)
      this.onEnding?.(flight.id, place, result as Cached<Document>);
  }

  #cached({ key, leased }: Place, outcome: Definite, at: number, ticket: number): Cached {
    const { cache } = this.#context.settings;
    if (outcome === 'absent')
      return new Cached<Definite>(
        outcome,
        key,
        at,
        ticket,
        at + (cache ? cache.absentTtlMs : 0),
        Number.POSITIVE_INFINITY,
      );
    const { expiresAt = Number.POSITIVE_INFINITY } = outcome;
    // an end that is not a number is past
    const endsAt = expiresAt > at ? expiresAt : at;
    const ttlMs = cache ? cache.ttlMs * (1 + cache.jitter * (2 * Math.random() - 1)) : 0;
    const leaseMs = leased && endsAt < Number.POSITIVE_INFINITY ? ((endsAt - at) * 2) / 3 : undefined;
    const freshUntil = Math.min(at + (outcome.freshMs ?? leaseMs ?? ttlMs), endsAt);
    const { value } = outcome;
    const kept = typeof value === 'object' && value !== null ? { ...outcome, value: frozen(value) } : outcome;
    return new Cached<Definite>(kept, key, at, ticket, freshUntil, endsAt);
  }
}

/** Refusals of the provider as a whole: asking for each document alone gets the same. */
const ofProvider: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'quota_exceeded']);

const isDocument = (outcome: Outcome | undefined): outcome is Document =>
  typeof outcome === 'object' && outcome !== null && !isConfigError(outcome) && outcome.value !== undefined;

/** What is wrong with the documents that are left. An `unauthenticated` comes first, since a log-in may help
 *  all of them. */
function troubleOf(left: readonly Waiting[], answered: boolean): Trouble | undefined {
  const error = left.find((waiting) => waiting.error?.code === 'unauthenticated')?.error ?? left[0]?.error;
  return error && { error, answered: answered || !error.transient };
}
