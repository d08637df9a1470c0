// Triggers reloads: after changes that sources report, and at intervals. `Config` makes one for the option
// `watch`, and one for sources whose leases expire. Its timers are unref'd.

import { isConfigError } from '../errors.ts';
import type { CallOptions } from '../operation.ts';
import type { ConfigProvider, Layer } from '../provider.ts';
import { type LoadMode, loadModes, pollMode } from './reloads.ts';

/** How a configuration follows its sources. */
export interface WatchOptions {
  /** Poll interval. Accepts cached answers up to half an interval old, so a change is seen after one and a
   *  half intervals at most; backs off up to 10× while a source is down. @default none: no polling */
  readonly pollMs?: number;
  /** How long to wait after the first change before reloading. Further changes in that time share the reload.
   *  @default 50 */
  readonly settleMs?: number;
}

/** Loads. Rejects if that failed. */
type Run = (mode: LoadMode) => Promise<unknown>;

const maxBackoff = 10;
const [firstPauseMs, maxPauseMs] = [1_000, 60_000];

/** The providers whose entries expire: a renewed credential must arrive, also without the option `watch`. */
export const leaseHolders = (layers: readonly Layer[]): ReadonlySet<string> =>
  new Set(
    layers
      .filter(({ entries }) => entries.some((entry) => entry.expiresAt !== undefined))
      .map(({ name }) => name),
  );

/** Watches a source until it is disposed. `only`: the providers whose changes cause a reload. */
export class Watching implements Disposable {
  readonly #load: Run;
  readonly #pollMs: number | undefined;
  readonly #settleMs: number;
  readonly #subscription: Disposable | undefined;
  #settling: NodeJS.Timeout | undefined;
  #retrying: NodeJS.Timeout | undefined;
  #polling: NodeJS.Timeout | undefined;
  #failures = 0;
  #pauseMs = firstPauseMs;
  #gaps = false;
  /** Of cached answers, in the next attempt. */
  #maxAgeMs = Number.POSITIVE_INFINITY;
  #disposed = false;

  constructor(
    source: ConfigProvider,
    options: WatchOptions,
    load: Run,
    only: ReadonlySet<string> | undefined,
    call: CallOptions = {},
  ) {
    this.#load = load;
    this.#pollMs = options.pollMs;
    this.#settleMs = options.settleMs ?? 50;
    this.#subscription = source.watch?.(({ provider }) => {
      if (only?.has(provider) ?? true) this.#settle();
    }, call);
    this.#schedule();
  }

  /** A load has become the current generation. If a source was unreachable, and the load went on without it,
   *  it is loaded again, less and less often, until the source answers. */
  loaded(layers: readonly Layer[], maxAgeMs: number): void {
    const gaps = layers.some(({ tolerated }) => tolerated !== undefined);
    this.#gaps = gaps;
    this.#maxAgeMs = gaps ? maxAgeMs : Number.POSITIVE_INFINITY;
    if (gaps) {
      this.#retry();
    } else {
      clearTimeout(this.#retrying);
      this.#retrying = undefined;
      this.#pauseMs = firstPauseMs;
    }
  }

  #settle(): void {
    if (this.#disposed || this.#settling) return;
    this.#settling = setTimeout(() => {
      this.#settling = undefined;
      void this.#run('change');
    }, this.#settleMs).unref();
  }

  #retry(): void {
    if (this.#disposed || this.#retrying) return;
    this.#retrying = setTimeout(() => {
      this.#retrying = undefined;
      void this.#run('change', this.#maxAgeMs);
    }, this.#pauseMs).unref();
    this.#pauseMs = Math.min(maxPauseMs, this.#pauseMs * 2);
  }

  #schedule(): void {
    if (this.#disposed || this.#pollMs === undefined) return;
    const jitter = 0.9 + Math.random() * 0.2;
    const delayMs = this.#pollMs * jitter * Math.min(maxBackoff, 2 ** this.#failures);
    this.#polling = setTimeout(() => void this.#run('poll').then(() => this.#schedule()), delayMs).unref();
  }

  async #run(why: 'change' | 'poll', maxAgeMs: number = loadModes.change.maxAgeMs): Promise<void> {
    try {
      await this.#load(why === 'poll' ? pollMode(this.#pollMs ?? 0) : { ...loadModes.change, maxAgeMs });
      this.#failures = 0;
    } catch (error) {
      const { transient = false, problems = [] } = isConfigError(error) ? error : {};
      if (transient) this.#failures++;
      const hasVanished = problems.some(({ kind }) => kind === 'vanished');
      // the absences of a store that is filled again must not come from the cache
      if (hasVanished) this.#maxAgeMs = Math.min(this.#maxAgeMs, firstPauseMs / 2);
      // the source reports this change only once, so the reload is retried
      if (this.#gaps || (why === 'change' && (transient || hasVanished))) this.#retry();
    }
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    clearTimeout(this.#settling);
    clearTimeout(this.#retrying);
    clearTimeout(this.#polling);
    this.#subscription?.[Symbol.dispose]();
  }
}
