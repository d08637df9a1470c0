// Changes of a source: rotations, renewals and our own writes. Used by cache.ts. The order matters: first
// the cache is invalidated, then watchers are notified, so that a watcher that reads gets the new value.

import { type Emitter, Listeners } from '../../internal/listeners.ts';
import type { Change } from '../../provider.ts';
import type { Key } from '../../value.ts';
import type { Clock } from '../clock.ts';
import type { DocumentSource } from '../port.ts';
import type { Documents } from './documents.ts';
import type { Listings } from './listings.ts';
import { Renewals } from './renewals.ts';

export interface ChangesParts {
  readonly source: DocumentSource;
  readonly clock: Clock;
  readonly emitter: Emitter;
  readonly documents: Documents;
  readonly listings: Listings;
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
    const { source, documents, listings, emitter } = this.#parts;
    const keys = rotated.map((document) => {
      const places = source.places?.filter((place) => place.document === document).map((place) => place.key);
      return places ?? [documents.peek(document)?.key].filter((key) => key !== undefined);
    });
    if (rotated.length > 0) documents.invalidate(rotated, true);
    else documents.expire(undefined);
    listings.invalidate(true);
    emitter.emit('rotated', {});
    const known = rotated.length > 0 && keys.every((some) => some.length > 0);
    this.#notify(known ? keys.flat() : undefined);
  }

  written(document: string, key: Key): void {
    this.#parts.documents.invalidate([document], false);
    this.#parts.listings.invalidate(false);
    this.#notify([key]);
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
