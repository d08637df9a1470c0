// The trial of a generation: asks the application whether it is healthy, and goes back to the last good one
// if it is not. Loaded with the first change, if the option `trial` is set. Content is what a return can
// change: everything but secrets and leases.

import { createHash } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import { valueAt } from '../internal/dig.ts';
import { thrown } from '../internal/thrown.ts';
import { keyFrom } from '../key.ts';
import { isHidden } from '../report/secrecy.ts';
import { inTurns, type Steps, stepLength } from '../turns.ts';
import type { Carried, Hold } from './carry-forward.ts';
import { asFailedLoad } from './events.ts';
import type { Found } from './found.ts';
import { type Generation, isLease } from './generation.ts';
import type { Generations, Promoted, Trials } from './generations.ts';
import { goBack } from './going-back.ts';
import { held } from './holding.ts';
import type { Load } from './load.ts';
import type { TrialOptions, TriedConfig } from './plan.ts';
import type { LoadMode } from './reloads.ts';

const maxRejected = 1_000;

/** What a trial needs of its configuration. */
interface Tried<T> {
  readonly generations: Generations<T>;
  readonly config: TriedConfig<unknown>;
  readonly options: TrialOptions;
  /** The sections of which no resource could be made, when all have been tried. */
  failing(): Promise<readonly string[]>;
}

export class Trial<T> implements Trials {
  readonly #of: Tried<T>;
  readonly #everyMs: number;
  readonly #rejected = new Set<string>();
  readonly #contents = new WeakMap<Generation<T>, string>();
  #running: { readonly content: string; readonly stop: AbortController } | undefined;

  constructor(of: Tried<T>) {
    this.#of = of;
    of.generations.trials = this;
    this.#everyMs = of.options.everyMs ?? Math.max(1, of.options.ms / 10);
  }

  /** Starts the trial of the current generation. One that differs from the last only in its secrets goes on
   *  with its trial, and one with the content of the good one needs none. */
  async promoted(): Promise<void> {
    const { generations } = this.#of;
    const { number } = generations.current.info;
    const content = await this.#contentOf(generations.current);
    const good = await this.#contentOf(generations.good.generation);
    if (number !== generations.current.info.number || generations.stop.signal.aborted) return;
    const [latest] = generations.kept as [Promoted<T>];
    if (content === good) {
      this.end();
      generations.good = latest;
    } else if (content !== this.#running?.content) {
      this.#start(latest, content);
    }
  }

  *refused(load: Load, { patch }: LoadMode): Steps<Hold | undefined> {
    if (this.#rejected.size === 0 || !this.#rejected.has(yield* contentSteps(load))) return undefined;
    const what = 'these values have failed their trial';
    if (patch) throw new ConfigError('conflict', what, { hint: 'Call reload() to try them again' });
    const { plan, current, overrides } = this.#of.generations;
    const below = current.load.layers.filter((layer) => !overrides.isActive(layer));
    return (now: Carried) => held(plan, below, now);
  }

  forget(): void {
    this.#rejected.clear();
  }

  /** Ends the trial that runs, without a result. */
  end(): void {
    this.#running?.stop.abort();
    this.#running = undefined;
  }

  async #contentOf(generation: Generation<T>): Promise<string> {
    const known = this.#contents.get(generation) ?? (await inTurns(contentSteps(generation.load)));
    this.#contents.set(generation, known);
    return known;
  }

  #start({ generation, keys }: Promoted<T>, content: string): void {
    this.end();
    const stop = new AbortController();
    this.#running = { content, stop };
    const { events, good } = this.#of.generations;
    const version = String(generation.info.number);
    events.emit('trial_started', { good: good.generation.info.number, version, ...(keys && { keys }) });
    void this.#try(content, stop.signal);
  }

  async #try(content: string, signal: AbortSignal): Promise<void> {
    const { generations, options } = this.#of;
    const ends = performance.now() + options.ms;
    for (;;) {
      const why = await this.#unhealthy(signal);
      if (signal.aborted) return;
      if (!(await this.#isCurrent(content))) return; // its own trial follows
      if (why !== undefined) return this.#failed(content, why);
      const left = ends - performance.now();
      if (left <= 0) break;
      await pause(Math.min(left, this.#everyMs), signal);
      if (signal.aborted) return;
    }
    this.end();
    generations.good = generations.kept[0] as Promoted<T>;
    generations.events.emit('trial_passed', { version: String(generations.current.info.number) });
  }

  async #isCurrent(content: string): Promise<boolean> {
    const { current } = this.#of.generations;
    const now = await this.#contentOf(current);
    return current === this.#of.generations.current ? now === content : this.#isCurrent(content);
  }

  /** Why the generation on trial is unhealthy. */
  async #unhealthy(signal: AbortSignal): Promise<string | undefined> {
    const { generations, options, config, failing } = this.#of;
    const late = new AbortController();
    const either = AbortSignal.any([signal, late.signal]);
    const previous = generations.good.generation.value;
    const ask = async (): Promise<string | undefined> => {
      const [section] = await failing();
      if (section !== undefined) return `the resource for "${section}" could not be made`;
      if (either.aborted) return undefined;
      const answer = await options.healthy({ config, previous, signal: either });
      return answer === true ? undefined : 'healthy did not return true';
    };
    const asked = ask().catch((error: unknown) => `healthy threw ${thrown(error, generations.quotes)}`);
    const waited = new AbortController();
    const expired = pause(this.#everyMs, AbortSignal.any([signal, waited.signal]));
    const why = await Promise.race([
      asked,
      expired.then(() => `no answer of healthy within ${this.#everyMs} ms`),
    ]);
    waited.abort();
    late.abort();
    return why;
  }

  async #failed(content: string, why: string): Promise<void> {
    const { generations } = this.#of;
    this.end();
    const [oldest] = this.#rejected;
    if (oldest !== undefined && this.#rejected.size >= maxRejected) this.#rejected.delete(oldest);
    this.#rejected.add(content);
    try {
      const isCurrent = () => this.#isCurrent(content);
      await goBack(generations, generations.good, { pins: false, why, isCurrent });
    } catch (error) {
      if (generations.stop.signal.aborted) return;
      const { number } = generations.current.info;
      const { code, message } = asFailedLoad(error);
      const what = `generation ${number} has failed its trial (${why}), and stays`;
      generations.report(new ConfigError(code, `${what}: ${message}`));
    }
  }
}

/** Waits, without keeping the process alive. Ends early when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms).unref();
    signal.addEventListener('abort', done, { once: true });
  });
}

/** A hash of what a load found, without secrets and leases. */
function* contentSteps(load: Pick<Found, 'placement' | 'input' | 'plan'>): Steps<string> {
  const lines: string[] = [];
  for (const leaf of load.placement.leaves) {
    const value = valueAt(load.input.value, leaf.path);
    const isSecret = isLease(leaf.item) || isHidden(leaf, load.plan.shape);
    lines.push(`${keyFrom(leaf.path)} ${isSecret ? 'secret' : canonical(value)}`);
    if (lines.length % stepLength === 0) yield;
  }
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}

/** A text that equal values share, and no others. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(
      ([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`,
    );
    return `{${fields.sort().join()}}`;
  }
  return typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? String(value));
}
