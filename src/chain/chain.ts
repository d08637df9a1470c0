import type { Entry, Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
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
import { failure, getMany, layersOf, settle, whereAll } from '../query.ts';
import { isSchema, noSchema, type StandardSchemaV1 } from '../schema/schema.ts';
import { type ConfigTree, type ConfigValue, isPlain, type Key } from '../value.ts';
import type { Explanation } from './explain.ts';

/** What a caller asked a chain to do. */
export type Operation =
  | { readonly type: 'get' | 'explain'; readonly key: Key; readonly options: ReadOptions }
  | { readonly type: 'getMany'; readonly keys: readonly Key[]; readonly options: ReadOptions }
  | { readonly type: 'list' | 'tree' | 'layers'; readonly key: Key; readonly options: ListOptions }
  | { readonly type: 'refresh' | 'health'; readonly key: Key; readonly options: ReadOptions };

/** Stands around each caller's operation, outside cache and batch: policy before, redaction or audit after, a span around. */
export type Intercept = (operation: Operation, next: () => Promise<unknown>) => Promise<unknown>;

export interface ChainOptions {
  /** How errors call it. @default 'chain' */
  readonly name?: string;
  /** Called around each operation of a caller; what it answers is what the caller gets. @default none */
  readonly intercept?: Intercept;
  /** Whether `close` closes the providers too; `false` for borrowed ones. @default true */
  readonly closeProviders?: boolean;
}

const all: Wanted = { keys: [], prefixes: [''] };
const merging = lazy(() => import('../merge/merge.ts'));
const reading = lazy(() => import('../report/leaf.ts'));

/** Providers in order of priority, the first the highest; itself a provider. Only *absent* falls through to the next. */
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
    const names = this.#flat().map((provider) => provider.name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined)
      throw new ConfigError('invalid_option', `ProviderChain: two providers are named "${twice}"`, {
        hint: 'Give one of them another name',
      });
  }

  get local(): boolean {
    return this.#providers.every((provider) => provider.local === true);
  }

  get(key: Key, options?: ReadOptions): Promise<Entry | undefined> {
    return this.#intercept ? this.#askedFor(key, options ?? {}) : this.#walk(key, options);
  }

  async #askedFor(spelling: Key, options: ReadOptions): Promise<Entry | undefined> {
    const key = keyOf(spelling);
    return this.#around({ type: 'get', key, options }, () => this.#walk(key, options));
  }

  async #walk(spelling: Key, options: ReadOptions | undefined): Promise<Entry | undefined> {
    const key = keyOf(spelling);
    if (options?.signal?.aborted)
      throw new ConfigError('aborted', `reading "${key}" was given up before it began`, { key });
    let asked = this.name;
    try {
      for (const provider of this.#providers) {
        asked = provider.name;
        const entry = await provider.get(key, options);
        if (entry !== undefined) return entry;
      }
    } catch (error) {
      throw failure(error, asked, key);
    }
    return undefined;
  }

  /** The value alone; `undefined` when nobody has the key. */
  async value(key: Key, options?: ReadOptions): Promise<ConfigValue | undefined> {
    return (await this.get(key, options))?.value;
  }

  /** The value, or an error that lists every place where it was looked for. With a schema, the value as the schema makes it. */
  require(key: Key, options?: ReadOptions): Promise<ConfigValue>;
  require<S extends StandardSchemaV1>(
    key: Key,
    schema: S,
    options?: ReadOptions,
  ): Promise<StandardSchemaV1.InferOutput<S>>;
  async require(key: Key, second?: StandardSchemaV1 | ReadOptions, third?: ReadOptions): Promise<unknown> {
    const schema = isSchema(second) ? second : undefined;
    if (!schema && second !== undefined && !isPlain(second)) throw noSchema('require', 'its second argument');
    const entry = await this.get(key, schema ? third : (second as ReadOptions | undefined));
    if (!entry) {
      const { missing } = await import('./missing.ts');
      throw await missing(keyOf(key), this.#flat());
    }
    if (!schema) return entry.value;
    const { parseLeaf } = await reading();
    return parseLeaf(schema, entry);
  }

  async getMany(
    keys: readonly Key[],
    options: ReadOptions = {},
  ): Promise<ReadonlyMap<Key, Entry | undefined | ConfigError>> {
    return this.#around({ type: 'getMany', keys: keys.map(keyOf), options }, async () => {
      const found = new Map<Key, Entry | undefined | ConfigError>(keys.map((key) => [keyOf(key), undefined]));
      for (const provider of this.#providers) {
        const open = [...found].flatMap(([key, entry]) => (entry === undefined ? [key] : []));
        if (open.length === 0) break;
        for (const [key, answer] of await getMany(provider, open, options))
          found.set(key, answer instanceof Error ? failure(answer, provider.name, key) : answer);
      }
      return found;
    });
  }

  /** The merge of the layers below `prefix`, leaf by leaf, holes included. */
  async list(prefix: Key = '', options: ListOptions = {}): Promise<readonly (Entry | Unreadable)[]> {
    const at = keyOf(prefix);
    return this.#around({ type: 'list', key: at, options }, async () => {
      const merged = await this.#merged(at, options);
      return [...merged.entries(), ...merged.holes.values()];
    });
  }

  /** The merged section below `prefix`; throws the first hole in it. `undefined` when nobody has anything there. */
  tree(): Promise<ConfigTree>;
  tree(prefix: Key, options?: ListOptions): Promise<ConfigTree | undefined>;
  async tree(prefix: Key = '', options: ListOptions = {}): Promise<ConfigTree | undefined> {
    const at = keyOf(prefix);
    return this.#around({ type: 'tree', key: at, options }, async () => {
      const merged = await this.#merged(at, options);
      return maskedCopy(merged.tree(at), () => merged.printable(at));
    });
  }

  async #merged(prefix: Key, options: ListOptions): Promise<Merged> {
    const [layers, { merge }] = await Promise.all([this.#layers(prefix, options), merging()]);
    const failed = layers.find((layer) => layer.error);
    if (failed?.error) throw failed.error;
    const { keys, prefixes: open } = options.wanted ?? all;
    return merge(layers, { keys, prefixes: prefix === '' ? open : [...open, prefix] });
  }

  /** Each provider's own answer, asked side by side; a failure stands in its layer. Nested chains appear flat. */
  async layers(prefix: Key = '', options: ListOptions = {}): Promise<readonly Layer[]> {
    const at = keyOf(prefix);
    return this.#around({ type: 'layers', key: at, options }, () => this.#layers(at, options));
  }

  async #layers(prefix: Key, options: ListOptions): Promise<readonly Layer[]> {
    if (options.signal?.aborted)
      throw new ConfigError('aborted', `listing "${prefix}" was given up before it began`, { key: prefix });
    return (await Promise.all(this.#providers.map((provider) => layersOf(provider, prefix, options)))).flat();
  }

  /** Who wins a key, who is shadowed, what each provider said; failures are shown, not thrown; secrets are masked. */
  async explain(key: Key, options: ReadOptions = {}): Promise<Explanation> {
    const at = keyOf(key);
    return this.#around({ type: 'explain', key: at, options }, async () => {
      const wanted = { keys: [at], prefixes: [] };
      const [layers, { merge }, { explain }] = await Promise.all([
        this.#layers(at, { ...options, wanted }),
        merging(),
        import('./explain.ts'),
      ]);
      return explain(at, layers, merge(layers, wanted), { status: (name) => this.statusOf(name, at) });
    });
  }

  /** What one of its providers knows, without asking anyone, about how it holds a key.
   *  @internal */
  statusOf(provider: string, key: Key): KeyStatus | undefined {
    return this.#flat()
      .find(({ name }) => name === provider)
      ?.status?.(keyOf(key));
  }

  where(key: Key): string {
    return whereAll(keyOf(key), this.#flat());
  }

  async health(options: ReadOptions = {}): Promise<Health> {
    return this.#around({ type: 'health', key: '', options }, async () =>
      (await import('./health.ts')).healthOf(this.#providers, options),
    );
  }

  /** What is held in memory counts as expired, everywhere; failures are gathered, none is swallowed. */
  async refresh(prefix: Key = ''): Promise<void> {
    const at = keyOf(prefix);
    const refreshed = (provider: ConfigProvider) =>
      provider.refresh?.(at).catch((error: unknown) => Promise.reject(failure(error, provider.name)));
    return this.#around({ type: 'refresh', key: at, options: {} }, () =>
      settle(
        `${this.name}: refresh`,
        this.#providers.map(async (provider) => refreshed(provider)),
      ),
    );
  }

  watch(onChange: (change: Change) => void): Disposable {
    return disposeAll(this.#providers.map((provider) => provider.watch?.(onChange)));
  }

  on(listener: (event: ConfigEvent) => void): Disposable {
    return disposeAll(this.#providers.map((provider) => provider.on?.(listener)));
  }

  async close(): Promise<void> {
    const closed = (provider: ConfigProvider) =>
      provider.close?.().catch((error: unknown) => Promise.reject(failure(error, provider.name)));
    this.#closed ??= this.#closeProviders
      ? settle(
          `${this.name}: close`,
          this.#providers.map(async (provider) => closed(provider)),
        )
      : Promise.resolve();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #flat(): readonly ConfigProvider[] {
    return this.#providers.flatMap((provider) =>
      provider instanceof ProviderChain ? provider.#flat() : [provider],
    );
  }

  #around<T>(operation: Operation, next: () => Promise<T>): Promise<T> {
    return this.#intercept ? (this.#intercept(Object.freeze(operation), next) as Promise<T>) : next();
  }
}

function checked(providers: readonly ConfigProvider[]): readonly ConfigProvider[] {
  if (!Array.isArray(providers))
    throw new ConfigError('invalid_option', 'ProviderChain: the first argument must be a list of providers');
  providers.forEach(
    (provider, i) => void checkProvider('ProviderChain', provider, `number ${i + 1} of its list`),
  );
  return Object.freeze([...providers]);
}
