// Changes of a source: rotations, renewals and our own writes. Used by cache.ts. The order matters: first
// the cache is invalidated, then watchers are notified, so that a watcher that reads gets the new value.

import { type Emitter, Listeners } from '../../internal/listeners.ts';
import type { Change } from '../../provider.ts';
import type { Key } from '../../value.ts';
import type { Clock } from '../clock.ts';
import type { DocumentSource } from '../port.ts';
import type { Documents } from './documents.ts';
import type { LazySharing } from './lazy-sharing.ts';
import type { Listings } from './listings.ts';
import { Renewals } from './renewals.ts';
import type { ChangedElsewhere } from './sharing.ts';

export interface ChangesParts {
  readonly source: DocumentSource;
  readonly clock: Clock;
  readonly emitter: Emitter;
  readonly documents: Documents;
  readonly listings: Listings;
  readonly second: LazySharing | undefined;
}

export class Changes {
  readonly #parts: ChangesParts;
  readonly #watchers = new Listeners<Change>();
  readonly #renewals: Renewals;
  #unwatch: (() => void) | undefined;

  constructor(parts: ChangesParts) {
    this.#parts = parts;
    this.#renewals = new Renewals(parts.documents, parts.clock, (place, rotated) => {
      if (rotated) parts.emitter.emit('rotated', { key: place.key });
      this.#notify([place.key]);
    });
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
    this.#watchers.notify({ provider: source.name, time: clock.now(), ...(keys && { keys }) });
  }

  close(): void {
    this.#watchers.clear();
    this.#watched();
  }
}
