import { setMaxListeners } from 'node:events';
import { ConfigError } from '../errors.ts';
import { Listeners } from '../internal/listeners.ts';
import type { Health, ReadOptions } from '../provider.ts';
import { type Watch, watch } from './watch.ts';

/** What a source says now; equal `print`s mean equal contents. */
export interface Content<T> {
  readonly value: T;
  readonly print: string;
  /** The time the source gives, and the time it was read. */
  readonly modifiedAt?: number;
  readonly readAt: number;
}

export interface ContentOptions<T> {
  /** The provider's name, for errors. */
  readonly provider: string;
  /** Reads the source. Handed what is held, it may answer the same value where nothing has changed. */
  readonly load: (last: Content<T> | undefined) => Promise<Content<T>>;
  /** The folders to watch. */
  readonly folders: () => readonly string[];
  /** Different when the source may be: what a watch compares before anything has been read. */
  readonly mark: () => string;
}

/** The last good content of something that can be read again. A failed read never takes it away: ordinary reads go on with
 *  it, a read with `maxAgeMs: 0` gets the failure. Only the first read, and what `maxAgeMs`, `refresh` or a watch asks for,
 *  touches the source. */
export class ReloadableContent<T> {
  readonly #options: ContentOptions<T>;
  readonly #listeners = new Listeners<void>();
  #last: Content<T> | undefined;
  #running: Promise<Content<T>> | undefined;
  #waiting: Promise<Content<T>> | undefined;
  #watch: Watch | undefined;

  constructor(options: ContentOptions<T>) {
    this.#options = options;
  }

  async read(options: ReadOptions = {}): Promise<Content<T>> {
    const { signal } = options;
    if (signal?.aborted) throw this.#aborted();
    const ready = this.ready(options);
    if (ready) return ready;
    const loading = this.#last ? this.#reload() : (this.#running ?? this.#reload());
    return signal ? this.#until(signal, loading) : loading;
  }

  /** What is held, where it answers such a read at once: saves an await. */
  ready({ signal, maxAgeMs }: ReadOptions = {}): Content<T> | undefined {
    const held = this.#last;
    if (!held || signal?.aborted) return undefined;
    return maxAgeMs === undefined || (maxAgeMs > 0 && Date.now() - held.readAt <= maxAgeMs)
      ? held
      : undefined;
  }

  /** Reads again now; the failure is told, what is held stays. */
  async refresh(): Promise<void> {
    await this.#reload();
  }

  /** Reads without keeping: `degraded` says that what was read before is still being served. */
  async health({ signal }: ReadOptions = {}): Promise<Health> {
    const started = Date.now();
    const done = (health: Pick<Health, 'status' | 'reason'>): Health => {
      const now = Date.now();
      return { ...health, latencyMs: now - started, checkedAt: now };
    };
    if (signal?.aborted) throw this.#aborted();
    try {
      const loading = this.#options.load(this.#last);
      await (signal ? this.#until(signal, loading) : loading);
      return done({ status: 'ok' });
    } catch (error) {
      if (signal?.aborted) throw error;
      return done({ status: this.#last ? 'degraded' : 'down', reason: (error as Error).message });
    }
  }

  /** Tells when the content, or the reason why there is none, is different from before. */
  watch(onChange: () => void): Disposable {
    const listener = this.#listeners.add(onChange, () => {
      if (this.#listeners.size === 0) this.#stop();
    });
    this.#watch ??= this.#start();
    return listener;
  }

  /** Ends the watch. Reads still work. */
  close(): void {
    this.#listeners.clear();
    this.#stop();
  }

  #stop(): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  #start(): Watch {
    let last = this.#last?.print;
    let mark = last === undefined ? this.#options.mark() : undefined;
    const look = async (): Promise<void> => {
      const now = await this.#reload().then(
        ({ print }) => print,
        (error: ConfigError) => `${error.code} ${error.message}`,
      );
      const changed = mark === undefined ? now !== last : mark !== this.#options.mark();
      [last, mark] = [now, undefined];
      if (changed) this.#listeners.notify();
    };
    return watch({ folders: this.#options.folders, look });
  }

  /** A read that began after it was asked for: who asks during one waits for the next, all of them for the same. */
  #reload(): Promise<Content<T>> {
    if (this.#waiting) return this.#waiting;
    if (!this.#running) return this.#begin();
    const begin = (): Promise<Content<T>> => this.#begin();
    this.#waiting = this.#running.then(begin, begin);
    return this.#waiting;
  }

  #begin(): Promise<Content<T>> {
    this.#waiting = undefined;
    const loading = this.#options
      .load(this.#last)
      .then((content) => (this.#last = content))
      .finally(() => {
        if (this.#running === loading) this.#running = undefined;
      });
    this.#running = loading;
    return loading;
  }

  #until<R>(signal: AbortSignal, work: Promise<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(this.#aborted());
      setMaxListeners(0, signal); // one signal for many reads is no leak
      signal.addEventListener('abort', abort, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
  }

  #aborted(): ConfigError {
    const { provider } = this.#options;
    return new ConfigError('aborted', `${provider}: the read was aborted by its caller`, { provider });
  }
}
