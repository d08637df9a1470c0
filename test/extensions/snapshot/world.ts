// A store that can fail, a clock that can be put back, and a folder for snapshots.

import { inspect } from 'node:util';
import { type Entry, makeEntry, type Unreadable } from '../../../src/entry.ts';
import { ConfigError, type ErrorCode } from '../../../src/errors.ts';
import type { ConfigEvent } from '../../../src/events.ts';
import {
  type Remembered,
  type RememberedOptions,
  remembered,
} from '../../../src/extensions/snapshot/index.ts';
import { startsWith } from '../../../src/key.ts';
import { makeOrigin } from '../../../src/origin.ts';
import type { ListOptions, ReadOptions, VersionedRead, WritableProvider } from '../../../src/provider.ts';
import type { Clock } from '../../../src/shelter/clock.ts';
import { type ManualClock, manualClock } from '../../../src/testing/clock.ts';
import type { ConfigValue } from '../../../src/value.ts';
import { folder } from '../../support/folder.ts';

export const testKey = (): Uint8Array => new Uint8Array(32).fill(7);

/** A manual clock whose time of the system can be changed. */
export class MovableClock implements Clock {
  readonly #clock: ManualClock = manualClock();
  #offset = 0;
  now = (): number => this.#clock.now() + this.#offset;
  elapsed = (): number => this.#clock.now();
  after = (ms: number, then: () => void): (() => void) => this.#clock.after(ms, then);
  advance = (ms: number): Promise<void> => this.#clock.advance(ms);
  move(ms: number): void {
    this.#offset += ms;
  }
}

/** A store: values, failures of all reads, and failures of single keys. */
export class Store implements WritableProvider {
  readonly name: string;
  readonly values = new Map<string, ConfigValue>();
  readonly versions_ = new Map<string, string>();
  readonly refused = new Map<string, ErrorCode>();
  readonly leased = new Set<string>();
  readonly expiring = new Map<string, number>();
  failure: ErrorCode | undefined;
  asked = 0;
  /** Answers with what was read then: a cache that is out of date. */
  readAt: number | undefined;
  readonly #now: () => number;

  constructor(now: () => number, values: Readonly<Record<string, ConfigValue>> = {}, name = 'vault') {
    this.#now = now;
    this.name = name;
    for (const [key, value] of Object.entries(values)) this.values.set(key, value);
  }

  async get(key: string, options?: VersionedRead): Promise<Entry | undefined> {
    this.#ask(options);
    const code = this.refused.get(key);
    if (code) throw this.#error(code, key);
    return this.#entry(key);
  }

  async list(prefix = '', options?: ListOptions): Promise<readonly (Entry | Unreadable)[]> {
    this.#ask(options);
    const { wanted } = options ?? {};
    const keys = [...new Set([...this.values.keys(), ...this.refused.keys()])].filter(
      (key) =>
        startsWith(key, prefix) &&
        (!wanted ||
          wanted.keys.some((one) => startsWith(one, key) || startsWith(key, one)) ||
          wanted.prefixes.some((one) => startsWith(key, one))),
    );
    return keys.map((key): Entry | Unreadable => {
      const code = this.refused.get(key);
      if (!code) return this.#entry(key) as Entry;
      return Object.freeze({ key, origin: this.#origin(key), error: this.#error(code, key) });
    });
  }

  async set(key: string, value: ConfigValue): Promise<Entry> {
    this.#ask();
    this.values.set(key, value);
    return this.#entry(key) as Entry;
  }

  async delete(key: string): Promise<boolean> {
    this.#ask();
    return this.values.delete(key);
  }

  leasedAt(key: string): string | undefined {
    return this.leased.has(key) ? key : undefined;
  }

  where(key: string): string {
    return `${this.name} secret/acme#${key}`;
  }

  async health(_options?: ReadOptions) {
    const status = this.failure ? ('down' as const) : ('ok' as const);
    return { status, checkedAt: this.#now(), ...(this.failure && { reason: 'refused' }) };
  }

  async close(): Promise<void> {}

  /** What the store has is not what the tests of leaks look for. */
  [inspect.custom](): string {
    return `Store(${this.name})`;
  }

  #ask(options?: ReadOptions): void {
    this.asked++;
    if (options?.signal?.aborted) throw this.#error('aborted');
    if (this.failure) throw this.#error(this.failure);
  }

  #origin(key: string) {
    const version = this.versions_.get(key);
    return makeOrigin({ provider: this.name, source: `${this.name} secret/acme#${key}`, version });
  }

  #entry(key: string): Entry | undefined {
    const value = this.values.get(key);
    if (value === undefined) return undefined;
    const version = this.versions_.get(key);
    const expiresAt = this.expiring.get(key);
    return makeEntry({
      key,
      value,
      secret: true,
      origin: this.#origin(key),
      readAt: this.readAt ?? this.#now(),
      ...(version !== undefined && { version }),
      ...(expiresAt !== undefined && { expiresAt }),
    });
  }

  #error(code: ErrorCode, key?: string): ConfigError {
    return new ConfigError(code, `${this.name}: it failed`, { provider: this.name, ...(key && { key }) });
  }
}

/** A folder, a clock, a store, and processes that remember it. */
export async function world(values: Readonly<Record<string, ConfigValue>> = {}) {
  const box = await folder();
  const clock = new MovableClock();
  const store = new Store(clock.now, values);
  const events: ConfigEvent[] = [];
  const file = box.at('state/app.snapshot');
  const open: Remembered<Store>[] = [];
  /** A process that starts: nothing in memory. */
  const start = (more: Partial<RememberedOptions> = {}, of: Store = store): Remembered<Store> => {
    const one = remembered(of, { keys: testKey, app: 'inference', file, clock, ...more });
    one.on((event) => events.push(event));
    open.push(one);
    return one;
  };
  /** The process ends after the store has answered, and another one starts. */
  const restart = async (last: Remembered<Store>, more: Partial<RememberedOptions> = {}) => {
    await last.close();
    return start(more);
  };
  return {
    ...box,
    clock,
    store,
    events,
    file,
    start,
    restart,
    ofType: (type: ConfigEvent['type']) => events.filter((event) => event.type === type),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(open.map((one) => one.close()));
      await box[Symbol.asyncDispose]();
    },
  };
}
