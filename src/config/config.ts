// The object that `loadConfig` returns. It owns the generations and decides which load becomes the next one;
// `load.ts` does the loading, `watching.ts` triggers reloads, `reloads.ts` keeps them one at a time.

import { inspect } from 'node:util';
import type { Explanation } from '../chain/explain.ts';
import { timeLeft } from '../closing.ts';
import { abortedBy, ConfigError } from '../errors.ts';
import type { ConfigEvent } from '../events.ts';
import { keyFrom, keyOf } from '../key.ts';
import { type Living, register, retire } from '../living.ts';
import { newId } from '../operation.ts';
import type { CloseOptions, ConfigProvider } from '../provider.ts';
import { type Mutable, type Revealable, reveal, revealed } from '../reveal.ts';
import { atOnce, inTurns, type Steps, wait } from '../turns.ts';
import { type Key, withoutBigints } from '../value.ts';
import { type Caller, calledFrom, reported } from './caller.ts';
import { isLate } from './deadline.ts';
import { asFailedLoad, ConfigEvents } from './events.ts';
import { explainKey } from './explaining.ts';
import { closedError, Failures } from './failures.ts';
import { changedKeys, Generation, type GenerationInfo, type Made, pathOf } from './generation.ts';
import { type Load, type LoadContext, loadedFrom, loadValid, type Unchanged } from './load.ts';
import { Overrides, type OverrideValues } from './overrides.ts';
import type { DeepReadonly, PathOf, ValueAt } from './paths.ts';
import type { LoadOptions, Plan } from './plan.ts';
import { publishers } from './public-config.ts';
import { publish } from './publishing.ts';
import { type LoadMode, loadModes, Reloads, readOptions, tracedLoad } from './reloads.ts';
import type { DisposeResource, MakeResource, Resource, ResourceOwner } from './resources.ts';
import { Resources } from './resources.ts';
import { type ConfigStats, configStats, livingConfig } from './stats.ts';
import { type ChangeListener, Subscriptions } from './subscriptions.ts';
import { refuseUnknown } from './unknown-path.ts';
import { acceptedKeys, type ReloadOptions } from './vanished.ts';
import { ConfigView, type ViewedConfig } from './view.ts';
import { leaseHolders, Watching, type WatchOptions } from './watching.ts';

/** A loaded configuration. It holds one frozen generation at a time: a reload replaces it as a whole, or
 *  fails and keeps it. Made by `loadConfig`.
 *  @example
 *  await using config = await loadConfig(schema, source, { watch: true });
 *  config.value.llm.model; // => 'small'
 *  config.get('llm.model'); // => 'small', with the same type
 *  config.subscribe('llm', () => reconnect(config.get('llm'))); */
export class Config<T> implements AsyncDisposable, Revealable<T> {
  readonly #plan: Plan;
  readonly #options: LoadOptions;
  readonly #own: ConfigProvider | undefined;
  readonly #events: ConfigEvents;
  readonly #failures: Failures;
  readonly #subscriptions = new Subscriptions<T>((key, error) => this.#events.emitThrown(key, error));
  readonly #reloads = new Reloads((mode) => inTurns(this.#load(mode)));
  readonly #stop = new AbortController();
  readonly #overrides = new Overrides();
  readonly #viewed: ViewedConfig & ResourceOwner = {
    find: (path) => this.#flat[path] ?? this.#find(path),
    explain: (path) => this.explain(path as PathOf<T>),
    subscribe: (path, listener) => this.#subscriptions.add(path, listener),
    quotes: (path) => this.#generation.quotes(pathOf(path)),
    report: (...failed) => this.#events.emitResource(...failed),
  };
  readonly #resources = new Resources(this.#viewed);
  #generation!: Generation<T>;
  #previous: Generation<T> | undefined;
  #lastNumber = 0;
  /** True after a rollback, until the next explicit reload. */
  #pinned = false;
  #flat = noPaths();
  #watching: Watching | undefined;
  #living: Living | undefined;
  #closed: Promise<void> | undefined;

  /** Use `loadConfig`.
   *  @internal */
  static *load<T>(
    plan: Plan,
    options: LoadOptions,
    own: ConfigProvider | undefined,
    caller: Caller,
  ): Steps<Config<T>> {
    const config = new Config<T>(plan, options, own);
    try {
      yield* config.#start();
      return config;
    } catch (error) {
      const closed = config.close().catch(() => undefined);
      if (!isLate(error, options.deadlineMs)) yield* wait({ later: () => closed, now: () => {} });
      throw calledFrom(caller, error);
    }
  }

  /** @internal */
  private constructor(plan: Plan, options: LoadOptions, own: ConfigProvider | undefined) {
    this.#plan = plan;
    this.#options = options;
    this.#own = own;
    const generations = () => [this.#generation, this.#previous];
    const { name } = plan.source;
    this.#failures = new Failures(name);
    this.#events = new ConfigEvents(name, (text) => generations().some((one) => one?.quotes()(text)));
    if (options.on) this.#events.on(options.on);
    loadedFrom.set(this, { plan, options, found: () => this.#generation.load });
    publishers.set(this, (paths) => publish(this.#generation, paths));
  }

  *#start(): Steps<void> {
    const { signal, watch = false } = this.#options;
    if (signal?.aborted) throw abortedBy(this.#plan.source.name, 'the load');
    signal?.addEventListener('abort', this.#abort, { once: true });
    // the watch begins before the read, so that no change is missed
    if (watch) this.#watch(watch === true ? {} : watch);
    const { first } = loadModes;
    yield* wait({ later: () => this.#run(first), now: () => atOnce(this.#load(first)) });
    this.#living = livingConfig(this, this.#plan.source.name, this.#failures.counts);
    register(this, this.#living);
  }

  readonly #abort = (): void => void this.close().catch(() => undefined);

  /** The value of the current generation, frozen. A reload does not change this object: the next read gets a
   *  new one. Masks secrets when it is printed, and JSON of it has the text `[redacted]` in their place.
   *  @see reveal for a copy with secrets that can be sent or changed */
  get value(): DeepReadonly<T> {
    return this.#generation.value as DeepReadonly<T>;
  }

  /** The number, the age and the sources of the current generation. */
  get generation(): GenerationInfo {
    return this.#generation.info;
  }

  /** Why the last reload failed. Undefined if it succeeded.
   *  @example
   *  if (config.failure) console.error(`still on old values: ${config.failure.message}`); */
  get failure(): ConfigError | undefined {
    return this.#failures.last?.error;
  }

  /** The value at a path. A look-up by a whole key is faster than a path through `value`.
   *  @throws ConfigError `invalid_key` for a path that the schema does not know
   *  @example
   *  config.get('database.poolMax'); // => 10
   *  config.get('ingress."api.example.com".port'); // quote names that hold dots */
  get<P extends PathOf<T>>(path: P): DeepReadonly<ValueAt<T, P>> {
    const value = this.#flat[path];
    return (value === undefined ? this.#find(path) : value) as DeepReadonly<ValueAt<T, P>>;
  }

  /** Finds a value by its path, and keeps it for the next look-up. */
  #find(path: string): unknown {
    const steps = pathOf(path);
    const value = this.#generation.at(steps);
    if (value === undefined) refuseUnknown(steps, this.#generation);
    else if (this.#generation.isFixed(steps) && keyFrom(steps) === path) this.#flat[path] = value;
    return value;
  }

  /** A view of a section. It follows reloads.
   *  @example
   *  const llm = config.at('llm');
   *  llm.get('model'); // => 'small', and after a reload the new value */
  at<P extends PathOf<T>>(path: P): ConfigView<ValueAt<T, P>> {
    return new ConfigView(this.#viewed, path);
  }

  /** Where a value comes from, which values it overrides, and what the schema did with it. Masks secrets.
   *  @example
   *  console.log(String(config.explain('port')));
   *  // port = "9090"
   *  //   → env APP_PORT  "9090"  wins */
  explain(path: PathOf<T>): Explanation {
    return explainKey(this.#generation, keyOf(path), this.#failures.last);
  }

  /** Calls `listener` for each generation that changes something at `path`; `''` is the whole configuration.
   *  A reload with the same values calls no listener. Dispose of the result to unsubscribe.
   *  @example
   *  const subscription = config.subscribe('llm.model', ({ generation }) => {
   *    console.log(`generation ${generation} has the model ${config.get('llm.model')}`);
   *  });
   *  subscription[Symbol.dispose](); */
  subscribe(path: PathOf<T> | '', listener: ChangeListener): Disposable {
    return this.#subscriptions.add(path, listener);
  }

  /** Listens to the events of loads: `refreshed`, `changed`, `refresh_failed`, `vanished`, `notice`. Events
   *  hold no values. */
  on(listener: (event: ConfigEvent) => void): Disposable {
    return this.#events.on(listener);
  }

  /** Reads all sources again, without their caches. Makes the next generation, or throws and keeps the
   *  current one.
   *  @throws ConfigError the failure of a source, or `validation`
   *  @example
   *  process.on('SIGHUP', () => config.reload().catch((error: Error) => console.error(error.message)));
   *  await config.reload({ accept: ['database.password'] }); // it was deleted from its store on purpose */
  async reload(options: ReloadOptions = {}): Promise<GenerationInfo> {
    return reported(this.reload, async () => {
      await this.#run({ ...loadModes.explicit, ...acceptedKeys(options, this.#generation.load) });
      return this.generation;
    });
  }

  /** Makes a resource from a section, such as a pool or a client, and again when the section changes. The new
   *  one replaces the old one, which is disposed of after its last use. If it cannot be made, the old
   *  one stays, a `notice` says so, and it is tried again after 1 to 60 seconds. Closing the configuration
   *  disposes of it.
   *  @param make gets a copy of the section, with its secrets, that it may keep and change
   *  @param dispose ends a resource; without it, its `Symbol.asyncDispose` or `Symbol.dispose` does
   *  @throws what `make` throws the first time
   *  @example
   *  const pool = await config.use('database', (options) => new Pool(options), (pool) => pool.end());
   *  await pool.run((pool) => pool.query('SELECT 1')); */
  async use<P extends PathOf<T> | '', R>(
    path: P,
    make: MakeResource<Mutable<P extends '' ? T : ValueAt<T, P>>, R>,
    dispose?: DisposeResource<R>,
  ): Promise<Resource<R>> {
    return this.#resources.add(path, make, dispose);
  }

  /** Puts values above all sources, for tests, until the result is disposed of. Validates them together with
   *  what the sources had, and reads no source. Names at the top level may be dotted keys.
   *  @throws ConfigError `validation`; the values are then not in use
   *  @example
   *  await using _ = await config.override({ 'llm.model': 'fake', database: { poolMax: 1 } }); */
  override(values: OverrideValues): Promise<AsyncDisposable> {
    return this.#overrides.apply(values, this.#plan.at, () => this.#run(loadModes.override));
  }

  /** Restores the previous generation until the next `reload()`. Polls and watches do not replace it. Goes
   *  back one generation only.
   *  @throws ConfigError `not_found` without a previous generation
   *  @example
   *  await config.reload();
   *  if (!(await isHealthy())) config.rollback(); */
  rollback(): GenerationInfo {
    const previous = this.#previous;
    if (!previous)
      throw new ConfigError('not_found', 'rollback: the configuration has no earlier generation');
    this.#pinned = true;
    this.#previous = undefined;
    this.#replace(previous);
    return this.generation;
  }

  #run(mode: LoadMode): Promise<void> {
    return this.#closed ? Promise.reject(closedError()) : this.#reloads.run(mode);
  }

  *#load(mode: LoadMode): Steps<void> {
    if (this.#isPinned(mode)) return;
    const began = performance.now();
    const operation = newId();
    try {
      const number = (): number => this.generation.number;
      yield* tracedLoad(this.#plan.source.name, mode, operation, number, this.#next(mode, operation, began));
    } catch (error) {
      const failed = asFailedLoad(error, operation);
      const isHeard = mode.explicit || this.#events.hasListeners || this.#closed !== undefined;
      if (this.#lastNumber > 0) this.#failures.failed(failed, isHeard);
      this.#events.emitFailure(failed, performance.now() - began);
      throw failed;
    }
  }

  *#next(mode: LoadMode, operation: string, began: number): Steps<void> {
    const options = readOptions(mode, operation, this.#stop.signal, this.#options.context);
    const onVanished: LoadContext['onVanished'] = (...lost) => this.#events.emitVanished(operation, ...lost);
    const before = () => this.#generation;
    const around = { mode, before, overrides: this.#overrides, onVanished };
    const load = yield* loadValid(this.#plan, options, around, this.#options);
    const made = yield* Generation.next(this.#lastNumber + 1, load, before, this.#events);
    if (this.#closed) throw closedError();
    if (this.#isPinned(mode)) return;
    this.#pinned = false;
    this.#promote(load, made, performance.now() - began, operation);
    if (this.#options.watch) this.#watching?.loaded(load.carried.layers, mode.maxAgeMs);
  }

  /** Whether a load would undo a rollback that it must respect. */
  #isPinned(mode: LoadMode): boolean {
    return this.#pinned && !mode.explicit;
  }

  #promote(load: Load | Unchanged, { next, changed }: Made<T>, durationMs: number, operation: string): void {
    const before = this.#generation as Generation<T> | undefined;
    const { number } = next.info;
    this.#lastNumber = Math.max(this.#lastNumber, number);
    this.#events.emitNotices(load, this.#options);
    this.#failures.succeeded(number);
    this.#events.emit('refreshed', { durationMs, version: String(number), operation });
    if (number === before?.info.number) {
      this.#generation = next;
    } else {
      this.#previous = before;
      this.#replace(next, changed, operation);
    }
    const holders = leaseHolders(next.load.layers);
    if (!this.#watching && holders.size > 0) this.#watch({}, holders);
  }

  #replace(next: Generation<T>, changed?: readonly Key[], operation?: string): void {
    const before = this.#generation as Generation<T> | undefined;
    this.#generation = next;
    this.#flat = noPaths();
    if (!before) return;
    const version = String(next.info.number);
    this.#events.emitChanged(() => changed ?? changedKeys(before, next), version, operation);
    this.#subscriptions.notify(before, next);
  }

  #watch(options: WatchOptions, only?: ReadonlySet<string>): void {
    const { context } = this.#options;
    const run = (mode: LoadMode) => this.#run(mode);
    this.#watching = new Watching(this.#plan.source, options, run, only, { context });
  }

  /** Counters and the age of the current generation. */
  stats(): ConfigStats {
    return configStats(this.generation, this.#failures.counts);
  }

  /** Stops watching and closes the chain that `loadConfig` made around the sources: for two seconds at most,
   *  or `withinMs`. A chain that you passed stays open. The values stay readable. Idempotent. */
  close(options?: CloseOptions): Promise<void> {
    return (this.#closed ??= this.#end(options));
  }

  async #end(options: CloseOptions | undefined): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#abort);
    if (this.#living) retire(this.#living);
    this.#watching?.[Symbol.dispose]();
    this.#stop.abort();
    this.#overrides.clear();
    const left = timeLeft('close', options?.withinMs);
    if (!(await this.#resources.close(left())))
      this.#events.notice('the configuration is closed while some of its resources are still in use');
    await this.#own?.close?.({ withinMs: left() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  [revealed](): T {
    return reveal(this.#generation.value) as T;
  }

  toJSON(): unknown {
    return withoutBigints(this.#generation.print());
  }

  [inspect.custom](_depth: number, options: object): string {
    return `Config (generation ${this.generation.number}) ${inspect(this.#generation.print(), options)}`;
  }
}

/** The values that were looked up in a generation. An object without a prototype, because V8 looks up a
 *  literal key in one faster than in a Map. */
const noPaths = (): Record<string, unknown> => Object.create(null);
