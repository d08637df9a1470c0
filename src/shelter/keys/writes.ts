import type { Entry } from '../../entry.ts';
import { ConfigError } from '../../errors.ts';
import { writable } from '../../internal/plain-value.ts';
import { segments } from '../../key.ts';
import { type ConfigTree, type ConfigValue, isTree, type Key } from '../../value.ts';
import { Cached } from '../cache/cached.ts';
import type { Documents } from '../cache/documents.ts';
import type { Settings } from '../options.ts';
import { pathIn } from '../places.ts';
import type { Document, DocumentSource, DocumentWrite, Place } from '../port.ts';
import { ifThrottled, type Requests } from '../request/requests.ts';
import type { VersionedWrite } from '../sheltered.ts';
import { entryOf, isHole, legible, valueAt } from './resolve.ts';

interface Shared {
  readonly source: DocumentSource;
  readonly settings: Settings;
  readonly requests: Requests;
  readonly documents: Documents;
  /** Makes stale whatever a written document was part of, then tells. */
  readonly written: (document: string, key: Key) => void;
}

interface Standing {
  readonly place: Place;
  readonly document: Document | undefined;
  /** There is one that cannot be read. */
  readonly unread?: true;
}

class Overtaken {
  readonly why: ConfigError;
  constructor(why: ConfigError) {
    this.why = why;
  }
}

/** Reads the whole document just now, puts the field in, replaces it; one writer at a time per document. */
export class Writes {
  readonly #shared: Shared;
  readonly #tails = new Map<string, Promise<void>>();

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  async set(key: Key, given: ConfigValue, asked: VersionedWrite): Promise<Entry> {
    const { value, marked } = writable(given, key);
    const options = marked ? { ...asked, secret: true } : asked;
    return this.#alone(key, options, async (places) => {
      const { found, last } = await this.#standing(places, key, value, options);
      const refusal = found ? undefined : this.#shared.source.refusal?.(key);
      if (refusal) throw refusal;
      const target = found ?? last;
      const version = await this.#replace(target, key, value, options);
      const { secret = target.document?.secret ?? true, metadata } = options;
      const text = target.document?.text ?? true;
      const document: Document = {
        value,
        secret,
        text,
        ...(version !== undefined && { version }),
        ...(metadata && { metadata }),
      };
      const { clock } = this.#shared.settings;
      const held = new Cached<Document>(document, key, clock.now(), 0, 0, Number.POSITIVE_INFINITY);
      return entryOf(this.#shared.source.name, target.place, held, key, document.value);
    });
  }

  delete(key: Key, options: VersionedWrite): Promise<boolean> {
    return this.#alone(key, options, async (places) => {
      const { found } = await this.#standing(places, key, undefined, options);
      if (found) await this.#replace(found, key, undefined, options);
      return found !== undefined;
    });
  }

  async #alone<T>(
    key: Key,
    options: VersionedWrite,
    work: (places: readonly Place[]) => Promise<T>,
  ): Promise<T> {
    const { source } = this.#shared;
    const places = source.locate(key);
    if (places.length === 0)
      throw (
        source.refusal?.(key) ??
        this.#error('invalid_key', key, 'has no place', 'Name one in the options of the provider')
      );
    if (places.some((place) => place.leased))
      throw this.#error('invalid_key', key, 'is made by the store, not written', 'Change it there');
    const names = places.map((place) => place.document);
    const turn = Promise.all(names.map((name) => this.#tails.get(name))).then(() =>
      this.#unraced(options, () => work(places)),
    );
    const tail = turn.then(
      () => {},
      () => {},
    );
    for (const name of names) this.#tails.set(name, tail);
    void tail.then(() => {
      for (const name of names) if (this.#tails.get(name) === tail) this.#tails.delete(name);
    });
    return turn;
  }

  /** Another writer may come between our read and our write: then both are done again, unless the caller insists on a version. */
  async #unraced<T>(options: VersionedWrite, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Overtaken)) throw error;
        if (options.ifVersion !== undefined || attempt === 3) throw error.why;
      }
    }
  }

  /** Where the key stands now, and where it would go. */
  async #standing(
    places: readonly Place[],
    key: Key,
    next: ConfigValue | undefined,
    { ifVersion }: VersionedWrite,
  ): Promise<{ found: Standing | undefined; last: Standing }> {
    const { source, documents } = this.#shared;
    const reads = await Promise.all(places.map((place) => documents.read(place, { maxAgeMs: 0 })));
    let found: Standing | undefined;
    let last: Standing | undefined;
    let refusal: ConfigError | undefined;
    for (const [i, place] of places.entries()) {
      const read = legible(source.name, place, reads[i] as Cached | ConfigError);
      if (!(read instanceof Cached)) {
        if (!isHole(read)) throw read.with({ provider: source.name, key });
        const replaced =
          read.code === 'disabled' && next !== undefined && ifVersion === undefined && isAll(place, key);
        if (replaced) last = { place, document: undefined, unread: true };
        else refusal ??= read;
        continue;
      }
      last = { place, document: read.outcome === 'absent' ? undefined : read.outcome };
      const value = last.document && valueAt(place, last.document, key);
      if (value === undefined) continue;
      if (found)
        throw this.#error(
          'conflict',
          key,
          'stands in several documents',
          'Remove all but one of them in the store',
        );
      if (isTree(value) && !isTree(next))
        throw this.#error('invalid_key', key, 'is a section', 'Write or delete one of its keys');
      found = last;
    }
    if (!found && refusal) throw refusal.with({ provider: source.name, key });
    return { found, last: last as Standing };
  }

  async #replace(
    { place, document, unread }: Standing,
    key: Key,
    value: ConfigValue | undefined,
    options: VersionedWrite,
  ): Promise<string | undefined> {
    const { source, requests, written } = this.#shared;
    if (options.ifVersion !== undefined && document?.version !== options.ifVersion)
      throw this.#error(
        'conflict',
        key,
        `has another version than ${options.ifVersion}`,
        'Read it again, and decide anew',
      );
    const path = place.whole ? place.field : pathIn(place, key);
    const next = path === '' ? value : this.#put(document?.value, segments(path), value, key);
    const { secret, metadata } = options;
    const more: DocumentWrite = {
      ...(document?.version !== undefined && { ifVersion: document.version }),
      ...(unread && { unread }),
      ...(secret !== undefined && { secret }),
      ...(metadata && { metadata }),
    };
    let version: string | undefined;
    let over = false;
    const error = await requests.send(
      { operation: 'write', documents: 1, repeats: ifThrottled },
      async (call) => {
        const answer = await source.write?.(place.document, next, more, call);
        // given up is not undone: when it comes through later, what was read meanwhile is void again
        if (over) written(place.document, key);
        version = answer;
        return undefined;
      },
    );
    over = true;
    written(place.document, key);
    if (!error) return version;
    if (error.code === 'conflict') throw new Overtaken(error.with({ provider: source.name, key }));
    if (error.code !== 'timeout' && error.code !== 'unavailable')
      throw error.with({ provider: source.name, key });
    throw new ConfigError(error.code, `${error.message.replace(/\.$/, '')}; ${key} may have been written`, {
      provider: source.name,
      key,
      cause: error,
    });
  }

  /** A copy of a document in which `value` stands at the path; without a value, without what became empty on the way. */
  #put(
    at: ConfigValue | undefined,
    path: readonly string[],
    value: ConfigValue | undefined,
    key: Key,
  ): ConfigTree {
    if (at !== undefined && !isTree(at))
      throw this.#error('conflict', key, 'would stand below a value', 'Remove that value first');
    const [name, ...inside] = path as [string, ...string[]];
    const here = at && Object.hasOwn(at, name) ? at[name] : undefined;
    const next = inside.length > 0 ? this.#put(here, inside, value, key) : value;
    const copy = new Map(Object.entries(at ?? {}));
    if (next === undefined || (value === undefined && isTree(next) && Object.keys(next).length === 0))
      copy.delete(name);
    else copy.set(name, next);
    return Object.fromEntries(copy);
  }

  #error(code: 'conflict' | 'invalid_key', key: Key, what: string, hint: string): ConfigError {
    const { name: provider } = this.#shared.source;
    return new ConfigError(code, `${key} in ${provider} ${what}`, { provider, key, hint });
  }
}

/** Whether a key is the whole of a document, so that a new value leaves nothing of the old one. */
const isAll = (place: Place, key: Key): boolean => place.field === '' && place.key === key;
