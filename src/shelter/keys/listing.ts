import type { Entry, Unreadable } from '../../entry.ts';
import { ConfigError } from '../../errors.ts';
import type { Emitter } from '../../internal/listeners.ts';
import { startsWith } from '../../key.ts';
import type { ListOptions } from '../../provider.ts';
import type { Key } from '../../value.ts';
import type { Ask } from '../cache/cache.ts';
import { Cached } from '../cache/cached.ts';
import type { Documents } from '../cache/documents.ts';
import { nameOf, type Stop, scopeOf, type Walks } from '../cache/listings.ts';
import type { Settings } from '../options.ts';
import type { DocumentSource, Scope } from '../port.ts';
import { isHole, itemOf, spelled } from './resolve.ts';

interface Shared {
  readonly source: DocumentSource;
  readonly settings: Settings;
  readonly documents: Documents;
  readonly walks: Walks;
  readonly emitter: Emitter;
}

/** Everything at or below a prefix, with the least privilege: named places alone; wanted keys where they can be; else a walk. */
export class Listing {
  readonly #shared: Shared;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  async list(
    prefix: Key,
    { wanted, acquire = false, maxAgeMs }: ListOptions,
  ): Promise<readonly (Entry | Unreadable)[]> {
    const { source } = this.#shared;
    const ask: Ask = { maxAgeMs };
    const scope = scopeOf(prefix, wanted, acquire);
    const stops = source.places
      ? source.places.filter((place) => scope.reaches(place.key)).map((place) => ({ place }))
      : await this.#stops(scope, ask);
    const reads = await Promise.all(stops.map((stop) => this.#read(stop, ask, acquire)));
    const items: (Entry | Unreadable)[] = [];
    for (const [i, { place }] of stops.entries()) {
      const read = reads[i] as Cached | ConfigError;
      if (!(read instanceof Cached) && !isHole(read))
        throw read.with({ provider: source.name, key: place.key });
      const item = itemOf(source.name, place, read, prefix);
      if (item) items.push(item);
    }
    return items;
  }

  #read(
    { place, read }: Stop,
    ask: Ask,
    acquire: boolean,
  ): Cached | ConfigError | Promise<Cached | ConfigError> {
    const { source, documents, settings } = this.#shared;
    if (read && (read instanceof Cached || isHole(read))) return read;
    if (!place.leased || acquire) return documents.read(place, ask);
    const held = documents.peek(place);
    if (held && settings.clock.now() < held.endsAt) return held;
    return new ConfigError(
      'on_demand',
      `${source.name} ${spelled(place, place.field)} is made when it is read, and a list makes nothing`,
      {
        provider: source.name,
        hint: 'Read it with get, or load the configuration',
      },
    );
  }

  async #stops(scope: Scope, ask: Ask): Promise<readonly Stop[]> {
    const { source } = this.#shared;
    const { wanted, prefix } = scope;
    if (!wanted) return source.page ? this.#walk(scope, ask) : this.#located([prefix]);
    const open = outermost(wanted.prefixes.map((part) => narrowed(part, prefix)));
    const closed = outermost(
      wanted.keys.map((key) => narrowed(key, prefix)),
      false,
    ).filter((key) => !open.some((part) => startsWith(key, part)));
    if (open.length + closed.length === 0) return [];
    if (!source.page) return this.#located([...closed, ...open]);
    if (source.batch > 1) {
      const walks = await Promise.all(
        open.map((part) => this.#walk(scopeOf(part, undefined, scope.acquire === true), ask)),
      );
      return distinct([...this.#located(closed), ...walks.flat()]);
    }
    const walk = await this.#shared.walks.read(scope, ask);
    if (walk instanceof Cached) return walk.outcome;
    if (walk.code !== 'access_denied' || open.length > 0) throw this.#refused(walk);
    this.#shared.emitter.emit('denied', { outcome: walk.code });
    this.#shared.emitter.notice(
      `${source.name} may not be listed: each wanted key is asked for by its name`,
      walk.code,
    );
    return this.#located(closed);
  }

  async #walk(scope: Scope, ask: Ask): Promise<readonly Stop[]> {
    const walk = await this.#shared.walks.read(scope, ask);
    if (walk instanceof Cached) return walk.outcome;
    throw this.#refused(walk);
  }

  #refused(error: ConfigError): ConfigError {
    const { name: provider } = this.#shared.source;
    const hint = 'Allow it to list, or name what there is in its options';
    return error.with({ provider, ...(error.code === 'access_denied' && { hint }) });
  }

  #located(keys: readonly Key[]): readonly Stop[] {
    return distinct(keys.flatMap((key) => this.#shared.source.locate(key)).map((place) => ({ place })));
  }
}

/** What of a part stands in the listing: itself, or all of the listing, or nothing. */
function narrowed(part: Key, prefix: Key): Key | undefined {
  return startsWith(part, prefix) ? part : startsWith(prefix, part) ? prefix : undefined;
}

function outermost(parts: readonly (Key | undefined)[], onlyOutermost = true): Key[] {
  const all = [...new Set(parts)].filter((part) => part !== undefined);
  return onlyOutermost
    ? all.filter((part) => !all.some((other) => other !== part && startsWith(part, other)))
    : all;
}

function distinct(stops: readonly Stop[]): readonly Stop[] {
  const known = new Map<string, Stop>();
  const several: Stop[] = [];
  for (const stop of stops) {
    if (stop.read instanceof Cached && stop.read.outcome !== 'absent' && stop.read.outcome.entry)
      several.push(stop);
    else if (!known.has(nameOf(stop.place)) || stop.read) known.set(nameOf(stop.place), stop);
  }
  return [...known.values(), ...several];
}
