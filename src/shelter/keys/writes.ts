// Writes: read the whole document now, put the field in, replace the document. Used by keys.ts. One
// writer at a time per document in this process; a conflict with another process is repeated, twice at most.

import type { Entry } from '../../entry.ts';
import { ConfigError } from '../../errors.ts';
import { segments } from '../../key.ts';
import { operationIn, operationsOf } from '../../operation.ts';
import { valueToWrite } from '../../plain-value.ts';
import type { DocumentWriteOptions, VersionedWrite } from '../../provider.ts';
import { type ConfigValue, isTree, type Key } from '../../value.ts';
import { type Cache, Cached } from '../cache/cache.ts';
import type { SteadyClock } from '../clock.ts';
import { pathIn } from '../places.ts';
import type { Call, DocumentSource, DocumentWrite, Place } from '../port.ts';
import { ifThrottled, type Requests } from '../request/request.ts';
import { isWhole, type Locator } from './locator.ts';
import { put } from './put.ts';
import { isHole, parsed, valueAt } from './resolve.ts';
import { type Target, writtenEntry } from './written.ts';

/** Another writer came between our read and our write. */
class Overtaken {
  readonly conflict: ConfigError;
  constructor(conflict: ConfigError) {
    this.conflict = conflict;
  }
}

const maxTries = 3;

export class Writes {
  readonly #source: DocumentSource;
  readonly #locator: Locator;
  readonly #clock: SteadyClock;
  readonly #requests: Requests;
  readonly #cache: Cache;
  /** By document: the end of its last write. */
  readonly #tails = new Map<string, Promise<void>>();

  constructor(
    source: DocumentSource,
    locator: Locator,
    clock: SteadyClock,
    requests: Requests,
    cache: Cache,
  ) {
    this.#source = source;
    this.#locator = locator;
    this.#clock = clock;
    this.#requests = requests;
    this.#cache = cache;
  }

  async set(key: Key, given: ConfigValue, asked: VersionedWrite): Promise<Entry> {
    return this.#set(key, given, asked, this.#locator.locate(key));
  }

  /** Replaces the whole document that a key names. */
  async setDocument(key: Key, given: ConfigValue, asked: DocumentWriteOptions): Promise<Entry> {
    return this.#set(key, given, asked, [this.#locator.whole(key)]);
  }

  async #set(
    key: Key,
    given: ConfigValue,
    asked: DocumentWriteOptions,
    located: readonly Place[],
  ): Promise<Entry> {
    const { value, marked } = valueToWrite(given, key);
    const options = marked ? { ...asked, secret: true } : asked;
    return this.#exclusive(key, options, located, async (places) => {
      const { found, last } = await this.#targets(places, key, value, options);
      const refusal = found ? undefined : this.#locator.refusal(key);
      if (refusal) throw refusal;
      const target = found ?? last;
      const version = await this.#replace(target, key, value, options);
      return writtenEntry(this.#source.name, target, { key, value, version, options }, this.#clock);
    });
  }

  async delete(key: Key, options: VersionedWrite): Promise<boolean> {
    return this.#exclusive(key, options, this.#locator.locate(key), async (places) => {
      const { found } = await this.#targets(places, key, undefined, options);
      if (found) await this.#replace(found, key, undefined, options);
      return found !== undefined;
    });
  }

  /** Runs `work` after all earlier writes of the same documents. */
  async #exclusive<T>(
    key: Key,
    options: DocumentWriteOptions,
    places: readonly Place[],
    work: (places: readonly Place[]) => Promise<T>,
  ): Promise<T> {
    if (places.length === 0)
      throw (
        this.#locator.refusal(key) ??
        this.#error(
          'invalid_key',
          key,
          'has no place',
          'Name a document for it in the options of the provider',
        )
      );
    if (places.some((place) => place.leased))
      throw this.#error(
        'invalid_key',
        key,
        'is created by the store and cannot be written',
        'Change the value in the store',
      );
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

  /** Repeats the read and the write when another writer came in between, unless the caller insists on a
   *  version. */
  async #unraced<T>(options: DocumentWriteOptions, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Overtaken)) throw error;
        if (options.ifVersion !== undefined || options.ifAbsent || attempt === maxTries) throw error.conflict;
      }
    }
  }

  /** The document that has the key now, and the one that a new key goes into. */
  async #targets(
    places: readonly Place[],
    key: Key,
    next: ConfigValue | undefined,
    options: VersionedWrite,
  ): Promise<{ found: Target | undefined; last: Target }> {
    const { name: provider } = this.#source;
    const { ifVersion } = options;
    const query = { maxAgeMs: 0, operation: operationIn(options) };
    const reads = await Promise.all(places.map((place) => this.#cache.read(place, query)));
    let found: Target | undefined;
    let last: Target | undefined;
    let refusal: ConfigError | undefined;
    for (const [i, place] of places.entries()) {
      const read = parsed(provider, place, reads[i] as Cached | ConfigError);
      if (!(read instanceof Cached)) {
        if (!isHole(read)) throw read.with({ provider, key });
        const replaced =
          read.code === 'disabled' && next !== undefined && ifVersion === undefined && isWhole(place, key);
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
          'has a value in several documents',
          'Remove all but one of them in the store',
        );
      if (isTree(value) && !isTree(next))
        throw this.#error('invalid_key', key, 'is a section', 'Write or delete one of its keys');
      found = last;
    }
    if (!found && refusal) throw refusal.with({ provider, key });
    return { found, last: last as Target };
  }

  async #replace(
    { place, document, unread }: Target,
    key: Key,
    value: ConfigValue | undefined,
    options: DocumentWriteOptions,
  ): Promise<string | undefined> {
    if (options.ifAbsent && document)
      throw this.#error('conflict', key, 'exists', 'Read the key again, then decide');
    if (options.ifVersion !== undefined && document?.version !== options.ifVersion)
      throw this.#error(
        'conflict',
        key,
        `does not have version ${options.ifVersion}`,
        'Read the key again, then decide',
      );
    const path = place.whole ? place.field : pathIn(place, key);
    const next =
      path === ''
        ? value
        : put(document?.value, segments(path), value, () =>
            this.#error('conflict', key, 'would be below a value', 'Remove that value first'),
          );
    const { secret, metadata } = options;
    const more: DocumentWrite = {
      ...(document?.version !== undefined && { ifVersion: document.version }),
      ...(unread && { unread }),
      ...(secret !== undefined && { secret }),
      ...(metadata && { metadata }),
    };
    return this.#send(place.document, key, options, (call) =>
      this.#source.write!(place.document, next, more, call),
    );
  }

  /** Sends a request of the source's own about the document that a key names, in turn with its writes. */
  async request<T>(
    key: Key,
    options: VersionedWrite,
    send: (document: string, call: Call) => Promise<T>,
  ): Promise<T> {
    const place = this.#locator.whole(key);
    const sent = () => this.#send(place.document, key, options, (call) => send(place.document, call));
    return this.#exclusive(key, options, [place], sent);
  }

  async #send<T>(
    document: string,
    key: Key,
    options: VersionedWrite,
    send: (call: Call) => Promise<T>,
  ): Promise<T> {
    const { name: provider } = this.#source;
    const operations = operationsOf(operationIn(options));
    let sent: { readonly result: T } | undefined;
    let returned = false;
    const error = await this.#requests.send(
      { type: 'write', documents: 1, retryIf: ifThrottled, operations: () => [operations] },
      async (call) => {
        const result = await send(call);
        // a write that timed out may still arrive: then what was read meanwhile is dropped as well
        if (returned) void this.#cache.written(document, key);
        sent = { result };
        return undefined;
      },
    );
    returned = true;
    await this.#cache.written(document, key);
    if (!error) return (sent as { readonly result: T }).result;
    if (error.code === 'conflict') throw new Overtaken(error.with({ provider, key }));
    if (error.code !== 'timeout' && error.code !== 'unavailable') throw error.with({ provider, key });
    throw new ConfigError(error.code, `${error.message.replace(/\.$/, '')}; ${key} may have been written`, {
      provider,
      key,
      cause: error,
    });
  }

  #error(code: 'conflict' | 'invalid_key', key: Key, what: string, hint: string): ConfigError {
    const { name: provider } = this.#source;
    return new ConfigError(code, `${provider}: "${key}" ${what}`, { provider, key, hint });
  }
}
