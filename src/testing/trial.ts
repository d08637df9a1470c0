import assert from 'node:assert/strict';
import { type ConfigError, isConfigError } from '../errors.ts';
import type { Key } from '../key.ts';
import type { ConfigProvider, WritableProvider } from '../provider.ts';
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
  /** How many requests `work` has cost, where the subject counts them. */
  cost(work: () => Promise<unknown>): Promise<number | undefined>;
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
  const { provider } = subject;

  const settled = async <T>(promise: PromiseLike<T>): Promise<T> => {
    let done = false;
    const answer = Promise.resolve(promise).finally(() => {
      done = true;
    });
    answer.catch(() => {});
    const end = now() + patienceMs;
    for (let step = 10; ; step = Math.min(2 * step, 60_000)) {
      await turns(4);
      if (done) return answer;
      assert.ok(now() < end, `there was no answer within ${patienceMs} ms`);
      if (subject.advance) await subject.advance(step);
      else await pause(1);
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
      assert.equal(typeof provider[method], 'function', unsaid(method === 'getMany' ? 'batch' : method, `provider.${method}`));
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
    cost: async (work) => {
      const before = subject.requests?.();
      await work();
      return before === undefined ? undefined : (subject.requests?.() ?? 0) - before;
    },
    idle: async () => {
      await turns(10);
      if (!subject.advance) await pause(20);
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

const className = (error: unknown): string => (error instanceof Error ? `a ${error.constructor.name}` : `a ${typeof error}`);
