// Changes of a source: rotations, renewals and our own writes. Used by cache.ts. The order matters: first
// the cache is invalidated, then watchers are notified, so that a watcher that reads gets the new value.

import type { ConfigError } from '../../errors.ts';
import { type Emitter, Listeners } from '../../internal/listeners.ts';
import type { Change } from '../../provider.ts';
import type { Key } from '../../value.ts';
import { type SteadyClock, shownNow } from '../clock.ts';
import type { DocumentSource, Place } from '../port.ts';
import { Cached } from './cached.ts';
import type { Documents } from './documents.ts';
import type { LazySharing } from './lazy-sharing.ts';
import type { Listings } from './listings.ts';
import { isChanged, Renewals } from './renewals.ts';
import type { ChangedElsewhere } from './sharing.ts';
import type { ReadQuery } from './single-flight-cache.ts';

export interface ChangesParts {
  readonly source: DocumentSource;
  readonly clock: SteadyClock;
  readonly emitter: Emitter;
  readonly documents: Documents;
  readonly listings: Listings;
  readonly second: LazySharing | undefined;
}

export class Changes {
  readonly #parts: ChangesParts;
  readonly #watchers = new Listeners<Change>();
  readonly #renewals: Renewals;
  /** By document. */
  readonly #renewing = new Map<string, Promise<Cached | ConfigError>>();
  #unwatch: (() => void) | undefined;

  constructor(parts: ChangesParts) {
    this.#parts = parts;
    this.#renewals = new Renewals(parts.documents, parts.clock, (place, rotated) => {
      if (rotated) parts.emitter.emit('rotated', { key: place.key });
      this.#notify([place.key]);
    });
  }

  firstEnd(now: number): number | undefined {
    return this.#renewals.firstEnd(now);
  }

  watch(onChange: (change: Change) => void): Disposable {
    const subscription = this.#watchers.add(onChange, () => this.#watched());
    this.#watched();
    return subscription;
  }

  /** Watches the source while there are watchers. */
  #watched(): void {
    const on = this.#watchers.size > 0;
    this.#renewals.watched(on);
    if (on) this.#unwatch ??= this.#parts.source.watch?.((documents) => this.#rotated(documents));
    else {
      this.#unwatch?.();
      this.#unwatch = undefined;
    }
  }

  #rotated(rotated: readonly string[]): void {
    const { documents, listings, emitter } = this.#parts;
    const keys = this.#keysOf(rotated);
    if (rotated.length > 0) documents.invalidate(rotated, true);
    else documents.expire(undefined);
    listings.invalidate(true);
    emitter.emit('rotated', {});
    this.#notify(keys);
  }

  renew(place: Place, query: ReadQuery): Promise<Cached | ConfigError> {
    const { document } = place;
    let renewal = this.#renewing.get(document);
    if (!renewal) {
      renewal = this.#renew(place, query).finally(() => this.#renewing.delete(document));
      this.#renewing.set(document, renewal);
    }
    return renewal;
  }

  async #renew(place: Place, { operation }: ReadQuery): Promise<Cached | ConfigError> {
    const { source, documents, listings } = this.#parts;
    const { document } = place;
    const before = documents.peek(document);
    source.forget?.(document);
    documents.invalidate([document], true);
    const result = await documents.read(place, { maxAgeMs: 0, operation });
    if (result instanceof Cached && (!before || isChanged(before.outcome, result.outcome))) {
      listings.invalidate(true);
      this.#notify([place.key]);
    }
    return result;
  }

  /** The keys of the documents, if all are known. */
  #keysOf(changed: readonly string[]): readonly Key[] | undefined {
    const { source, documents } = this.#parts;
    const keys = changed.map((document) => {
      const places = source.places?.filter((place) => place.document === document).map((place) => place.key);
      return places ?? [documents.peek(document)?.key].filter((key) => key !== undefined);
    });
    return changed.length > 0 && keys.every((some) => some.length > 0) ? keys.flat() : undefined;
  }

  /** Other processes have changed something. Undefined: messages about changes were lost. The second level
   *  may be asked for it, so it is not bypassed. */
  elsewhere(changed: ChangedElsewhere | undefined): void {
    const { documents, listings } = this.#parts;
    const keys = changed?.listings.length === 0 ? this.#keysOf(changed.documents) : undefined;
    documents.expireShared(changed?.documents);
    if (changed?.listings.length !== 0) listings.expireShared(changed?.listings);
    this.#notify(keys);
  }

  /** The result: other processes have stopped using the old value, as far as they can be reached. */
  written(document: string, key: Key): Promise<void> | undefined {
    const { documents, listings, second } = this.#parts;
    const names = second && listings.names();
    documents.invalidate([document], false);
    listings.invalidate(false);
    const written = names && second.written(document, names);
    this.#notify([key]);
    return written;
  }

  #notify(keys: readonly Key[] | undefined): void {
    const { source, clock, emitter } = this.#parts;
    emitter.emit('changed', { ...(keys && { keys }) });
    this.#watchers.notify({ provider: source.name, time: shownNow(clock), ...(keys && { keys }) });
  }

  close(): void {
    this.#watchers.clear();
    this.#watched();
  }
}
