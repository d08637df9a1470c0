// The object that `loadConfig` returns: reads of the current generation, and doors to what changes it.
// `generations.ts` decides which load becomes the next one; what few applications use is loaded on first use.

import { inspect } from 'node:util';
import type { Explanation } from '../chain/explain.ts';
import { timeLeft } from '../closing.ts';
import { abortedBy, type ConfigError } from '../errors.ts';
import type { ConfigEvent } from '../events.ts';
import { lazy } from '../internal/lazy.ts';
import { keyFrom, keyOf } from '../key.ts';
import { type Living, register, retire } from '../living.ts';
import type { CloseOptions, ConfigProvider } from '../provider.ts';
import { type Mutable, type Revealable, reveal, revealed } from '../reveal.ts';
import { atOnce, type Steps, wait } from '../turns.ts';
import { withoutBigints } from '../value.ts';
import { acceptedKeys, type ReloadOptions } from './accepted-keys.ts';
import { type Caller, calledFrom, reported } from './caller.ts';
import type { Candidate, CandidateData, CandidateOptions } from './candidate.ts';
import { isLate } from './deadline.ts';
import { explainKey } from './explaining.ts';
import { type GenerationInfo, pathOf } from './generation.ts';
import { Generations } from './generations.ts';
import type { RollbackOptions } from './going-back.ts';
import type { HistoryEntry } from './history.ts';
import { loadedFrom } from './load.ts';
import type { OverrideValues, Patch } from './overrides.ts';
import type { DeepReadonly, PathOf, ValueAt } from './paths.ts';
import type { LoadOptions, Plan } from './plan.ts';
import { publishers } from './public-config.ts';
import { publish } from './publishing.ts';
import { loadModes } from './reloads.ts';
import type { DisposeResource, MakeResource, Resource, ResourceOwner, Resources } from './resources.ts';
import { type ConfigStats, configStats, livingConfig } from './stats.ts';
import type { ChangeListener } from './subscriptions.ts';
import { refuseUnknown } from './unknown-path.ts';
import { ConfigView, type ViewedConfig } from './view.ts';

/** A loaded configuration. It holds one frozen generation at a time: a reload replaces it as a whole, or
 *  fails and keeps it. Made by `loadConfig`.
 *  @example
 *  await using config = await loadConfig(schema, source, { watch: true });
 *  config.value.llm.model; // => 'small'
 *  config.get('llm.model'); // => 'small', with the same type
 *  config.subscribe('llm', () => reconnect(config.get('llm'))); */
export class Config<T> implements AsyncDisposable, Revealable<T> {
  readonly #own: ConfigProvider | undefined;
  readonly #generations: Generations<T>;
  readonly #viewed: ViewedConfig & ResourceOwner = {
    find: (path) => this.#flat[path] ?? this.#find(path),
    explain: (path) => this.explain(path as PathOf<T>),
    subscribe: (path, listener) => this.#generations.subscriptions.add(path, listener),
    quotes: (path) => this.#generations.current.quotes(pathOf(path)),
    report: (...failed) => this.#generations.events.emitResource(...failed),
  };
  readonly #loadResources = lazy(async () => new (await import('./resources.ts')).Resources(this.#viewed));
  /** Set by the first `use`. */
  #resources: Promise<Resources> | undefined;
  #flat = noPaths();
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
    this.#own = own;
    this.#generations = new Generations(plan, options, () => {
      this.#flat = noPaths();
    });
    const { trial } = options;
    if (trial) {
      const failing = async () => (await this.#resources)?.failing() ?? [];
      const of = { generations: this.#generations, config: this, options: trial, failing };
      const trials = lazy(async () => new (await import('./trial.ts')).Trial(of));
      const tried = async (): Promise<void> => (await trials()).promoted();
      this.#generations.onPromoted = () => void tried().catch((error) => this.#generations.report(error));
    }
    loadedFrom.set(this, { plan, options, found: () => this.#generations.current.load });
    publishers.set(this, (paths) => publish(this.#generations.current, paths));
  }

  *#start(): Steps<void> {
    const { plan, options, failures } = this.#generations;
    const { signal, watch = false } = options;
    if (signal?.aborted) throw abortedBy(plan.source.name, 'the load');
    signal?.addEventListener('abort', this.#abort, { once: true });
    // the watch begins before the read, so that no change is missed
    if (watch) this.#generations.watch(watch === true ? {} : watch);
    const { first } = loadModes;
    yield* wait({
      later: () => this.#generations.run(first),
      now: () => atOnce(this.#generations.load(first)),
    });
    this.#living = livingConfig(this, plan.source.name, failures.counts);
    register(this, this.#living);
  }

  readonly #abort = (): void => void this.close().catch(() => undefined);

  /** The value of the current generation, frozen. A reload does not change this object: the next read gets a
   *  new one. Masks secrets when it is printed, and JSON of it has the text `[redacted]` in their place.
   *  @see reveal for a copy with secrets that can be sent or changed */
  get value(): DeepReadonly<T> {
    return this.#generations.current.value as DeepReadonly<T>;
  }

  /** The number, the age and the sources of the current generation. */
  get generation(): GenerationInfo {
    return this.#generations.current.info;
  }

  /** Why the last reload failed. Undefined if it succeeded.
   *  @example
   *  if (config.failure) console.error(`still on old values: ${config.failure.message}`); */
  get failure(): ConfigError | undefined {
    return this.#generations.failures.last?.error;
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
    const value = this.#generations.current.at(steps);
    if (value === undefined) refuseUnknown(steps, this.#generations.current);
    else if (this.#generations.current.isFixed(steps) && keyFrom(steps) === path) this.#flat[path] = value;
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
    return explainKey(this.#generations.current, keyOf(path), this.#generations.failures.last);
  }

  /** Calls `listener` for each generation that changes something at `path`; `''` is the whole configuration.
   *  A reload with the same values calls no listener. Dispose of the result to unsubscribe.
   *  @example
   *  const subscription = config.subscribe('llm.model', ({ generation }) => {
   *    console.log(`generation ${generation} has the model ${config.get('llm.model')}`);
   *  });
   *  subscription[Symbol.dispose](); */
  subscribe(path: PathOf<T> | '', listener: ChangeListener): Disposable {
    return this.#generations.subscriptions.add(path, listener);
  }

  /** Listens to the events of loads: `refreshed`, `changed`, `refresh_failed`, `vanished`, `notice`. Events
   *  hold no values. */
  on(listener: (event: ConfigEvent) => void): Disposable {
    return this.#generations.events.on(listener);
  }

  /** Reads all sources again, without their caches. Makes the next generation, or throws and keeps the
   *  current one.
   *  @throws ConfigError the failure of a source, or `validation`
   *  @example
   *  process.on('SIGHUP', () => config.reload().catch((error: Error) => console.error(error.message)));
   *  await config.reload({ accept: ['database.password'] }); // it was deleted from its store on purpose */
  async reload(options: ReloadOptions = {}): Promise<GenerationInfo> {
    return reported(this.reload, async () => {
      await this.#generations.run({
        ...loadModes.explicit,
        ...acceptedKeys(options, this.#generations.current.load),
      });
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
    this.#resources = this.#loadResources();
    return (await this.#resources).add(path, make, dispose);
  }

  /** Puts values above all sources, for tests, until the result is disposed of. Validates them together with
   *  what the sources had, and reads no source. Names at the top level may be dotted keys.
   *  @throws ConfigError `validation`; the values are then not in use
   *  @example
   *  await using _ = await config.override({ 'llm.model': 'fake', database: { poolMax: 1 } });
   *  @see Config.candidate for values that are tried in production. */
  async override(values: OverrideValues): Promise<AsyncDisposable> {
    const { overrides, plan } = this.#generations;
    const load = (patch?: Patch): Promise<void> =>
      this.#generations.run({ ...loadModes.override, ...(patch && { patch }) });
    return overrides.apply(overrides.layerOf(values, plan.at), load);
  }

  /** Validates values as a whole, on the layers of the current generation, without putting them in force and
   *  without asking a source. Takes values by name, as `override` does, or the `toJSON()` of a candidate.
   *  @throws ConfigError `invalid_option`; problems of the values are in `candidate.problems`
   *  @example
   *  const candidate = await config.candidate({ 'llm.temperature': 0.2 }, { reason: 'optimizer #42' });
   *  if (candidate.problems.length === 0) await candidate.promote(); */
  async candidate(
    values: OverrideValues | CandidateData,
    options: CandidateOptions = {},
  ): Promise<Candidate<T>> {
    const { candidateOf } = await import('./candidate.ts');
    return candidateOf(this.#generations, values, options);
  }

  /** Goes back by a number of generations. Until the next `reload()`, polls and changes renew secrets and
   *  replace nothing else. Values are those of then. Secrets and leases are those of now, unless `secrets` is
   *  `'then'`. Validates both together, and asks no source.
   *  @throws ConfigError `not_found` if that generation is not kept, `conflict` if its values do not fit
   *  @example
   *  await config.reload();
   *  if (!(await isHealthy())) await config.rollback();
   *  @see LoadOptions.keep for more than one generation, and `trial` to go back without a call. */
  async rollback(steps = 1, options: RollbackOptions = {}): Promise<GenerationInfo> {
    const { kept } = this.#generations; // those that the caller sees, whatever is loaded meanwhile
    const { rollback } = await import('./going-back.ts');
    await rollback(this.#generations, kept, steps, options);
    return this.generation;
  }

  /** The current generation and those that `rollback` can reach, the newest first, without values. */
  async history(): Promise<readonly HistoryEntry[]> {
    const { historyOf } = await import('./history.ts');
    return historyOf(this.#generations);
  }

  /** Counters and the age of the current generation. */
  stats(): ConfigStats {
    return configStats(this.generation, this.#generations.failures.counts);
  }

  /** Stops watching and closes the chain that `loadConfig` made around the sources: for two seconds at most,
   *  or `withinMs`. A chain that you passed stays open. The values stay readable. Idempotent. */
  close(options?: CloseOptions): Promise<void> {
    return (this.#closed ??= this.#end(options));
  }

  async #end(options: CloseOptions | undefined): Promise<void> {
    this.#generations.options.signal?.removeEventListener('abort', this.#abort);
    if (this.#living) retire(this.#living);
    this.#generations.end();
    const left = timeLeft('close', options?.withinMs);
    const resources = await this.#resources?.catch(() => undefined);
    if ((await resources?.close(left())) === false)
      this.#generations.events.notice(
        'the configuration is closed while some of its resources are still in use',
      );
    await this.#own?.close?.({ withinMs: left() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  [revealed](): T {
    return reveal(this.#generations.current.value) as T;
  }

  toJSON(): unknown {
    return withoutBigints(this.#generations.current.print());
  }

  [inspect.custom](_depth: number, options: object): string {
    const { current } = this.#generations;
    return `Config (generation ${current.info.number}) ${inspect(current.print(), options)}`;
  }
}

/** The values that were looked up in a generation. An object without a prototype, because V8 looks up a
 *  literal key in one faster than in a Map. */
const noPaths = (): Record<string, unknown> => Object.create(null);
