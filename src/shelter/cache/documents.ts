// The documents of a source: cached, asked for once however many callers want them, and in batches. Used by
// cache.ts and listings.ts. The path of a miss (#miss, #flush, #send) is hot. A batch that is refused
// as a whole is asked for again one by one.

import { ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';
import { coarseNow } from '../clock.ts';
import type { Document, DocumentSource, Outcome, Place } from '../port.ts';
import { ifTransient, type Requests, type Trouble } from '../request/request.ts';
import type { CachePort } from './asking.ts';
import { Cached, type Definite } from './cached.ts';
import { cachedDocument } from './document-life.ts';
import type { LazySharing } from './lazy-sharing.ts';
import type { AskingDocument } from './sharing.ts';
import { type CacheContext, type ReadQuery, SingleFlightCache } from './single-flight-cache.ts';

const settled = Promise.resolve();
const maxWithoutCache = 1_000;

interface Waiting extends AskingDocument {
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
  readonly #second: LazySharing | undefined;
  #queue: Waiting[] = [];
  readonly #flushSoon = (): void => process.nextTick(this.#flush);
  #versioned = false;

  constructor(
    source: DocumentSource,
    requests: Requests,
    context: CacheContext,
    second: LazySharing | undefined,
  ) {
    this.#source = source;
    this.#second = second;
    this.#requests = requests;
    this.#context = context;
    this.#cache = new SingleFlightCache<Definite, Place>(context, (flight, place, { version }) =>
      this.#miss({ flight, place, name: place.document, version }),
    );
    context.held.probeIn(this.#cache, source);
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
    const read = this.#cache.read(this.#id(place.document, query.version), place, query, place.leased);
    return this.#context.held.serve(read, query, place);
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

  /** Takes a document that came with a listing. Kept unless a newer one is known. `shared`: the ticket that
   *  the second level gave out for the listing. */
  offer(place: Place, outcome: Definite, at: number, ticket: number, shared: number | undefined): Cached {
    const cached = this.#cached(place, outcome, at, ticket);
    const { document } = place;
    const sharing = this.#second?.loaded?.documents;
    const held = sharing && this.peek(document);
    // which of the two is newer is unknown
    if (held && sharing.isShared(held) && held.ticket > ticket)
      this.#cache.invalidate(document, [document], true);
    if (this.#context.settings.cache) this.#cache.keep(document, document, cached);
    sharing?.offered(document, cached, shared);
    return cached;
  }

  /** What a second level needs to know. */
  get port(): CachePort<Definite, AskingDocument> {
    return {
      cached: ({ place }, outcome, at, ticket) => this.#cached(place, outcome, at, ticket),
      peek: (name) => this.#cache.peek(name),
      land: (asking, cached) => this.#land(asking, cached),
    };
  }

  /** After a write: removes the documents and drops reads in flight. `keepForOutage`: after a rotation or a
   *  refresh, expires them. */
  invalidate(documents: readonly string[], keepForOutage: boolean): void {
    this.#second?.invalidated('documents', documents);
    this.#drop(documents, keepForOutage);
  }

  /** Expires what another process has changed, or everything that came from the second level. */
  expireShared(documents: readonly string[] | undefined): void {
    const sharing = this.#second?.loaded?.documents;
    this.#drop(
      documents ?? this.#cache.ids((_, cached) => cached !== undefined && sharing?.isShared(cached) === true),
      true,
    );
  }

  #drop(documents: readonly string[], keepForOutage: boolean): void {
    for (const document of documents) {
      if (this.#versioned) this.#cache.forgetDenials((id) => id.startsWith(`${document}\0`));
      const ids = this.#versioned
        ? this.#cache.ids((id) => id === document || id.startsWith(`${document}\0`))
        : [document];
      this.#cache.invalidate(document, ids, keepForOutage);
    }
  }

  /** Expires everything, or what was read for the keys that match. */
  expire(matches: ((key: string) => boolean) | undefined): void {
    // documents that are not in memory may match as well
    this.#second?.invalidated('documents', undefined);
    const ids = this.#cache.ids((_, cached) => !matches || !cached || matches(cached.key));
    if (matches) {
      this.#cache.forgetDenials((_, key) => matches(key));
      this.#drop(
        ids.map((id) => id.split('\0')[0] as string),
        true,
      );
    } else this.#cache.invalidate(undefined, ids, true);
  }

  /** Every document that is not in memory passes here before it is queued for the second level, or for a
   *  request. */
  #miss(waiting: Waiting): void {
    this.#queue.push(waiting);
    // flushed at the end of this turn of the loop: chains call their providers a few promises later
    if (this.#queue.length === 1) void settled.then(this.#flushSoon);
  }

  readonly #flush = (): void => {
    const queue = this.#queue;
    this.#queue = [];
    if (this.#second) void this.#share(queue, this.#second);
    else this.#request(queue);
  };

  /** Passes the queue to the second level first. Versions and leases are not shared. */
  async #share(queue: readonly Waiting[], second: LazySharing): Promise<void> {
    const shared = queue.filter(({ place, version }) => version === undefined && !place.leased);
    const sharing = second.loaded ?? (await second.load().catch(() => undefined));
    if (!sharing) return this.#request(queue);
    if (shared.length < queue.length) this.#request(queue.filter((waiting) => !shared.includes(waiting)));
    if (shared.length > 0) await sharing.documents.answer(shared, (left) => this.#request(left));
  }

  #request(queue: readonly Waiting[]): void {
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
  }

  async #send(all: readonly Waiting[]): Promise<void> {
    const { settings, tickets } = this.#context;
    const version = all[0]?.version;
    let [pending, sent, split] = [all, all, false];
    const error = await this.#requests.send(
      {
        type: 'read',
        documents: all.length,
        version,
        retryIf: ifTransient,
        endsAt: endOf(all),
        operations: (again) => (again ? pending : sent).map(({ flight }) => flight.operations),
      },
      async (call) => {
        const ticket = tickets.next();
        const at = coarseNow(settings.clock);
        sent = pending;
        const { epoch } = this.#requests;
        for (const { flight } of pending) {
          flight.sent = true;
          flight.epoch = epoch;
        }
        let outcomes: ReadonlyMap<string, Outcome>;
        const attemptFailed = (): void => this.#second?.loaded?.documents.attemptFailed(pending);
        try {
          outcomes = await this.#source.read(
            pending.map(({ place }) => place.document),
            call,
          );
        } catch (thrown) {
          const refused = this.#requests.classify(thrown);
          // a cancelled attempt says nothing about its documents
          split =
            !call.signal.aborted && pending.length > 1 && !refused.transient && !refusesAll.has(refused.code);
          if (split) return undefined;
          if (refused.transient) attemptFailed();
          throw refused;
        }
        const asked = pending.length;
        pending = pending.filter(
          (waiting) => !this.#lands(waiting, outcomes.get(waiting.place.document), at, ticket),
        );
        attemptFailed();
        return troubleOf(pending, pending.length < asked);
      },
    );
    if (split) for (const waiting of pending) void this.#send([waiting]);
    else if (error) for (const waiting of pending) this.#fail(waiting, waiting.error ?? error);
  }

  #fail(waiting: Waiting, error: ConfigError): void {
    const sharing = waiting.readAt === undefined ? undefined : this.#second?.loaded?.documents;
    if (!sharing || !error.transient) this.#land(waiting, error);
    else
      void sharing.outage(waiting).then((cached) => {
        if (cached) this.#cache.keep(waiting.flight.id, waiting.name, cached);
        this.#land(waiting, error);
      });
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

  #land(waiting: AskingDocument, result: Cached | ConfigError): void {
    const { flight, place } = waiting;
    this.#cache.land(flight, result, place, place.leased || this.#context.settings.cache !== false);
    if (result instanceof Cached && result.outcome !== 'absent' && result.endsAt < Number.POSITIVE_INFINITY)
      this.onEnding?.(flight.id, place, result as Cached<Document>);
    this.#second?.loaded?.documents.landed(waiting, result);
  }

  #cached(place: Place, outcome: Definite, at: number, ticket: number): Cached {
    const { cache, clock } = this.#context.settings;
    return cachedDocument(cache, place, outcome, at, ticket, clock);
  }
}

/** Refusals of all documents: asking for each one alone gets the same. */
const refusesAll: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'quota_exceeded']);

const isDocument = (outcome: Outcome | undefined): outcome is Document =>
  typeof outcome === 'object' && outcome !== null && !isConfigError(outcome) && outcome.value !== undefined;

/** The deadline of what was asked of the second level before. */
const endOf = (all: readonly Waiting[]): number | undefined => {
  const ends = all.flatMap(({ endsAt }) => endsAt ?? []);
  return ends.length > 0 ? Math.min(...ends) : undefined;
};

/** What is wrong with the documents that are left. An `unauthenticated` comes first, since a log-in may help
 *  all of them. */
function troubleOf(left: readonly Waiting[], answered: boolean): Trouble | undefined {
  const error = left.find((waiting) => waiting.error?.code === 'unauthenticated')?.error ?? left[0]?.error;
  return error && { error, answered: answered || !error.transient };
}
