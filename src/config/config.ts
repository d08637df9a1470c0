import { inspect } from 'node:util';
import type { Explanation } from '../chain/explain.ts';
import { ConfigError, isConfigError } from '../errors.ts';
import type { ConfigEvent } from '../events.ts';
import { keyOf } from '../key.ts';
import { type Revealable, reveal, revealed } from '../masking.ts';
import type { ListOptions } from '../provider.ts';
import { reportError } from '../report/report.ts';
import { withoutBigints } from '../value.ts';
import { carryForward } from './carry.ts';
import { ConfigEvents } from './events.ts';
import { changedKeys, Generation, type GenerationInfo, pathOf } from './generation.ts';
import { ask, assemble, failureOf, type Load, problemsOf } from './load.ts';
import type { DeepReadonly, PathOf, ValueAt } from './paths.ts';
import type { LoadOptions, Plan } from './plan.ts';
import { Reloads, type Way, ways } from './reloads.ts';
import { type ChangeListener, Subscriptions } from './subscriptions.ts';
import { ConfigView } from './view.ts';
import { Watching, type WatchOptions } from './watching.ts';

/** A configuration: one frozen generation at a time. A reload makes the next one or leaves the present one standing. */
export class Config<T> implements AsyncDisposable, Revealable<T> {
  readonly #plan: Plan;
  readonly #options: LoadOptions;
  readonly #own: AsyncDisposable | undefined;
  readonly #events: ConfigEvents;
  readonly #subscriptions = new Subscriptions<T>((key) =>
    this.#events.emit('notice', { key, message: `a listener for changes of "${key}" threw` }),
  );
  readonly #reloads = new Reloads((way) => this.#load(way));
  readonly #stop = new AbortController();
  readonly #viewed = {
    find: (path: string) => this.#flat[path] ?? this.#find(path),
    explain: (path: string) => this.explain(path as PathOf<T>),
    subscribe: (path: string, listener: ChangeListener) => this.#subscriptions.add(path, listener),
  };
  #generation!: Generation<T>;
  #previous: Generation<T> | undefined;
  #last = 0;
  #pinned = false;
  #flat = nothing;
  #watching: Watching | undefined;
  #closed: Promise<void> | undefined;

  /** What `loadConfig` does with its plan.
   *  @internal */
  static async load<T>(
    plan: Plan,
    options: LoadOptions,
    own: AsyncDisposable | undefined,
  ): Promise<Config<T>> {
    const config = new Config<T>(plan, options, own);
    try {
      await config.#begin();
      return config;
    } catch (error) {
      await config.close().catch(() => undefined);
      throw error;
    }
  }

  /** @internal */
  private constructor(plan: Plan, options: LoadOptions, own: AsyncDisposable | undefined) {
    this.#plan = plan;
    this.#options = options;
    this.#own = own;
    this.#events = new ConfigEvents(plan.source.name);
    if (options.on) this.#events.on(options.on);
  }

  async #begin(): Promise<void> {
    const { signal, watch = false } = this.#options;
    if (signal?.aborted)
      throw new ConfigError('aborted', 'loading the configuration was given up before it began');
    signal?.addEventListener('abort', this.#abort, { once: true });
    // watched before it is read: no change falls between
    if (watch) this.#watch(watch === true ? {} : watch);
    await this.#run(ways.first);
  }

  readonly #abort = (): void => void this.close().catch(() => undefined);

  /** The configuration of the present generation, frozen; an older one that somebody holds stays as it is. Printed, it shows no
   *  secret. */
  get value(): DeepReadonly<T> {
    return this.#generation.value as DeepReadonly<T>;
  }

  /** Which state this is, when it was loaded, and what each source gave. */
  get generation(): GenerationInfo {
    return this.#generation.info;
  }

  /** What stands at a path: `config.get('database.poolMax')`. */
  get<P extends PathOf<T>>(path: P): DeepReadonly<ValueAt<T, P>> {
    const value = this.#flat[path];
    return (value === undefined ? this.#find(path) : value) as DeepReadonly<ValueAt<T, P>>;
  }

  /** All paths are laid out when the first one of a generation is looked up. */
  #find(path: string): unknown {
    if (this.#flat === nothing) this.#flat = this.#generation.flat();
    return this.#flat[path] ?? this.#generation.at(pathOf(path));
  }

  /** A section, living across reloads. */
  at<P extends PathOf<T>>(path: P): ConfigView<ValueAt<T, P>> {
    return new ConfigView(this.#viewed, path);
  }

  /** Who said a value, who was shadowed, and what the schema made of it. Secrets are masked. */
  explain(path: PathOf<T>): Explanation {
    const { source } = this.#plan;
    return this.#generation.explain(keyOf(path), (provider, key) => source.statusOf(provider, key));
  }

  /** Calls `listener` once for each generation in which something at `path` (`''`: anywhere) has really changed. */
  subscribe(path: PathOf<T> | '', listener: ChangeListener): Disposable {
    return this.#subscriptions.add(path, listener);
  }

  /** Events of loads: `refreshed`, `changed`, `refresh_failed`, `notice`. Never a value. */
  on(listener: (event: ConfigEvent) => void): Disposable {
    return this.#events.on(listener);
  }

  /** Asks all sources, past their caches: the next generation, or a rejection and the present one stands.
   *  @throws ConfigError the failure of a source, or `validation` */
  async reload(): Promise<GenerationInfo> {
    await this.#run(ways.explicit);
    return this.generation;
  }

  /** Puts the previous generation back, until the next `reload()`; neither polls nor watches undo it.
   *  @throws ConfigError `not_found` when there is no previous one */
  rollback(): GenerationInfo {
    const previous = this.#previous;
    if (!previous)
      throw new ConfigError(
        'not_found',
        'there is no earlier generation of this configuration to go back to',
      );
    this.#pinned = true;
    this.#previous = undefined;
    this.#replace(previous);
    return this.generation;
  }

  #run(way: Way): Promise<void> {
    return this.#closed ? Promise.reject(closedError()) : this.#reloads.run(way);
  }

  async #load(way: Way): Promise<void> {
    if (this.#isHeld(way)) return;
    const began = performance.now();
    try {
      const load = await this.#validated(way);
      if (this.#closed) throw closedError();
      if (this.#isHeld(way)) return;
      this.#pinned = false;
      this.#promote(load, performance.now() - began);
    } catch (error) {
      const failed = isConfigError(error)
        ? error
        : new ConfigError('io', 'loading the configuration failed in a way that was not explained', {
            cause: error,
          });
      const { code, provider } = failed;
      this.#events.emit('refresh_failed', {
        outcome: code,
        durationMs: performance.now() - began,
        ...(provider && { provider }),
      });
      throw failed;
    }
  }

  /** Whether a rollback stands that such a load must not undo. */
  #isHeld(way: Way): boolean {
    return this.#pinned && !way.explicit;
  }

  async #validated({ acquire, fresh }: Way): Promise<Load> {
    const { context, unknown } = this.#options;
    const options: ListOptions = {
      signal: this.#stop.signal,
      context,
      acquire,
      ...(fresh && { maxAgeMs: 0 }),
    };
    const layers = await ask(this.#plan, options);
    const failure = failureOf(layers);
    if (failure) throw failure;
    const before = (this.#generation as Generation<T> | undefined)?.load.carried.layers ?? [];
    const load = await assemble(this.#plan, carryForward(layers, before, Date.now()));
    const problems = problemsOf(load, unknown);
    if (problems.length > 0) throw reportError(problems);
    return load;
  }

  #promote(load: Load, durationMs: number): void {
    const before = this.#generation as Generation<T> | undefined;
    const next = new Generation<T>(this.#last + 1, load, before);
    const { number } = next.info;
    this.#last = Math.max(this.#last, number);
    this.#events.remark(load, this.#options.unknown === 'warn');
    this.#events.emit('refreshed', { durationMs, version: String(number) });
    if (number === before?.info.number) {
      this.#generation = next;
    } else {
      this.#previous = before;
      this.#replace(next);
    }
    this.#renewLeases(load);
  }

  #replace(next: Generation<T>): void {
    const before = this.#generation as Generation<T> | undefined;
    this.#generation = next;
    this.#flat = nothing;
    if (!before) return;
    this.#events.emit('changed', { keys: changedKeys(before, next), version: String(next.info.number) });
    this.#subscriptions.notify(before, next);
  }

  /** Credentials that expire are renewed while a configuration holds them. */
  #renewLeases({ layers }: Load): void {
    const holders = layers
      .filter(({ entries }) => entries.some((entry) => entry.expiresAt !== undefined))
      .map(({ name }) => name);
    if (!this.#watching && holders.length > 0) this.#watch({}, new Set(holders));
  }

  #watch(options: WatchOptions, only?: ReadonlySet<string>): void {
    const reload = (why: 'change' | 'poll'): Promise<void> => this.#run(ways[why]);
    this.#watching = new Watching(
      this.#plan.source,
      options,
      reload,
      ({ provider }) => only?.has(provider) ?? true,
    );
  }

  /** Stops watching, and closes a chain that was made for it. What was loaded stays readable. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#watching?.[Symbol.dispose]();
    this.#stop.abort();
    await this.#own?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  [revealed](): T {
    return reveal(this.#generation.value);
  }

  toJSON(): unknown {
    return withoutBigints(this.#generation.print());
  }

  [inspect.custom](_depth: number, options: object): string {
    return `Config (generation ${this.generation.number}) ${inspect(this.#generation.print(), options)}`;
  }
}

/** Before the first look-up of a generation. */
const nothing = Object.freeze(Object.create(null) as Readonly<Record<string, unknown>>);

const closedError = (): ConfigError => new ConfigError('aborted', 'the configuration was closed');
