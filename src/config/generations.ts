// The generations of a configuration: the current one, the earlier ones that are kept, and the loads that
// make the next one. `Config` is their face. A hold, set by a rollback or for rejected content, lets a load
// renew secrets and change nothing else.

import type { Quotes } from '../internal/thrown.ts';
import { keyFrom } from '../key.ts';
import { newId } from '../operation.ts';
import type { Layer } from '../provider.ts';
import { inTurns, type Steps } from '../turns.ts';
import type { Key } from '../value.ts';
import type { Hold } from './carry-forward.ts';
import { asFailedLoad, ConfigEvents } from './events.ts';
import { closedError, Failures } from './failures.ts';
import { Generation, isLease, type Made } from './generation.ts';
import { type Load, type LoadContext, loadValid, type Unchanged } from './load.ts';
import { Overrides } from './overrides.ts';
import type { LoadOptions, Plan } from './plan.ts';
import { type LoadMode, Reloads, readOptions, tracedLoad } from './reloads.ts';
import { Subscriptions } from './subscriptions.ts';
import { leaseHolders, Watching, type WatchOptions } from './watching.ts';

/** A generation, when and why it was put in force. */
export interface Promoted<T> {
  readonly generation: Generation<T>;
  readonly time: number;
  readonly reason: string;
  /** The keys that it changed, if they are known. */
  readonly keys: readonly Key[] | undefined;
}

/** What has failed its trial, and the trial that runs. Made by trial.ts. */
export interface Trials {
  /** What to do instead with content that was rejected.
   *  @throws ConfigError `conflict` for a load of a candidate */
  refused(load: Load, mode: LoadMode): Steps<Hold | undefined>;
  /** Forgets what was rejected. */
  forget(): void;
  end(): void;
}

export class Generations<T> {
  readonly plan: Plan;
  readonly options: LoadOptions;
  readonly events: ConfigEvents;
  readonly failures: Failures;
  readonly overrides = new Overrides();
  readonly subscriptions = new Subscriptions<T>((key, error) => this.events.emitThrown(key, error));
  readonly stop = new AbortController();
  readonly #reloads = new Reloads((mode) => inTurns(this.load(mode)));
  readonly #onReplaced: () => void;
  /** The first of `kept`. A field, because every read of a value looks at it. */
  current!: Generation<T>;
  #kept: readonly Promoted<T>[] = [];
  /** The last one that needs no trial, or has ended it. */
  good!: Promoted<T>;
  trials: Trials | undefined;
  /** Called when a generation has replaced another and the listeners know. */
  onPromoted: (() => void) | undefined;
  /** Set by `rollback`, until the next explicit reload. */
  #pin: Hold | undefined;
  /** Counts returns to an earlier generation. */
  #returns = 0;
  #lastNumber = 0;
  #watching: Watching | undefined;

  /** `onReplaced` is called before the listeners. */
  constructor(plan: Plan, options: LoadOptions, onReplaced: () => void) {
    this.plan = plan;
    this.options = options;
    this.#onReplaced = onReplaced;
    this.failures = new Failures(plan.source.name);
    this.events = new ConfigEvents(plan.source.name, this.quotes);
    if (options.on) this.events.on(options.on);
  }

  /** The newest first. */
  get kept(): readonly Promoted<T>[] {
    return this.#kept;
  }

  #keep(kept: readonly Promoted<T>[]): void {
    this.#kept = kept;
    this.current = (kept[0] as Promoted<T>).generation;
  }

  get nextNumber(): number {
    return this.#lastNumber + 1;
  }

  /** Whether a text quotes a secret of a generation that is kept. */
  readonly quotes: Quotes = (text) =>
    [...this.kept, ...(this.good ? [this.good] : [])].some(({ generation }) => generation.quotes()(text));

  run(mode: LoadMode): Promise<void> {
    return this.stop.signal.aborted ? Promise.reject(closedError()) : this.#reloads.run(mode);
  }

  /** Loads, and puts what it makes in force. */
  *load(mode: LoadMode): Steps<void> {
    const began = performance.now();
    const operation = newId();
    try {
      const number = (): number => this.current.info.number;
      yield* tracedLoad(this.plan.source.name, mode, operation, number, this.#next(mode, operation, began));
    } catch (error) {
      const failed = asFailedLoad(error, operation);
      const isHeard = mode.isCalled || this.events.hasListeners || this.stop.signal.aborted;
      if (this.#lastNumber > 0) this.failures.failed(failed, isHeard);
      this.events.emitFailure(failed, performance.now() - began);
      throw failed;
    }
  }

  *#next(mode: LoadMode, operation: string, began: number): Steps<void> {
    const options = readOptions(mode, operation, this.stop.signal, this.options.context);
    const before = () => this.kept[0]?.generation;
    const returns = this.#returns;
    const around: LoadContext = {
      mode,
      before,
      overrides: this.overrides,
      onVanished: (...lost) => this.events.emitVanished(operation, ...lost),
      // a reload that a rollback has overtaken does not undo it
      pin: () => (mode.unpins && returns === this.#returns ? undefined : this.#pin),
      refused: (load) => this.#refused(load, mode, returns),
      read: undefined,
    };
    for (;;) {
      const at = this.#returns;
      const load = yield* loadValid(this.plan, options, around, this.options);
      const made = yield* Generation.next(this.nextNumber, load, before(), this.#compares(load));
      if (mode.patch?.check && !('isUnchanged' in load)) yield* mode.patch.check(this.current.load, load);
      if (this.stop.signal.aborted) throw closedError();
      if (at !== this.#returns) continue;
      if (mode.unpins && returns === at) {
        this.#pin = undefined;
        this.trials?.forget();
      }
      if (mode.patch) this.overrides.add(mode.patch.layer);
      this.#promote(load, made, mode, operation, performance.now() - began);
      if (this.options.watch) this.#watching?.loaded(load.carried.layers, mode.maxAgeMs);
      return;
    }
  }

  *#refused(load: Load, mode: LoadMode, returns: number): Steps<Hold | undefined> {
    if (!this.trials || (mode.unpins && returns === this.#returns)) return undefined;
    return yield* this.trials.refused(load, mode);
  }

  /** Whether the changed keys are needed: by listeners, by the history, or to find out whether only leases
   *  were renewed. */
  #compares({ carried }: Load | Unchanged): boolean {
    const { keep, trial } = this.options;
    return this.events.hasListeners || keep !== undefined || trial !== undefined || hasLeases(carried.layers);
  }

  #promote(
    load: Load | Unchanged,
    { next, changed }: Made<T>,
    mode: LoadMode,
    operation: string,
    durationMs: number,
  ): void {
    const [before, ...earlier] = this.kept;
    const { number } = next.info;
    this.events.emitNotices(load, this.options);
    this.failures.succeeded(number);
    this.events.emit('refreshed', { durationMs, version: String(number), operation });
    if (before?.generation.info.number === number) {
      this.#replaceHead(before, next);
    } else {
      const { keep = 1 } = this.options;
      const isRenewal = before !== undefined && isOnlyLeases(changed, load);
      const promoted = {
        generation: next,
        time: Date.now(),
        reason: mode.reason ?? mode.cause,
        keys: changed,
      };
      if (isRenewal) this.put([{ ...before, generation: next }, ...earlier], changed, operation);
      else this.put([promoted, ...this.kept].slice(0, keep + 1), changed, operation);
    }
    if (!this.#watching && hasLeases(next.load.layers)) this.watch({}, leaseHolders(next.load.layers));
  }

  /** The same generation, read again. */
  #replaceHead(before: Promoted<T>, generation: Generation<T>): void {
    const same = { ...before, generation };
    if (this.good === before) this.good = same;
    this.#keep([same, ...this.kept.slice(1)]);
  }

  /** Puts the first of `kept` in force. */
  put(kept: readonly Promoted<T>[], changed?: readonly Key[], operation?: string): void {
    const before = this.kept[0]?.generation;
    this.#keep(kept);
    const { current } = this;
    const { number } = current.info;
    this.#lastNumber = Math.max(this.#lastNumber, number);
    this.#onReplaced();
    if (!before) {
      this.good = kept[0] as Promoted<T>;
      return;
    }
    this.events.emitChanged(changed, number, operation);
    this.subscriptions.notify(before, current);
    this.onPromoted?.();
  }

  /** Returns to an earlier generation: puts the first of `kept` in force, which needs no trial, and makes
   *  loads that are under way look again. `pin`: what loads do from now on. */
  return(kept: readonly Promoted<T>[], changed: readonly Key[], pin: Hold | undefined): void {
    this.#returns++;
    if (pin) this.#pin = pin;
    this.overrides.retain((kept[0] as Promoted<T>).generation.load.layers);
    this.trials?.end();
    const [before] = this.kept;
    const [after] = kept as [Promoted<T>];
    this.good = after;
    if (before?.generation.info.number === after.generation.info.number) this.#keep(kept);
    else this.put(kept, changed);
  }

  /** Reports what has failed while no caller waits. */
  report(error: unknown): void {
    const failed = asFailedLoad(error);
    this.failures.failed(failed, this.events.hasListeners);
    this.events.emitFailure(failed, 0);
  }

  watch(options: WatchOptions, only?: ReadonlySet<string>): void {
    const { context } = this.options;
    const run = (mode: LoadMode) => this.run(mode);
    this.#watching = new Watching(this.plan.source, options, run, only, { context });
  }

  /** Ends what loads by itself. */
  end(): void {
    this.#watching?.[Symbol.dispose]();
    this.stop.abort();
    this.trials?.end();
    this.overrides.retain([]);
  }
}

const hasLeases = (layers: readonly Layer[]): boolean => leaseHolders(layers).size > 0;

/** Whether nothing but credentials that expire has changed. */
function isOnlyLeases(changed: readonly Key[] | undefined, load: Load | Unchanged): boolean {
  if (!changed || changed.length === 0 || 'isUnchanged' in load || !hasLeases(load.layers)) return false;
  const { leaves } = load.placement;
  const leases = new Set(leaves.flatMap((leaf) => (isLease(leaf.item) ? [keyFrom(leaf.path)] : [])));
  return changed.every((key) => leases.has(key));
}
