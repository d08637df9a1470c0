// The second level of one shelter, imported on first use: a shelter without the option `second` loads none
// of it. Used by cache.ts, documents.ts, listings.ts and changes.ts. Remembers what was invalidated before.

import { ConfigError } from '../../errors.ts';
import { lazy } from '../../internal/lazy.ts';
import type { DocumentSource, SourceIdentity } from '../port.ts';
import type { SecondLevelCounts } from './guarded-level.ts';
import type { Sharing, SharingParts } from './sharing.ts';

export class LazySharing {
  readonly counts: SecondLevelCounts = { hits: 0, misses: 0, refused: 0, failures: 0, skipped: 0 };
  readonly load: () => Promise<Sharing>;
  /** Undefined until it is loaded. */
  loaded: Sharing | undefined;
  #invalidated = false;
  #closed = false;

  /** `loadCache`: creates the cache in memory. Throws if the source has no identity. */
  constructor(
    source: DocumentSource,
    loadCache: () => Promise<void>,
    parts: (identity: SourceIdentity) => SharingParts,
  ) {
    const identity = identityOf(source);
    this.load = lazy(async () => {
      const [{ Sharing: Loaded }] = await Promise.all([import('./sharing.ts'), loadCache()]);
      const sharing = new Loaded(parts(identity));
      if (this.#invalidated) for (const kind of kinds) sharing[kind].invalidated(undefined);
      if (this.#closed) sharing.close();
      this.loaded = sharing;
      return sharing;
    });
  }

  /** What is read must have been asked for after now. */
  invalidated(kind: 'documents' | 'listings', names: readonly string[] | undefined): void {
    if (this.loaded) this.loaded[kind].invalidated(names);
    else this.#invalidated = true;
  }

  /** After a write: no process uses what was read before. Never rejects. */
  async written(document: string, listings: readonly string[]): Promise<void> {
    const sharing = this.loaded ?? (await this.load().catch(() => undefined));
    await sharing?.invalidate(document, listings);
  }

  close(): void {
    this.#closed = true;
    this.loaded?.close();
  }
}

/** Without an identity, documents of two stores could be taken for each other. */
function identityOf(source: DocumentSource): SourceIdentity {
  const identity = source.identity?.();
  if (typeof identity?.store === 'string' && typeof identity.view === 'string') return identity;
  throw new ConfigError(
    'invalid_option',
    `${source.name}: the option second needs a source with an identity`,
    {
      provider: source.name,
      hint: 'Return { store, view } from identity() of the source, or use sheltered(provider, { identity })',
    },
  );
}

const kinds = ['documents', 'listings'] as const;
