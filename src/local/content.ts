// The content of a local source that can be read again: a file, a folder, a set of variables. Every provider
// of local sources keeps one. A read that fails never discards the last good content.

import { setMaxListeners } from 'node:events';
import { abortedBy, type ConfigError } from '../errors.ts';
import type { Health } from '../health.ts';
import { lazy } from '../internal/lazy.ts';
import { Listeners } from '../internal/listeners.ts';
import { thread } from '../operation.ts';
import type { Change, ReadOptions } from '../provider.ts';
import { atOnce, inTurns, type Steps, wait } from '../turns.ts';
import type { Watched } from './content-watch.ts';

const loadWatch = lazy(() => import('./content-watch.ts'));

/** What one read of a source returned. */
export interface Content<T> {
  readonly value: T;
  /** Equal fingerprints mean equal values. */
  readonly fingerprint: string;
  /** When the source was last modified, if it records that. */
  readonly modifiedAt?: number;
  /** Equal as long as the source has not changed. Computed without reading the source. */
  readonly mark?: string | undefined;
  readonly readAt: number;
}

export interface ContentOptions<T> {
  /** The provider's name, for errors and changes. */
  readonly provider: string;
  /** Reads the source. Receives the last content and may return its value again if nothing has changed.
   *  `skips`: need not read files whose marks are the same. */
  readonly load: (last: Content<T> | undefined, skips: boolean) => Steps<Content<T>>;
  /** What holds the content, to be watched. */
  readonly watched: () => readonly Watched[];
  /** Loads what `watched` needs. */
  readonly ready?: () => Promise<unknown>;
}

/** Keeps the last good content of a source. Reads return it without touching the source; only the first read,
 *  `maxAgeMs`, `refresh` and a watch read the source. A read whose `maxAgeMs` the content exceeds throws if
 *  the source cannot be read; other reads return the last good content. */
export class ReloadableContent<T> {
  readonly #options: ContentOptions<T>;
  readonly #listeners = new Listeners<Change>();
  #last: Content<T> | undefined;
  #loading: Promise<Content<T>> | undefined;
  #queued: Promise<Content<T>> | undefined;
  #watch: Disposable | undefined;
  /** Whether a caller of the next read requires that it skips no file. */
  #isThorough = false;

  constructor(options: ContentOptions<T>) {
    this.#options = options;
  }

  async read(options: ReadOptions = {}): Promise<Content<T>> {
    const { signal } = options;
    if (signal?.aborted) throw this.#aborted();
    const cached = this.cached(options);
    if (cached) return cached;
    const skips = options[thread]?.cause === 'change';
    const loading = this.#last ? this.#reload(skips) : (this.#loading ?? this.#reload());
    return signal ? this.#orAborted(signal, loading) : loading;
  }

  /** `read` in steps. */
  reading(options: ReadOptions = {}): Steps<Content<T>> {
    return wait({
      later: () => this.read(options),
      now: () => {
        if (options.signal?.aborted) throw this.#aborted();
        return this.cached(options) ?? (this.#last = atOnce(this.#options.load(this.#last, false)));
      },
    });
  }

  /** The last good content. */
  get current(): Content<T> | undefined {
    return this.#last;
  }

  /** The last content, if it satisfies the options. Callers on a hot path use it to save an await. */
  cached({ signal, maxAgeMs }: ReadOptions = {}): Content<T> | undefined {
    const last = this.#last;
    if (!last || signal?.aborted) return undefined;
    if (maxAgeMs === undefined) return last;
    const ageMs = Date.now() - last.readAt; // below zero when the clock was put back: unknown
    return maxAgeMs > 0 && ageMs >= 0 && ageMs <= maxAgeMs ? last : undefined;
  }

  /** Reads the source again. Throws if that fails and keeps the last good content. */
  async refresh(): Promise<void> {
    await this.#reload();
  }

  /** Reads the source without keeping the result. `degraded`: the read failed and earlier content is being
   *  served. */
  async health({ signal }: ReadOptions = {}): Promise<Health> {
    const started = Date.now();
    const done = (health: Pick<Health, 'status' | 'reason'>): Health => {
      const now = Date.now();
      return { ...health, latencyMs: Math.max(0, now - started), checkedAt: now };
    };
    if (signal?.aborted) throw this.#aborted();
    try {
      const loading = inTurns(this.#options.load(this.#last, false));
      await (signal ? this.#orAborted(signal, loading) : loading);
      return done({ status: 'ok' });
    } catch (error) {
      if (signal?.aborted) throw error;
      return done({ status: this.#last ? 'degraded' : 'down', reason: (error as Error).message });
    }
  }

  /** Calls `onChange` when the content changes, and when the reason why it cannot be read changes. */
  watch(onChange: (change: Change) => void): Disposable {
    const listener = this.#listeners.add(onChange, () => {
      if (this.#listeners.size === 0) this.#stop();
    });
    this.#watch ??= this.#start();
    return listener;
  }

  /** Ends every watch. Reads still work. */
  close(): void {
    this.#listeners.clear();
    this.#stop();
  }

  #stop(): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  #start(): Disposable {
    const { provider, watched, ready } = this.#options;
    const before = this.#last?.fingerprint;
    let watch: Disposable | undefined;
    let isStopped = false;
    void Promise.all([loadWatch(), ready?.()]).then(([{ watchContent }]) => {
      if (isStopped) return;
      watch = watchContent({
        watched,
        known: before ?? this.#last?.fingerprint,
        read: () =>
          this.#reload(true).then(
            ({ fingerprint }) => fingerprint,
            (error: ConfigError) => `${error.code} ${error.message}`,
          ),
        changed: () => this.#listeners.notify({ provider, time: Date.now() }),
      });
    });
    return {
      [Symbol.dispose]: () => {
        isStopped = true;
        watch?.[Symbol.dispose]();
      },
    };
  }

  /** Returns a read that begins after this call. Callers that arrive during a read share the one that follows
   *  it. `skips`: files whose marks are the same need not be read. */
  #reload(skips = false): Promise<Content<T>> {
    if (!skips) this.#isThorough = true;
    if (this.#queued) return this.#queued;
    if (!this.#loading) return this.#begin();
    const begin = (): Promise<Content<T>> => this.#begin();
    this.#queued = this.#loading.then(begin, begin);
    return this.#queued;
  }

  #begin(): Promise<Content<T>> {
    this.#queued = undefined;
    const skips = !this.#isThorough;
    this.#isThorough = false;
    const loading = inTurns(this.#options.load(this.#last, skips))
      .then((content) => (this.#last = content))
      .finally(() => {
        if (this.#loading === loading) this.#loading = undefined;
      });
    this.#loading = loading;
    return loading;
  }

  #orAborted<R>(signal: AbortSignal, work: Promise<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(this.#aborted());
      setMaxListeners(0, signal); // one signal may serve many reads; Node would warn of a leak
      signal.addEventListener('abort', abort, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
  }

  #aborted(): ConfigError {
    return abortedBy(this.#options.provider);
  }
}
