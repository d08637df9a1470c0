// The context in which a conformance sentence is checked: the subject's levers, and waiting by its clock.
// `describe-provider.ts` makes one for each sentence. A missing lever fails with the `without` entry to add.

import assert from 'node:assert/strict';
import { type ConfigError, isConfigError } from '../errors.ts';
import type { ConfigProvider, VersionedProvider, WritableProvider } from '../provider.ts';
import type { ConfigValue, Key } from '../value.ts';
import type { Ability } from './abilities.ts';
import type { BackendFault, Subject, Values } from './subject.ts';

// captured before a test installs fake timers: `patienceMs` is real time
const { setImmediate, setTimeout } = globalThis;
const now = performance.now.bind(performance);

export const turns = async (many: number): Promise<void> => {
  for (let i = 0; i < many; i++) await new Promise<void>((done) => void setImmediate(done));
};

const pause = (ms: number): Promise<void> => new Promise((done) => void setTimeout(done, ms));

type Optional = 'getMany' | 'where' | 'watch' | 'refresh' | 'renew' | 'health' | 'versions';

type With<M extends Optional> = Required<Pick<ConfigProvider & VersionedProvider, M>> & ConfigProvider;

/** What the check of a sentence works with. Its methods may be destructured. */
export interface TestContext {
  readonly provider: ConfigProvider;
  readonly values: Values;
  /** The provider, once it is known to have set and delete. */
  readonly writable: WritableProvider;
  /** Returns the provider, once it is known to have the method. */
  with<M extends Optional>(method: M): With<M>;
  change: NonNullable<Subject['change']>;
  fail: (fault: BackendFault | undefined) => Promise<void>;
  damage: (key: Key) => Promise<void>;
  rotate: (key: Key, value: ConfigValue) => Promise<string>;
  lend: NonNullable<Subject['lend']>;
  /** The number of requests that `work` makes, or undefined if the subject does not count them. */
  requestsIfCounted(work: () => Promise<unknown>): Promise<number | undefined>;
  /** The number of requests that `work` makes. Fails if the subject does not count them. */
  countRequests(work: () => Promise<unknown>): Promise<number>;
  /** Advances the subject's clock. */
  advance(ms: number): Promise<void>;
  /** Waits for a promise: in real time, or by advancing the subject's clock. */
  settled<T>(promise: PromiseLike<T>): Promise<T>;
  /** Waits for a promise that must settle within `ms` of the subject's clock, or of real time. */
  settledWithin(ms: number, promise: PromiseLike<unknown>): Promise<void>;
  /** Waits for everything that happens without the clock advancing. */
  idle(): Promise<void>;
  /** Returns the ConfigError that `promise` must reject with. */
  rejection(promise: PromiseLike<unknown>): Promise<ConfigError>;
  /** Like `rejection`, but within a few turns of the event loop and without the clock advancing. */
  promptRejection(promise: PromiseLike<unknown>): Promise<ConfigError>;
}

export function testContext(subject: Subject, values: Values, patienceMs: number): TestContext {
  const { provider, advance, paceMs } = subject;

  const settled = async <T>(promise: PromiseLike<T>): Promise<T> => {
    let done = false;
    const settling = Promise.resolve(promise).finally(() => {
      done = true;
    });
    settling.catch(() => {});
    const end = now() + patienceMs;
    for (let step = paceMs ?? 10; ; step = paceMs ?? Math.min(2 * step, 60_000)) {
      await turns(4);
      if (done) return settling;
      assert.ok(now() < end, `the call did not settle within ${patienceMs} ms`);
      if (!advance || paceMs !== undefined) await pause(1);
      if (!done) await advance?.(step);
    }
  };

  const settledWithin = async (ms: number, promise: PromiseLike<unknown>): Promise<void> => {
    let done = false;
    const settling = Promise.resolve(promise).finally(() => {
      done = true;
    });
    settling.catch(() => {});
    const realEnd = now() + (advance ? patienceMs : ms + 1_000);
    for (let passedMs = 0; ; passedMs += advance ? 50 : 0) {
      await turns(4);
      if (!done && (!advance || paceMs !== undefined)) await pause(1);
      if (done) return void (await settling);
      assert.ok(passedMs <= ms && now() < realEnd, `the call did not settle within ${ms} ms`);
      await advance?.(50);
    }
  };

  const rejection = async (promise: PromiseLike<unknown>): Promise<ConfigError> => {
    let result: unknown;
    try {
      result = await settled(promise);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      assert.ok(
        isConfigError(error),
        `the call rejected with ${className(error)}, which is not a ConfigError`,
      );
      return error;
    }
    assert.fail(`the call returned ${result === undefined ? 'undefined' : 'a value'}, but must reject`);
  };

  const requestsIfCounted = async (work: () => Promise<unknown>): Promise<number | undefined> => {
    const before = subject.requests?.();
    await work();
    return before === undefined ? undefined : (subject.requests?.() ?? 0) - before;
  };

  return {
    provider,
    values,
    settled,
    settledWithin,
    rejection,
    get writable() {
      const writable = provider as WritableProvider;
      assert.equal(typeof writable.set, 'function', missing('write', 'provider.set'));
      assert.equal(typeof writable.delete, 'function', missing('write', 'provider.delete'));
      return writable;
    },
    with: <M extends Optional>(method: M) => {
      assert.equal(
        typeof (provider as Partial<Record<Optional, unknown>>)[method],
        'function',
        missing(method === 'getMany' ? 'batch' : method, `provider.${method}`),
      );
      return provider as With<M>;
    },
    change: async (key, value) => {
      assert.ok(subject.change, missing('change', 'subject.change'));
      await subject.change(key, value);
    },
    fail: async (fault) => {
      assert.ok(subject.fail, missing('faults', 'subject.fail'));
      await subject.fail(fault);
    },
    damage: async (key) => {
      assert.ok(subject.damage, missing('damage', 'subject.damage'));
      await subject.damage(key);
    },
    rotate: async (key, value) => {
      assert.ok(subject.rotate, missing('versions', 'subject.rotate'));
      return subject.rotate(key, value);
    },
    lend: async (key, value, lifeMs) => {
      assert.ok(subject.lend, missing('expiry', 'subject.lend'));
      await subject.lend(key, value, lifeMs);
    },
    requestsIfCounted,
    countRequests: async (work) => {
      const count = await requestsIfCounted(work);
      assert.ok(
        count !== undefined,
        'subject.requests is missing. Return it from make: describeShelter counts requests',
      );
      return count;
    },
    advance: async (ms) => {
      assert.ok(advance, 'subject.advance is missing. Return it from make');
      await advance(ms);
    },
    idle: async () => {
      await turns(10);
      if (!advance || paceMs !== undefined) await pause(20);
    },
    promptRejection: async (promise) => {
      let done = false;
      const settling = Promise.resolve(promise).finally(() => {
        done = true;
      });
      settling.catch(() => {});
      for (let i = 0; i < 50 && !done; i++) await turns(1);
      assert.ok(done, 'the call did not reject at once');
      return rejection(settling);
    },
  };
}

const missing = (ability: Ability, what: string): string =>
  `${what} is missing. Add it, or give the reason: without: { ${ability}: 'because …' }`;

const className = (error: unknown): string =>
  error instanceof Error ? `a ${error.constructor.name}` : `a ${typeof error}`;
