// A chain of providers: the main class of the library. A look-up (`get`) reads the providers in order; a
// listing reads them in parallel and merges their layers. The code for merging, explaining, health and
// missing keys is loaded on first use, which keeps the import of the core small.

import type { Entry, Unreadable } from '../entry.ts';
import { abortedBy, ConfigError } from '../errors.ts';
import type { ConfigEvent } from '../events.ts';
import { lazy } from '../internal/lazy.ts';
import { disposeAll } from '../internal/listeners.ts';
import { aBoolean, aFunction, aString, checkOptions } from '../internal/options.ts';
import { keyOf } from '../key.ts';
import { maskedCopy } from '../masking.ts';
import type { Merged } from '../merge/merged.ts';
import {
  type Change,
  type ConfigProvider,
  checkProvider,
  type Health,
  type KeyStatus,
  type Layer,
  type ListOptions,
  type ReadOptions,
  type Wanted,
} from '../provider.ts';
import { callEach, getManyFrom, layersOf, searchedPlaces, toConfigError } from '../query.ts';
import { isSchema, notASchema, type StandardSchemaV1 } from '../schema/schema.ts';
import { type ConfigTree, type ConfigValue, isPlain, type Key } from '../value.ts';
import type { Explanation } from './explain.ts';

/** A call of a chain's method, as `intercept` sees it. */
export type Operation =
  | { readonly type: 'get' | 'explain'; readonly key: Key; readonly options: ReadOptions }
  | { readonly type: 'getMany'; readonly keys: readonly Key[]; readonly options: ReadOptions }
  | { readonly type: 'list' | 'tree' | 'layers'; readonly key: Key; readonly options: ListOptions }
  | { readonly type: 'refresh' | 'health'; readonly key: Key; readonly options: ReadOptions };

/** Wraps each operation of a caller, outside caches and batches: for policies, redaction, audits and
 *  spans. Its result is the result of the operation.
 *  @example
 *  const intercept: Intercept = async (operation, next) => {
 *    if (operation.type === 'tree') throw new ConfigError('policy_violation', 'read single keys');
 *    return next();
 *  }; */
export type Intercept = (operation: Operation, next: () => Promise<unknown>) => Promise<unknown>;

/** The options of a ProviderChain. */
export interface ChainOptions {
  /** The name in errors. @default 'chain' */
  readonly name?: string;
  /** Wraps each operation of a caller; its result is what the caller receives. @default none */
  readonly intercept?: Intercept;
  /** Whether `close` also closes the providers. Set `false` for borrowed ones. @default true */
  readonly closeProviders?: boolean;
}

const everything: Wanted = { keys: [], prefixes: [''] };
const loadMerge = lazy(() => import('../merge/merge.ts'));
const loadLeafParser = lazy(() => import('../report/leaf.ts'));

/** Providers in order of priority, the highest first. Itself a provider. `get` reads the next provider
 *  only if a key is absent; a failure is thrown, so that an outage never looks like a missing key.
 *  @example
 *  await using chain = new ProviderChain([new EnvProvider(), new BundleProvider('config.yaml')]);
 *  await chain.require('database.host'); // an error lists every place that was searched
 *  console.log(`${await chain.explain('database.host')}`); // the winner, and what it overrides
 *  @see loadConfig validates all keys of a schema at once.
 *  @see optional and fallback tolerate an outage; cascade and environments build a chain from levels. */
export class ProviderChain implements ConfigProvider, AsyncDisposable {
  readonly name: string;
  readonly #providers: readonly ConfigProvider[];
  readonly #intercept: Intercept | undefined;
  readonly #closeProviders: boolean;
  #closed: Promise<void> | undefined;

  constructor(providers: readonly ConfigProvider[], options: ChainOptions = {}) {
    checkOptions('ProviderChain', options, { name: aString, intercept: aFunction, closeProviders: aBoolean });
    this.name = options.name ?? 'chain';
    this.#intercept = options.intercept;
    this.#closeProviders = options.closeProviders ?? true;
    this.#providers = checked(providers);
    const names = this.#allProviders().map((provider) => provider.name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined)
      throw new ConfigError('invalid_option', `ProviderChain: two providers are named "${twice}"`, {
        hint: 'Rename one of them',
      });
  }

  get local(): boolean {
    return this.#providers.every((provider) => provider.local === true);
  }

  /** Reads one leaf from the first provider that has it. `undefined` if no provider has it.
   *  @see list and tree merge all providers. */
  get(key: Key, options?: ReadOptions): Promise<Entry | undefined> {
    return this.#intercept ? this.#getIntercepted(key, options ?? {}) : this.#read(key, options);
  }

  async #getIntercepted(spelling: Key, options: ReadOptions): Promise<Entry | undefined> {
    const key = keyOf(spelling);
    return this.#intercepted({ type: 'get', key, options }, () => this.#read(key, options));
  }

  async #read(spelling: Key, options: ReadOptions | undefined): Promise<Entry | undefined> {
    const key = keyOf(spelling);
    if (options?.signal?.aborted) throw abortedBy(this.name, `reading "${key}"`, { key });
    let name = this.name;
    try {
      for (const provider of this.#providers) {
        name = provider.name;
        const entry = await provider.get(key, options);
        if (entry !== undefined) return entry;
      }
    } catch (error) {
      throw toConfigError(error, name, key);
    }
    return undefined;
  }

  /** The value of `get`, without its origin. */
  async value(key: Key, options?: ReadOptions): Promise<ConfigValue | undefined> {
    return (await this.get(key, options))?.value;
  }

  /** The value of a key that must exist. With a schema, the validated value.
   *  @throws `not_found`, which lists every place that was searched; `validation`. */
  require(key: Key, options?: ReadOptions): Promise<ConfigValue>;
  require<S extends StandardSchemaV1>(
    key: Key,
    schema: S,
    options?: ReadOptions,
  ): Promise<StandardSchemaV1.InferOutput<S>>;
  async require(key: Key, second?: StandardSchemaV1 | ReadOptions, third?: ReadOptions): Promise<unknown> {
    const schema = isSchema(second) ? second : undefined;
    if (!schema && second !== undefined && !isPlain(second))
      throw notASchema('require', 'the second argument');
    const entry = await this.get(key, schema ? third : (second as ReadOptions | undefined));
    if (!entry) {
      const { missing } = await import('./missing.ts');
      throw await missing(keyOf(key), this.#allProviders());
    }
    if (!schema) return entry.value;
    const { parseLeaf } = await loadLeafParser();
    return parseLeaf(schema, entry);
  }

  /** Reads many leaves. Asks each provider once, for the keys that are still absent. Each key succeeds or
   *  fails alone. */
  async getMany(
    keys: readonly Key[],
    options: ReadOptions = {},
  ): Promise<ReadonlyMap<Key, Entry | undefined | ConfigError>> {
    return this.#intercepted({ type: 'getMany', keys: keys.map(keyOf), options }, async () => {
      const found = new Map<Key, Entry | undefined | ConfigError>(keys.map((key) => [keyOf(key), undefined]));
      for (const provider of this.#providers) {
        const pending = [...found].flatMap(([key, entry]) => (entry === undefined ? [key] : []));
        if (pending.length === 0) break;
        for (const [key, result] of await getManyFrom(provider, pending, options))
          found.set(key, result instanceof Error ? toConfigError(result, provider.name, key) : result);
      }
      return found;
    });
  }

  /** Merges all providers below `prefix`, leaf by leaf. Includes the holes. */
  async list(prefix: Key = '', options: ListOptions = {}): Promise<readonly (Entry | Unreadable)[]> {
    const at = keyOf(prefix);
    return this.#intercepted({ type: 'list', key: at, options }, async () => {
      const merged = await this.#merged(at, options);
      return [...merged.entries(), ...merged.holes.values()];
    });
  }

  /** Merges all providers into the section at `prefix`. `undefined` if no provider has anything there.
   *  @throws the error of the first hole in the section. */
  tree(): Promise<ConfigTree>;
  tree(prefix: Key, options?: ListOptions): Promise<ConfigTree | undefined>;
  async tree(prefix: Key = '', options: ListOptions = {}): Promise<ConfigTree | undefined> {
    const at = keyOf(prefix);
    return this.#intercepted({ type: 'tree', key: at, options }, async () => {
      const merged = await this.#merged(at, options);
      return maskedCopy(merged.tree(at), () => merged.printable(at));
    });
  }

  async #merged(prefix: Key, options: ListOptions): Promise<Merged> {
    const [layers, { merge }] = await Promise.all([this.#layers(prefix, options), loadMerge()]);
    const failed = layers.find((layer) => layer.error);
    if (failed?.error) throw failed.error;
    const { keys, prefixes } = options.wanted ?? everything;
    return merge(layers, { keys, prefixes: prefix === '' ? prefixes : [...prefixes, prefix] });
  }

  /** The answer of each provider, asked in parallel. A layer holds the error of a failed provider. Nested
   *  chains are flattened. */
  async layers(prefix: Key = '', options: ListOptions = {}): Promise<readonly Layer[]> {
    const at = keyOf(prefix);
    return this.#intercepted({ type: 'layers', key: at, options }, () => this.#layers(at, options));
  }

  async #layers(prefix: Key, options: ListOptions): Promise<readonly Layer[]> {
    if (options.signal?.aborted) throw abortedBy(this.name, `listing "${prefix}"`, { key: prefix });
    return (await Promise.all(this.#providers.map((provider) => layersOf(provider, prefix, options)))).flat();
  }

  /** Explains a key: the provider that wins, those that it overrides, and the answer of each. Shows failures
   *  instead of throwing them; masks secrets. */
  async explain(key: Key, options: ReadOptions = {}): Promise<Explanation> {
    const at = keyOf(key);
    return this.#intercepted({ type: 'explain', key: at, options }, async () => {
      const wanted = { keys: [at], prefixes: [] };
      const [layers, { merge }, { explain }] = await Promise.all([
        this.#layers(at, { ...options, wanted }),
        loadMerge(),
        import('./explain.ts'),
      ]);
      return explain(at, layers, merge(layers, wanted), { status: (name) => this.statusOf(name, at) });
    });
  }

  /** How one of the chain's providers caches a key, without a request.
   *  @internal */
  statusOf(provider: string, key: Key): KeyStatus | undefined {
    return this.#allProviders()
      .find(({ name }) => name === provider)
      ?.status?.(keyOf(key));
  }

  /** Every place where the providers look for a key, one per line. */
  where(key: Key): string {
    return searchedPlaces(keyOf(key), this.#allProviders());
  }

  /** The health of each provider. The chain reports the worst status of its providers. */
  async health(options: ReadOptions = {}): Promise<Health> {
    return this.#intercepted({ type: 'health', key: '', options }, async () =>
      (await import('./health.ts')).healthOf(this.#providers, options),
    );
  }

  /** Expires cached values below `prefix`. Waits for all providers, then throws one error for all
   *  failures. */
  async refresh(prefix: Key = ''): Promise<void> {
    const at = keyOf(prefix);
    return this.#intercepted({ type: 'refresh', key: at, options: {} }, () =>
      this.#onEach('refresh', (provider) => provider.refresh?.(at)),
    );
  }

  /** Calls `onChange` when values of any provider may have changed, until disposed. */
  watch(onChange: (change: Change) => void): Disposable {
    return disposeAll(this.#providers.map((provider) => provider.watch?.(onChange)));
  }

  /** Calls `listener` for each event of any provider, until disposed.
   *  @see logTo */
  on(listener: (event: ConfigEvent) => void): Disposable {
    return disposeAll(this.#providers.map((provider) => provider.on?.(listener)));
  }

  /** Closes the providers, unless `closeProviders` is false. Idempotent. */
  async close(): Promise<void> {
    this.#closed ??= this.#closeProviders
      ? this.#onEach('close', (provider) => provider.close?.())
      : Promise.resolve();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #onEach(what: string, call: (provider: ConfigProvider) => Promise<void> | undefined): Promise<void> {
    return callEach(`${this.name}: ${what}`, this.#providers, call);
  }

  #allProviders(): readonly ConfigProvider[] {
    return this.#providers.flatMap((provider) =>
      provider instanceof ProviderChain ? provider.#allProviders() : [provider],
    );
  }

  #intercepted<T>(operation: Operation, next: () => Promise<T>): Promise<T> {
    return this.#intercept ? (this.#intercept(Object.freeze(operation), next) as Promise<T>) : next();
  }
}

function checked(providers: readonly ConfigProvider[]): readonly ConfigProvider[] {
  if (!Array.isArray(providers))
    throw new ConfigError('invalid_option', 'ProviderChain: the first argument must be a list of providers');
  providers.forEach(
    (provider, i) => void checkProvider('ProviderChain', provider, `item ${i + 1} of the list`),
  );
  return Object.freeze([...providers]);
}
