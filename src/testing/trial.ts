import assert from 'node:assert/strict';
import { type ConfigError, isConfigError } from '../errors.ts';
import type { ConfigProvider, WritableProvider } from '../provider.ts';
import type { ConfigValue, Key } from '../value.ts';
import type { Ability } from './abilities.ts';
import type { BackendFault, Subject, Values } from './subject.ts';

// taken before anyone installs fake timers: the suite's own patience is real
const { setImmediate, setTimeout } = globalThis;
const now = performance.now.bind(performance);

export const turns = async (many: number): Promise<void> => {
  for (let i = 0; i < many; i++) await new Promise<void>((done) => void setImmediate(done));
};

const pause = (ms: number): Promise<void> => new Promise((done) => void setTimeout(done, ms));

type Optional = 'getMany' | 'where' | 'watch' | 'refresh' | 'health';

/** A subject while one sentence is held against it. Its methods may be taken off it. */
export interface Trial {
  readonly provider: ConfigProvider;
  readonly values: Values;
  readonly writable: WritableProvider;
  /** The provider, once it is sure that it has the method. */
  with<M extends Optional>(method: M): ConfigProvider & Required<Pick<ConfigProvider, M>>;
  change: NonNullable<Subject['change']>;
  fail: (fault: BackendFault | undefined) => Promise<void>;
  damage: (key: Key) => Promise<void>;
  rotate: (key: Key, value: ConfigValue) => Promise<string>;
  lend: NonNullable<Subject['lend']>;
  /** How many requests `work` has cost, where the subject counts them. */
  cost(work: () => Promise<unknown>): Promise<number | undefined>;
  /** The same, where it must. */
  requests(work: () => Promise<unknown>): Promise<number>;
  /** Lets time pass on the subject's clock. */
  pass(ms: number): Promise<void>;
  /** Waits for an answer: in real time, or by moving the subject's clock. */
  settled<T>(promise: PromiseLike<T>): Promise<T>;
  /** Waits until what is to happen without any time passing has happened. */
  idle(): Promise<void>;
  /** The error that `promise` must end with. */
  refusal(promise: PromiseLike<unknown>): Promise<ConfigError>;
  /** The same, without any time passing: within a few turns of the event loop. */
  promptRefusal(promise: PromiseLike<unknown>): Promise<ConfigError>;
}

export function trialOf(subject: Subject, values: Values, patienceMs: number): Trial {
  const { provider, advance, paceMs } = subject;

  const settled = async <T>(promise: PromiseLike<T>): Promise<T> => {
    let done = false;
    const answer = Promise.resolve(promise).finally(() => {
      done = true;
    });
    answer.catch(() => {});
    const end = now() + patienceMs;
    for (let step = paceMs ?? 10; ; step = paceMs ?? Math.min(2 * step, 60_000)) {
      await turns(4);
      if (done) return answer;
      assert.ok(now() < end, `there was no answer within ${patienceMs} ms`);
      if (!advance || paceMs !== undefined) await pause(1);
      if (!done) await advance?.(step);
    }
  };

  const refusal = async (promise: PromiseLike<unknown>): Promise<ConfigError> => {
    let answer: unknown;
    try {
      answer = await settled(promise);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      assert.ok(isConfigError(error), `it failed with ${className(error)}, which is no ConfigError`);
      return error;
    }
    assert.fail(`it answered ${answer === undefined ? 'undefined' : 'something'} where it had to fail`);
  };

  const cost = async (work: () => Promise<unknown>): Promise<number | undefined> => {
    const before = subject.requests?.();
    await work();
    return before === undefined ? undefined : (subject.requests?.() ?? 0) - before;
  };

  return {
    provider,
    values,
    settled,
    refusal,
    get writable() {
      const writable = provider as WritableProvider;
      assert.equal(typeof writable.set, 'function', unsaid('write', 'provider.set'));
      assert.equal(typeof writable.delete, 'function', unsaid('write', 'provider.delete'));
      return writable;
    },
    with: <M extends Optional>(method: M) => {
      assert.equal(
        typeof provider[method],
        'function',
        unsaid(method === 'getMany' ? 'batch' : method, `provider.${method}`),
      );
      return provider as ConfigProvider & Required<Pick<ConfigProvider, M>>;
    },
    change: async (key, value) => {
      assert.ok(subject.change, unsaid('change', 'subject.change'));
      await subject.change(key, value);
    },
    fail: async (fault) => {
      assert.ok(subject.fail, unsaid('faults', 'subject.fail'));
      await subject.fail(fault);
    },
    damage: async (key) => {
      assert.ok(subject.damage, unsaid('damage', 'subject.damage'));
      await subject.damage(key);
    },
    rotate: async (key, value) => {
      assert.ok(subject.rotate, unsaid('versions', 'subject.rotate'));
      return subject.rotate(key, value);
    },
    lend: async (key, value, lifeMs) => {
      assert.ok(subject.lend, unsaid('expiry', 'subject.lend'));
      await subject.lend(key, value, lifeMs);
    },
    cost,
    requests: async (work) => {
      const seen = await cost(work);
      assert.ok(seen !== undefined, 'there is no subject.requests, and nothing can be counted without');
      return seen;
    },
    pass: async (ms) => {
      assert.ok(advance, 'there is no subject.advance, and no time can pass without');
      await advance(ms);
    },
    idle: async () => {
      await turns(10);
      if (!advance || paceMs !== undefined) await pause(20);
    },
    promptRefusal: async (promise) => {
      let done = false;
      const answer = Promise.resolve(promise).finally(() => {
        done = true;
      });
      answer.catch(() => {});
      for (let i = 0; i < 50 && !done; i++) await turns(1);
      assert.ok(done, 'it did not end at once');
      return refusal(answer);
    },
  };
}

const unsaid = (ability: Ability, what: string): string =>
  `there is no ${what}; if there can be none, say why: without: { ${ability}: 'because …' }`;

const className = (error: unknown): string =>
  error instanceof Error ? `a ${error.constructor.name}` : `a ${typeof error}`;
