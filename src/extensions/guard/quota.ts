// The quotas of one tenant, counted in this process. Used by tenant-views.ts. Writes of a tenant run one
// after the other, so that many at once cannot exceed a quota together.

import { isUnreadable } from '../../entry.ts';
import { ConfigError } from '../../errors.ts';
import { append, keyOf, quote } from '../../key.ts';
import { listFrom } from '../../listing.ts';
import { plainValue } from '../../plain-value.ts';
import type { ConfigProvider, WritableProvider } from '../../provider.ts';
import { setIn, toConfigError } from '../../query.ts';
import { type ConfigTree, type ConfigValue, isTree, type Key, withoutBigints } from '../../value.ts';

/** What one tenant may have. */
export interface Quotas {
  /** The most keys. @default none */
  readonly keys?: number;
  /** The most bytes of values, as JSON. @default none */
  readonly bytes?: number;
  /** The most writes and deletes in a minute. @default none */
  readonly writesPerMinute?: number;
}

const minuteMs = 60_000;

/** The times of the writes of the last minute. They outlive the view of a tenant, which is dropped when it is
 *  idle. */
export class WriteTimes {
  #times: number[] = [];

  /** Whether there was a write in the last minute. */
  isRecent(now: number): boolean {
    // a time in the future is from before the clock was set back
    this.#times = this.#times.filter((time) => Math.abs(now - time) < minuteMs);
    return this.#times.length > 0;
  }

  /** The time until a write is allowed; 0 counts one now. */
  take(most: number, now: number): number {
    this.isRecent(now);
    if (this.#times.length < most) {
      this.#times.push(now);
      return 0;
    }
    return Math.max(1, (this.#times[0] ?? now) + minuteMs - now);
  }
}

/** Writes within quotas. The store is listed before the first write, and after one of which it is unknown
 *  whether it has happened. */
export class QuotaWrites {
  readonly #store: WritableProvider;
  readonly #quotas: Quotas;
  readonly #times: () => WriteTimes;
  readonly #now: () => number;
  readonly #refused: () => void;
  #sizes: Map<Key, number> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    store: ConfigProvider,
    quotas: Quotas,
    times: () => WriteTimes,
    now: () => number,
    refused: () => void,
  ) {
    this.#store = store as WritableProvider;
    this.#quotas = quotas;
    this.#times = times;
    this.#now = now;
    this.#refused = refused;
  }

  readonly set: WritableProvider['set'] = (spelling, value, options) =>
    this.#inTurn(async () => {
      const key = keyOf(spelling);
      this.#countWrite(key);
      const size = sizeOf(value);
      const sizes = await this.#counted();
      if (sizes) this.#check(sizes, key, size);
      const entry = await setIn(this.#store, key, value, options);
      sizes?.set(key, size);
      return entry;
    });

  readonly delete: WritableProvider['delete'] = (spelling, options) =>
    this.#inTurn(async () => {
      const key = keyOf(spelling);
      this.#countWrite(key);
      const wasThere = await this.#store.delete(key, options);
      this.#sizes?.delete(key);
      return wasThere;
    });

  async #inTurn<T>(write: () => Promise<T>): Promise<T> {
    const running = this.#last.then(write);
    this.#last = running.catch(() => undefined);
    try {
      return await running;
    } catch (thrown) {
      const error = toConfigError(thrown, this.#store.name);
      if (error.code === 'quota_exceeded') this.#refused();
      else this.#sizes = undefined;
      throw error;
    }
  }

  #countWrite(key: Key): void {
    const most = this.#quotas.writesPerMinute;
    const waitMs = most === undefined ? 0 : this.#times().take(most, this.#now());
    if (waitMs === 0) return;
    throw new ConfigError('quota_exceeded', `${this.#store.name}: more than ${most} writes in a minute`, {
      provider: this.#store.name,
      key,
      retryAfterMs: waitMs,
      hint: `Write again in ${Math.ceil(waitMs / 1000)} s`,
    });
  }

  #check(sizes: ReadonlyMap<Key, number>, key: Key, size: number): void {
    const { keys, bytes } = this.#quotas;
    const exceeded = (what: string): ConfigError =>
      new ConfigError('quota_exceeded', `${this.#store.name}: "${key}" would exceed the quota: ${what}`, {
        provider: this.#store.name,
        key,
        hint: 'Delete keys, or raise the quota',
      });
    if (keys !== undefined && !sizes.has(key) && sizes.size >= keys) throw exceeded(`at most ${keys} keys`);
    const used = [...sizes].reduce((sum, [other, one]) => (other === key ? sum : sum + one), size);
    if (bytes !== undefined && used > bytes) throw exceeded(`at most ${bytes} bytes`);
  }

  /** The size of each key. Undefined if no quota needs it. */
  async #counted(): Promise<Map<Key, number> | undefined> {
    const { keys, bytes } = this.#quotas;
    if (keys === undefined && bytes === undefined) return undefined;
    if (this.#sizes) return this.#sizes;
    const sizes = new Map<Key, number>();
    const count = (key: Key, value: ConfigValue): void => {
      if (!isTree(value)) sizes.set(key, sizeOf(value));
      else for (const name of Object.keys(value)) count(append(key, quote(name)), value[name] as ConfigValue);
    };
    for (const item of await listFrom(this.#store, ''))
      if (isUnreadable(item)) sizes.set(item.key, 0);
      else count(item.key, item.value as ConfigTree);
    return (this.#sizes = sizes);
  }
}

/** The bytes of a value as JSON. What is not a value takes none: the store refuses it. */
function sizeOf(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(withoutBigints(plainValue(value).value)));
  } catch {
    return 0;
  }
}
