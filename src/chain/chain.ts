// A chain of providers: the main class of the library. A look-up (`get`) reads the providers in order; a
// listing reads them in parallel and merges their layers. The code for merging, explaining, health and
// missing keys is loaded on first use, which keeps the import of the core small.

import type { Entry, Unreadable } from '../entry.ts';
import { isConfigError } from '../errors.ts';
import type { ConfigEvent } from '../events.ts';
import type { Health } from '../health.ts';
import type { Asked, Interceptor } from '../interception.ts';
import { lazy } from '../internal/lazy.ts';
import { disposeAll } from '../internal/listeners.ts';
import { aBoolean, aFunction, aString, checkOptions, either, listOf } from '../internal/options.ts';
import { keyOf } from '../key.ts';
import type { Merged } from '../merge/merged.ts';
import { needsOf, type ReportNeeds } from '../needs.ts';
import { type CallOptions, type Cause, entered, operationIn } from '../operation.ts';
import {
  type Change,
  type CloseOptions,
  type ConfigProvider,
  InSteps,
  isProvider,
  type KeyStatus,
  type Known,
  type Layer,
  type ListOptions,
  type ReadOptions,
} from '../provider.ts';
import { callEach, type Results, searchedPlaces } from '../query.ts';
import { isSchema, notASchema, type StandardSchemaV1 } from '../schema/schema.ts';
import { inTurns, type Steps } from '../turns.ts';
import { type ConfigTree, type ConfigValue, isPlain, type Key } from '../value.ts';
import { askFirst, askKnown, askMany, knownOf } from './asking.ts';
import type { Explanation } from './explain.ts';
import { Hooks } from './hooks.ts';
import { askLayers } from './layers.ts';
import { checkedList, notAList, uniquelyNamed } from './names.ts';

/** The options of a ProviderChain. */
export interface ChainOptions {
  /** The name in errors. @default 'chain' */
  readonly name?: string;
  /** Wraps each operation of a caller; the first is the outermost. @default none */
  readonly intercept?: Interceptor | readonly Interceptor[];
  /** Whether `close` also closes the providers. Set `false` for borrowed ones. @default true */
  readonly closeProviders?: boolean;
}

const chainOptionChecks = {
  name: aString,
  intercept: either(aFunction, listOf(aFunction)),
  closeProviders: aBoolean,
};
const loadMerge = lazy(() => import('../merge/merge.ts'));
const loadLeafParser = lazy(() => import('../report/parse-leaf.ts'));

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
  readonly #hooks: Hooks;
  readonly #closeProviders: boolean;
  #closed: Promise<void> | undefined;

  constructor(providers: readonly ConfigProvider[], options: ChainOptions = {}) {
    const { name = 'chain', intercept = [], closeProviders = true } = options;
    if (isProvider(providers) || isProvider(options)) throw notAList();
    checkOptions('ProviderChain', options, chainOptionChecks);
    this.name = name;
    this.#hooks = new Hooks(name, Object.freeze([intercept].flat()));
    this.#closeProviders = closeProviders;
    this.#providers = Object.freeze(uniquelyNamed(checkedList(providers), namesOf));
  }

  get local(): boolean {
    return this.#providers.every((provider) => provider.local === true);
  }

  /** Reads one leaf from the first provider that has it. `undefined` if no provider has it.
   *  @see list and tree merge all providers. */
  get(key: Key, options?: ReadOptions): Promise<Entry | undefined> {
    if (this.#hooks.active) return this.lookUp(key, options ?? {}, (_, inner) => this.#read(key, inner));
    return options === undefined ? askKnown(this, this.#providers, key) : this.#read(key, options);
  }

  /** What the chain knows while nothing observes it.
   *  @internal */
  known(key: Key, peek = false): Known | undefined {
    return this.#hooks.active ? undefined : knownOf(this.#providers, key, peek);
  }

  #read(key: Key, options: ReadOptions): Promise<Entry | undefined> {
    return askFirst(this, this.#providers, key, options);
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
    const options = this.#hooks.identified(schema ? third : (second as ReadOptions | undefined));
    try {
      const entry = await this.get(key, options);
      if (!entry) throw await (await import('./missing.ts')).missing(keyOf(key), this, options);
      if (!schema) return entry.value;
      const { parseLeaf } = await loadLeafParser();
      return await parseLeaf(schema, entry);
    } catch (error) {
      const operation = operationIn(options);
      throw operation !== undefined && isConfigError(error) ? error.with({ operation }) : error;
    }
  }

  /** Reads many leaves. Asks each provider once, for the keys that are still absent. Each key succeeds or
   *  fails alone. */
  async getMany(keys: readonly Key[], options: ReadOptions = {}): Promise<Results> {
    const wanted = keys.map(keyOf);
    const ask = (inner: ReadOptions): Promise<Results> => askMany(this.name, this.#providers, wanted, inner);
    return this.#hooks.active
      ? this.#hooks.lookUp({ type: 'getMany', keys: wanted }, options, ask, (found) => found)
      : ask(options);
  }

  /** Merges all providers below `prefix`, leaf by leaf. Includes the holes. */
  async list(prefix: Key = '', options: ListOptions = {}): Promise<readonly (Entry | Unreadable)[]> {
    const at = keyOf(prefix);
    return this.#observed('list', at, options, async (inner) => {
      return (await this.#merged(at, inner)).items();
    });
  }

  /** Merges all providers into the section at `prefix`. `undefined` if no provider has anything there.
   *  @throws the error of the first hole in the section. */
  tree(): Promise<ConfigTree>;
  tree(prefix: Key, options?: ListOptions): Promise<ConfigTree | undefined>;
  async tree(prefix: Key = '', options: ListOptions = {}): Promise<ConfigTree | undefined> {
    const at = keyOf(prefix);
    return this.#observed('tree', at, options, async (inner) => {
      const [merged, { maskedCopy }] = await Promise.all([this.#merged(at, inner), import('../masking.ts')]);
      return maskedCopy(merged.tree(at), () => merged.printable(at));
    });
  }

  async #merged(prefix: Key, options: ListOptions): Promise<Merged> {
    const [layers, { mergeListed }] = await Promise.all([
      inTurns(this.#layers(prefix, options)),
      loadMerge(),
    ]);
    return mergeListed(layers, prefix, options.wanted);
  }

  /** The answer of each provider, asked in parallel. A layer holds the error of a failed provider. A nested
   *  chain returns a layer for each of its providers. */
  layers(prefix: Key = '', options: ListOptions = {}): Promise<readonly Layer[]> {
    return inTurns(this.#layersAt(prefix, options));
  }

  /** @internal */
  get inSteps(): InSteps {
    const { list, layers } = ProviderChain.prototype;
    return new InSteps([list, layers], { layers: (prefix, options = {}) => this.#layersAt(prefix, options) });
  }

  *#layersAt(prefix: Key, options: ListOptions): Steps<readonly Layer[]> {
    const asked = { type: 'layers', key: keyOf(prefix) } as const;
    const ask = (inner: ListOptions) => this.#layers(asked.key, inner);
    return yield* this.#hooks.active ? this.#hooks.runSteps(asked, options, ask) : ask(options);
  }

  /** `layers` for a load of a configuration. The thread in the options has its id and its cause.
   *  @internal */
  load(type: 'load' | 'reload', prefix: Key, options: ListOptions): Steps<readonly Layer[]> {
    const ask = (inner: ListOptions) => this.#layers(prefix, inner);
    return this.#hooks.active
      ? this.#hooks.runSteps({ type, key: prefix }, options, ask)
      : ask(entered(options).options);
  }

  /** `layers` of the providers that make no network request, to suggest a spelling.
   *  @internal */
  hints(options: CallOptions): Promise<readonly Layer[]> {
    const ask = (inner: CallOptions) => inTurns(this.#layers('', inner));
    return this.#inOperation({ type: 'layers', key: '' }, options, ask, 'hint');
  }

  #layers(prefix: Key, options: ListOptions): Steps<readonly Layer[]> {
    return askLayers(this.name, this.#providers, prefix, options, this.#hooks.notice);
  }

  /** Explains a key: the provider that wins, those that it overrides, and the answer of each. Shows failures
   *  instead of throwing them; masks secrets. */
  async explain(key: Key, options: ReadOptions = {}): Promise<Explanation> {
    const at = keyOf(key);
    const ask = async (inner: ReadOptions): Promise<Explanation> => {
      const wanted = { keys: [at], prefixes: [] };
      const [layers, { merge }, { explain }] = await Promise.all([
        inTurns(this.#layers(at, { ...inner, wanted })),
        loadMerge(),
        import('./explain.ts'),
      ]);
      return explain(at, layers, merge(layers, wanted), { status: (name) => this.statusOf(name, at) });
    };
    return this.#inOperation({ type: 'explain', key: at }, options, ask, 'explain');
  }

  /** How one of the chain's providers caches a key, without a request.
   *  @internal */
  statusOf(provider: string, key: Key): KeyStatus | undefined {
    return this.providers.find(({ name }) => name === provider)?.status?.(keyOf(key));
  }

  /** Every place where the providers look for a key, one per line. */
  where(key: Key, options?: CallOptions): string {
    return searchedPlaces(keyOf(key), this.#providers, options);
  }

  /** @internal */
  leasedAt(key: Key): Key | undefined {
    return this.#providers.map((one) => one.leasedAt?.(key)).find((place) => place !== undefined);
  }

  /** @internal */
  needs(wanted: Parameters<ReportNeeds>[0]): ReturnType<ReportNeeds> {
    return needsOf(this.#providers, wanted);
  }

  /** The health of each provider. The chain reports the worst status of its providers. */
  async health(options: ReadOptions = {}): Promise<Health> {
    return this.#observed('health', '', options, async (inner) =>
      (await import('./health.ts')).healthOf(this.#providers, inner, this.#hooks.sawHealth),
    );
  }

  /** Expires cached values below `prefix`. Waits for all providers, then throws one error for all
   *  failures. */
  async refresh(prefix: Key = '', options: CallOptions = {}): Promise<void> {
    const at = keyOf(prefix);
    return this.#observed('refresh', at, options, (inner) =>
      this.#onEach('refresh', (provider) => provider.refresh?.(at, inner)),
    );
  }

  /** Expires the document that holds a key, and reads it again: in the first provider that has the key.
   *  @see get */
  async renew(key: Key, options: ReadOptions = {}): Promise<Entry | undefined> {
    const { renewFirst } = await import('./renewal.ts');
    return this.lookUp(key, options, (providers, inner) => renewFirst(providers, keyOf(key), inner));
  }

  /** Runs a look-up of a key that reads the providers in a way of its own.
   *  @internal */
  async lookUp(
    spelling: Key,
    options: ReadOptions,
    read: (providers: readonly ConfigProvider[], options: ReadOptions) => Promise<Entry | undefined>,
  ): Promise<Entry | undefined> {
    const key = keyOf(spelling);
    const ask = (inner: ReadOptions): Promise<Entry | undefined> => read(this.#providers, inner);
    return this.#hooks.active
      ? this.#hooks.lookUp({ type: 'get', key }, options, ask, (entry) => [[key, entry]])
      : ask(options);
  }

  /** Calls `onChange` when values of any provider may have changed, until disposed. */
  watch(onChange: (change: Change) => void, options?: CallOptions): Disposable {
    return disposeAll(this.#providers.map((provider) => provider.watch?.(onChange, options)));
  }

  /** Calls `listener` for each event of the chain and of any provider, until disposed. Each look-up emits a
   *  `read` of the chain, and one of each store that it reaches, all with the same `operation`.
   *  @see logTo */
  on(listener: (event: ConfigEvent) => void, options?: CallOptions): Disposable {
    return this.#hooks.on(listener, this.#providers, options);
  }

  /** Closes the providers, unless `closeProviders` is false. Waits for each for two seconds, or as long as
   *  `withinMs`. Idempotent. */
  async close(options?: CloseOptions): Promise<void> {
    this.#closed ??= this.#closeProviders
      ? this.#onEach('close', (provider) => this.#hooks.closes(provider, options))
      : Promise.resolve();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #onEach(what: string, call: (provider: ConfigProvider) => Promise<void> | undefined): Promise<void> {
    return callEach(`${this.name}: ${what}`, this.#providers, call);
  }

  #observed<T, O extends CallOptions>(
    type: Asked['type'],
    key: Key,
    options: O,
    ask: (options: O) => Promise<T>,
  ): Promise<T> {
    return this.#hooks.active ? this.#hooks.run({ type, key }, options, ask) : ask(options);
  }

  /** The same with an id that the providers learn, too, whether or not the chain is observed. */
  #inOperation<T, O extends CallOptions>(
    asked: Asked,
    options: O,
    ask: (options: O) => Promise<T>,
    cause?: Cause,
  ): Promise<T> {
    return this.#hooks.active
      ? this.#hooks.run(asked, options, ask, cause)
      : ask(entered(options, cause).options);
  }

  /** The providers, those of nested chains in place of the chains.
   *  @internal */
  get providers(): readonly ConfigProvider[] {
    return this.#providers.flatMap(providersOf);
  }
}

const providersOf = (provider: ConfigProvider): readonly ConfigProvider[] =>
  provider instanceof ProviderChain ? provider.providers : [provider];
const namesOf = (provider: ConfigProvider): readonly string[] =>
  providersOf(provider).map(({ name }) => name);
