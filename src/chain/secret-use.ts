// The body of `withSecret`: reads the keys, uses them, and on a refusal reads the document of the credential
// again. Decisions about callers are never shared: callers share that a document was renewed, and each reads
// it with its own context.

import type { Entry } from '../entry.ts';
import { abortedBy, ConfigError, isConfigError } from '../errors.ts';
import { aFunction, anything, checkOptions, oneOf } from '../internal/options.ts';
import { keyOf } from '../key.ts';
import type { CallOptions } from '../operation.ts';
import { type ConfigProvider, checkProvider, type ReadOptions } from '../provider.ts';
import type { Key } from '../value.ts';
import { ProviderChain } from './chain.ts';
import { credentialOf, firstOfEach, isSame, type Reading, refuseTorn, textOf } from './credential.ts';
import { type HttpResponse, isRefused, isResponse } from './refusal.ts';
import { versionBefore } from './version-before.ts';

/** The options of `withSecret`. */
export interface SecretOptions extends CallOptions {
  /** Whether an error of `use`, or an HTTP response that it returns, means that the credential was refused.
   *  @default pg `28P01` and `28000`, MySQL `ER_ACCESS_DENIED_ERROR`, Redis `WRONGPASS` and `NOAUTH`, MongoDB
   *  `AuthenticationFailed`, AWS `UnrecognizedClientException` and `ExpiredTokenException`, HTTP 401 */
  readonly refused?: (outcome: unknown) => boolean;
  /** Accepts secrets of several documents, which may be of different rotations. @default 'refuse' */
  readonly torn?: 'allow' | 'refuse';
  /** Ends this caller's wait for the store with `aborted`. Does not end `use`. */
  readonly signal?: AbortSignal;
}

const checks = {
  refused: aFunction,
  torn: oneOf('allow', 'refuse'),
  signal: anything,
  context: anything,
};
/** The same version of a document is read again only after this time. */
const paceMs = 1_000;
const maxRounds = 4;

/** A call of `use` that was refused. */
class Refused<T> {
  /** What the caller gets if nothing else helps: throws the error, or returns the response. */
  readonly end: () => T;
  readonly #response: HttpResponse | undefined;

  constructor(end: () => T, response?: HttpResponse) {
    this.end = end;
    this.#response = response;
  }

  /** Releases the connection of a response that the caller does not get. */
  discard(): void {
    void Promise.resolve(this.#response?.body?.cancel?.()).catch(() => undefined);
  }
}

/** What a caller of `withSecret` has asked for. */
interface Asked {
  readonly chain: ProviderChain;
  readonly keys: readonly Key[];
  readonly torn: boolean;
  /** Undefined where it can be: such reads of a chain are faster. */
  readonly options: ReadOptions | undefined;
  readonly refused: (outcome: unknown) => boolean;
}

export async function useSecret<T>(
  provider: ConfigProvider,
  keys: Key | readonly Key[],
  use: (values: never) => T,
  options?: SecretOptions,
): Promise<Awaited<T>> {
  const single = typeof keys === 'string';
  const asked = askedFor(provider, single ? [keys] : keys, options);
  const { refused } = asked;
  let entries = await read(asked);
  let others: AsyncGenerator<Reading, void, undefined> | undefined;
  let first: Refused<Awaited<T>> | undefined;
  for (;;) {
    const values = single ? textOf(entries[0] as Entry) : entries.map(textOf);
    let refusal: Refused<Awaited<T>>;
    try {
      const result = await use(values as never);
      if (!isResponse(result) || !refused(result)) {
        first?.discard();
        return result;
      }
      refusal = new Refused(() => result, result);
    } catch (error) {
      if (!refused(error)) throw error;
      refusal = new Refused(() => {
        throw error;
      });
    }
    if (first) refusal.discard();
    else first = refusal;
    others ??= new OtherVersions(asked).after(entries);
    const other = await others.next();
    if (other.done) return first.end();
    entries = other.value;
  }
}

function askedFor(provider: ConfigProvider, keys: readonly Key[], options: SecretOptions | undefined): Asked {
  if (keys.length === 0)
    throw new ConfigError('invalid_option', 'withSecret: the list of keys is empty', { hint: 'Name a key' });
  const chain = chainOf(provider);
  if (options === undefined) return { chain, keys, torn: false, options, refused: isRefused };
  checkOptions('withSecret', options, checks);
  const { refused = isRefused, torn, ...reading } = options;
  const plain = reading.signal === undefined && reading.context === undefined;
  return { chain, keys, torn: torn === 'allow', options: plain ? undefined : reading, refused };
}

/** Reads all keys, from the cache if it has them. Hot: each `async` function would cost a turn.
 *  @throws `not_found`, `conflict` */
function read({ chain, keys, torn, options }: Asked): Promise<Reading> {
  const [only = ''] = keys;
  if (keys.length === 1)
    return chain.get(only, options).then((entry) => (entry ? [entry] : failMissing(chain, only, options)));
  return chain.getMany(keys, options).then((found) => {
    const entries: Entry[] = [];
    for (const key of keys) {
      const entry = found.get(key) ?? found.get(keyOf(key));
      if (!entry) return failMissing(chain, key, options);
      if (entry instanceof ConfigError) throw entry;
      entries.push(entry);
    }
    if (!torn) refuseTorn(entries);
    return entries;
  });
}

async function failMissing(chain: ProviderChain, key: Key, options?: ReadOptions): Promise<never> {
  const { missing } = await import('./missing.ts');
  throw await missing(keyOf(key), chain, options);
}

/** A credential that is read again because its version was refused. */
interface Renewal {
  readonly refused: Reading;
  /** When this version was first refused. */
  readonly since: number;
  readonly startedAt: number;
  readonly context: unknown;
  readonly done: Promise<unknown>;
  /** The version before, for callers with the same context. */
  previous?: { readonly context: unknown; readonly read: Promise<Reading | undefined> };
}

/** By chain and keys. */
const renewals = new WeakMap<ProviderChain, Map<string, Renewal>>();
const chains = new WeakMap<ConfigProvider, ProviderChain>();

class OtherVersions {
  readonly #asked: Asked;
  /** Without the signal of this caller, because others wait too. */
  readonly #shared: ReadOptions;

  constructor(asked: Asked) {
    this.#asked = asked;
    const { context } = asked.options ?? {};
    this.#shared = context === undefined ? {} : { context };
  }

  /** Other versions of the credential than the refused one: what the cache has by now, what the store has,
   *  and the version before that. */
  async *after(first: Reading): AsyncGenerator<Reading, void, undefined> {
    const tried = [first];
    const isNew = (reading: Reading | undefined): reading is Reading => {
      if (!reading || tried.some((one) => isSame(one, reading))) return false;
      tried.push(reading);
      return true;
    };
    let current = first;
    let triedBefore = false;
    const isNewer = (reading: Reading | undefined): reading is Reading => {
      if (!isNew(reading)) return false;
      current = reading;
      return true;
    };
    const cached = await this.#unlessFailed(() => read(this.#asked));
    if (isNewer(cached)) yield cached;
    for (let round = 1; round <= maxRounds; round++) {
      const renewal = await this.#unlessFailed(() => this.#renew(current));
      if (!renewal) return;
      const renewed = await this.#unlessFailed(() => read(this.#asked));
      if (isNewer(renewed)) {
        yield renewed;
        continue;
      }
      if (!triedBefore) {
        triedBefore = true;
        const before = await this.#unlessFailed(() => this.#wait(this.#previous(renewal, current)));
        if (isNew(before)) yield before;
      }
      // a rotation may have reached the database and not the store: soon after the first refusal, wait for it
      const now = performance.now();
      if (now - renewal.since >= paceMs) return;
      await this.#wait(new Promise((done) => setTimeout(done, renewal.startedAt + paceMs - now)));
    }
  }

  /** Renews the credential, unless that has just happened. What another caller may not do does not count. */
  async #renew(refused: Reading): Promise<Renewal> {
    const { chain, keys, options } = this.#asked;
    const name = keys.join('\n');
    let known = renewals.get(chain);
    if (!known) renewals.set(chain, (known = new Map()));
    for (;;) {
      const now = performance.now();
      let renewal = known.get(name);
      if (!renewal || now - renewal.startedAt >= paceMs || !isSame(renewal.refused, refused)) {
        // all keys, because a sheltered provider caches each by itself; a store reads their document once
        const done = Promise.all(credentialOf(refused).map(({ key }) => chain.renew(key, this.#shared)));
        done.catch(() => undefined);
        const since = renewal && isSame(renewal.refused, refused) ? renewal.since : now;
        renewal = { refused, since, startedAt: now, context: this.#shared.context, done };
        known.set(name, renewal);
      }
      try {
        await this.#wait(renewal.done);
        return renewal;
      } catch (error) {
        const isOwn = renewal.context === this.#shared.context || options?.signal?.aborted;
        if (isOwn || (isConfigError(error) && error.transient)) throw error;
        if (known.get(name) === renewal) known.delete(name);
      }
    }
  }

  /** The credential of the version before, with the companions of `current`. */
  #previous(renewal: Renewal, current: Reading): Promise<Reading | undefined> {
    const { context } = this.#shared;
    if (renewal.previous && renewal.previous.context === context) return renewal.previous.read;
    const find = async (): Promise<Reading | undefined> => {
      const credential = credentialOf(current);
      if (firstOfEach(credential).length > 1) return undefined;
      const older = await versionBefore(this.#asked.chain, credential, this.#shared);
      return older && current.map((entry) => older[credential.indexOf(entry)] ?? entry);
    };
    const reading = find();
    reading.catch(() => undefined);
    renewal.previous = { context, read: reading };
    return reading;
  }

  /** Undefined if the store fails: the caller then gets the refusal. */
  async #unlessFailed<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!isConfigError(error) || error.code === 'aborted') throw error;
      return undefined;
    }
  }

  /** Waits for what other callers share, until this caller gives up. */
  async #wait<T>(shared: Promise<T>): Promise<T> {
    const { signal } = this.#asked.options ?? {};
    if (!signal) return shared;
    let stop = (): void => undefined;
    const aborted = new Promise<never>((_, reject) => {
      stop = () => reject(abortedBy(this.#asked.chain.name));
      signal.aborted ? stop() : signal.addEventListener('abort', stop, { once: true });
    });
    return Promise.race([shared, aborted]).finally(() => signal.removeEventListener('abort', stop));
  }
}

/** The provider as a chain. */
function chainOf(provider: ConfigProvider): ProviderChain {
  if (provider instanceof ProviderChain) return provider;
  let chain = chains.get(provider);
  if (chain) return chain;
  checkProvider('withSecret', provider);
  chains.set(provider, (chain = new ProviderChain([provider], { closeProviders: false })));
  return chain;
}
