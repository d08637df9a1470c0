import type { Emitter } from '../../internal/listeners.ts';
import { Listeners } from '../../internal/listeners.ts';
import type { Change } from '../../provider.ts';
import type { Key } from '../../value.ts';
import type { Settings } from '../options.ts';
import type { DocumentSource } from '../port.ts';
import type { Documents } from './documents.ts';
import { Renewals } from './renewals.ts';

interface Shared {
  readonly source: DocumentSource;
  readonly settings: Settings;
  readonly documents: Documents;
  readonly emitter: Emitter;
  /** Makes all lists stale. */
  readonly lists: (keepForOutage: boolean) => void;
}

/** What may answer differently now: first it is stale here, then those who watch are told. */
export class Changes {
  readonly #shared: Shared;
  readonly #watchers = new Listeners<Change>();
  readonly #renewals: Renewals;
  #unwatch: (() => void) | undefined;

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#renewals = new Renewals(shared.documents, shared.settings.clock, (place, rotated) => {
      if (rotated) shared.emitter.emit('rotated', { key: place.key });
      this.#tell([place.key]);
    });
  }

  watch(onChange: (change: Change) => void): Disposable {
    const mine = this.#watchers.add(onChange, () => this.#watched());
    this.#watched();
    return mine;
  }

  #watched(): void {
    const on = this.#watchers.size > 0;
    this.#renewals.watched(on);
    if (on) this.#unwatch ??= this.#shared.source.watch?.((documents) => this.#rotated(documents));
    else {
      this.#unwatch?.();
      this.#unwatch = undefined;
    }
  }

  #rotated(named: readonly string[]): void {
    const { source, documents, lists, emitter } = this.#shared;
    const keys = named.map((document) => {
      const places = source.places?.filter((place) => place.document === document).map((place) => place.key);
      return places ?? [documents.cache.peek(document)?.key].filter((key) => key !== undefined);
    });
    if (named.length > 0) documents.invalidate(named, true);
    else documents.expire(undefined);
    lists(true);
    emitter.emit('rotated', {});
    this.#tell(named.length > 0 && keys.every((some) => some.length > 0) ? keys.flat() : undefined);
  }

  written(document: string, key: Key): void {
    this.#shared.documents.invalidate([document], false);
    this.#shared.lists(false);
    this.#tell([key]);
  }

  #tell(keys: readonly Key[] | undefined): void {
    const { source, settings, emitter } = this.#shared;
    emitter.emit('changed', { ...(keys && { keys }) });
    this.#watchers.notify({ provider: source.name, time: settings.clock.now(), ...(keys && { keys }) });
  }

  close(): void {
    this.#watchers.clear();
    this.#watched();
  }
}
