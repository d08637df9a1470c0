// Everything that one shelter does with its second level: two shared caches over one guarded level, and its
// messages. Used by lazy-sharing.ts, which imports it on first use.

import type { Emitter } from '../../internal/listeners.ts';
import type { Settings } from '../options.ts';
import type { DocumentSource, Place, Scope, SourceIdentity } from '../port.ts';
import type { Invalidated, SecondLevel } from '../second-level.ts';
import type { Asking, CachePort } from './asking.ts';
import type { Definite, Listed } from './cached.ts';
import { GuardedLevel, type SecondLevelCounts } from './guarded-level.ts';
import { SharedCache } from './shared-cache.ts';
import {
  documentReader,
  placesFrom,
  revisionOf,
  revisionOfPlaces,
  sharedDocument,
  sharedPlaces,
} from './shared-contents.ts';
import type { Tickets } from './single-flight-cache.ts';

export interface AskingDocument extends Asking<Definite> {
  readonly place: Place;
}

export interface AskingListing extends Asking<readonly Listed[]> {
  readonly scope: Scope;
}

export interface SharingParts {
  readonly source: DocumentSource;
  readonly identity: SourceIdentity;
  readonly level: SecondLevel;
  readonly settings: Settings;
  readonly emitter: Emitter;
  readonly tickets: Tickets;
  readonly counts: SecondLevelCounts;
  /** Whether a request may start, so that a lock is of use. */
  readonly mayRead: () => boolean;
  readonly documents: CachePort<Definite, AskingDocument>;
  readonly listings: CachePort<readonly Listed[], AskingListing>;
  /** Other processes have changed these. Undefined: messages were lost. */
  readonly onChanged: (changed: ChangedElsewhere | undefined) => void;
}

export interface ChangedElsewhere {
  readonly documents: readonly string[];
  readonly listings: readonly string[];
}

export class Sharing {
  readonly documents: SharedCache<Definite, AskingDocument>;
  readonly listings: SharedCache<readonly Listed[], AskingListing>;
  readonly #parts: SharingParts;
  readonly #level: GuardedLevel;
  readonly #unwatch: () => void;

  constructor(parts: SharingParts) {
    const { source, identity, settings, tickets, counts, mayRead } = parts;
    const level = new GuardedLevel({ ...parts, provider: source.name, clock: settings.clock });
    const common = { identity, level, counts, settings, tickets, mayRead };
    this.#parts = parts;
    this.#level = level;
    this.documents = new SharedCache({
      ...common,
      ...parts.documents,
      kind: 'document',
      batch: source.batch,
      encode: sharedDocument,
      decode: documentReader(source.name),
      revision: revisionOf,
    });
    this.listings = new SharedCache({
      ...common,
      ...parts.listings,
      kind: 'listing',
      batch: 1,
      encode: sharedPlaces,
      decode: placesFrom,
      revision: revisionOfPlaces,
    });
    this.#unwatch = level.watch((names) => this.#heard(names));
  }

  /** After a write: no process uses what was read before. */
  invalidate(document: string, listings: readonly string[]): Promise<void> {
    const { store } = this.#parts.identity;
    return this.#level.invalidate([
      { store, kind: 'document', name: document },
      ...listings.map((name) => ({ store, kind: 'listing' as const, name })),
    ]);
  }

  #heard(names: readonly Invalidated[] | undefined): void {
    const { identity, onChanged } = this.#parts;
    if (!names) {
      onChanged(undefined);
      return;
    }
    const of = (kind: Invalidated['kind']): string[] =>
      names
        .filter((one) => one.store === identity.store && one.kind === kind)
        .filter(({ name, ticket }) =>
          (kind === 'document' ? this.documents : this.listings).changed(name, ticket),
        )
        .map(({ name }) => name);
    const changed = { documents: of('document'), listings: of('listing') };
    if (changed.documents.length + changed.listings.length > 0) onChanged(changed);
  }

  close(): void {
    this.#unwatch();
    this.documents.close();
    this.listings.close();
  }
}
