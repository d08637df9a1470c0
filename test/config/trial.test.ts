import { execFile } from 'node:child_process';
import { isDeepStrictEqual, promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  type DeepReadonly,
  type LoadOptions,
  loadConfig,
  MemoryProvider,
  type TrialCheck,
  type TrialOptions,
} from '../../src/index.ts';
import { loadConfigSync } from '../../src/sync/index.ts';
import { ChangingStore } from '../support/changing-store.ts';
import { listening } from '../support/listening.ts';
import { program } from '../support/program.ts';

const run = promisify(execFile);

const Schema = z.object({
  llm: z.object({ model: z.string(), size: z.number().default(1) }),
  db: z.object({ password: z.string().optional() }).default({}),
});
type Values = DeepReadonly<z.output<typeof Schema>>;

const everyMs = 10;
const ms = 100;
const full = { 'llm.model': 'a' };

/** A configuration on trial, whose health a test decides. */
async function tried(
  store: ChangingStore,
  healthy: TrialOptions<Values>['healthy'],
  options: LoadOptions<Values> = {},
) {
  const config = await loadConfig(Schema, store, {
    watch: { settleMs: 0 },
    keep: 3,
    ...options,
    trial: { ms, everyMs, healthy },
  });
  return { config, ...listening(config) };
}

/** Changes the store, and lets the configuration see it. */
async function change(store: ChangingStore, model: string): Promise<void> {
  store.set('llm.model', model);
  store.emit();
  await pass(1);
}

const pass = async (time: number): Promise<void> => {
  await vi.advanceTimersByTimeAsync(time);
};

const isNot =
  (...models: readonly string[]): TrialOptions<Values>['healthy'] =>
  ({ config }) =>
    !models.includes(config.value.llm.model);

beforeAll(async () => {
  // an import takes time that no fake clock passes
  await Promise.all([import('../../src/config/trial.ts'), import('../../src/config/vanished.ts')]);
});
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a trial', () => {
  it('ends well if the generation is healthy all the time', async () => {
    const store = new ChangingStore(full);
    const seen: unknown[] = [];
    const { config, of } = await tried(store, ({ config, previous, signal }) => {
      seen.push([config.value.llm.model, config.stats().generation, previous.llm.model, signal.aborted]);
      return true;
    });
    await pass(1000);
    expect(seen).toEqual([]); // the first generation has none
    await change(store, 'b');
    expect(of('trial_started')).toMatchObject([{ version: '2', good: 1, keys: ['llm.model'] }]);
    await pass(ms - 5);
    expect(of('trial_passed')).toEqual([]);
    await pass(20);
    expect(of('trial_passed')).toMatchObject([{ version: '2' }]);
    expect(seen[0]).toEqual(['b', 2, 'a', false]);
    const { length } = seen;
    expect(length).toBe(11);
    await pass(1000);
    expect(seen).toHaveLength(length);
    await config.close();
  });

  it('that fails goes back, with reason, numbers and keys', async () => {
    const store = new ChangingStore(full);
    const { config, of } = await tried(store, isNot('b'));
    await change(store, 'b');
    expect(config.value.llm.model).toBe('a');
    expect(of('rolled_back')).toMatchObject([
      {
        from: 2,
        to: 1,
        version: '1',
        keys: ['llm.model'],
        message: expect.stringContaining('healthy did not'),
      },
    ]);
    expect((await config.history())[0]).toMatchObject({ number: 1, keys: ['llm.model'] });
    await config.close();
  });

  it('goes back to the last good one, however many changes came meanwhile', async () => {
    const store = new ChangingStore(full);
    const { config, of } = await tried(store, isNot('z'));
    for (const model of ['b', 'c', 'd', 'e', 'f', 'z']) await change(store, model);
    expect(config.value.llm.model).toBe('a');
    expect(of('trial_started')).toHaveLength(6);
    expect(of('trial_passed')).toEqual([]);
    expect(of('rolled_back')).toMatchObject([{ from: 7, to: 1 }]);
    await config.close();
  });

  it('begins again with each change, and the last one passes', async () => {
    const store = new ChangingStore(full);
    const { config, of } = await tried(store, isNot('z'));
    await change(store, 'b');
    await pass(ms - 10);
    await change(store, 'c');
    await pass(ms - 10);
    expect(of('trial_passed')).toEqual([]);
    await pass(20);
    expect(of('trial_passed')).toMatchObject([{ version: '3' }]);
    await change(store, 'z');
    expect(config.value.llm.model).toBe('c');
    await config.close();
  });

  it.each([
    ['returns false', () => false, 'healthy did not return true'],
    ['returns no boolean', () => undefined as never, 'healthy did not return true'],
    [
      'throws',
      () => {
        throw new Error('the rate is 3 %');
      },
      'healthy threw Error: the rate is 3 %',
    ],
    ['rejects', () => Promise.reject(new Error('no answer')), 'healthy threw Error: no answer'],
    ['never answers', () => new Promise<never>(() => {}), 'no answer of healthy within 10 ms'],
  ])('fails if healthy %s', async (_, healthy, why) => {
    const store = new ChangingStore(full);
    const { config, of } = await tried(store, healthy);
    await change(store, 'b');
    await pass(everyMs);
    expect(of('rolled_back')).toMatchObject([{ message: expect.stringContaining(why) }]);
    expect(config.value.llm.model).toBe('a');
    await config.close();
  });

  it('shows no secret that healthy throws', async () => {
    const store = new ChangingStore(full);
    store.set('db.password', 'fake-Zq83-not-real', { secret: true });
    const { config, events } = await tried(store, ({ config }) => {
      throw new Error(`cannot log in with ${config.value.db.password}`);
    });
    await change(store, 'b');
    expect(events.map(({ type }) => type)).toContain('rolled_back');
    expect(JSON.stringify(events)).not.toContain('Zq83');
    await config.close();
  });

  it('aborts the signal of an answer that is late, and of one that is not needed any more', async () => {
    const store = new ChangingStore(full);
    const signals: AbortSignal[] = [];
    const { config } = await tried(store, ({ signal }) => {
      signals.push(signal);
      return new Promise<never>(() => {});
    });
    await change(store, 'b');
    await change(store, 'c');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    await pass(everyMs);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    await config.close();
  });

  it('asks when subscribers have been called and resources have been made', async () => {
    const store = new ChangingStore(full);
    const order: string[] = [];
    const { config } = await tried(store, () => order.push('healthy') > 0);
    config.subscribe('llm', () => order.push('subscriber'));
    await config.use('llm', async ({ model }) => {
      if (model === 'b') await new Promise((resolve) => setTimeout(resolve, 5));
      order.push(`made of ${model}`);
    });
    await change(store, 'b');
    await pass(6);
    expect(order).toEqual(['made of a', 'subscriber', 'made of b', 'healthy']);
    await config.close();
  });

  it('fails if a resource cannot be made', async () => {
    const store = new ChangingStore(full);
    let asked = 0;
    const { config, of } = await tried(store, () => ++asked > 0);
    await config.use('llm', ({ model }) => {
      if (model === 'b') throw new Error('no such model');
      return model;
    });
    await change(store, 'b');
    expect(of('rolled_back')).toMatchObject([
      { message: expect.stringContaining('the resource for "llm" could not be made') },
    ]);
    expect(asked).toBe(0);
    await config.close();
  });

  it('ends when the configuration is closed', async () => {
    const store = new ChangingStore(full);
    let asked = 0;
    const { config, of } = await tried(store, () => ++asked < 3);
    await change(store, 'b');
    await config.close();
    await pass(1000);
    expect(asked).toBe(1);
    expect(of('rolled_back')).toEqual([]);
  });

  it('is ended by a rollback, whose generation counts as good', async () => {
    const store = new ChangingStore(full);
    const { config, of } = await tried(store, isNot('z'));
    await change(store, 'b');
    await change(store, 'c');
    await config.rollback();
    await pass(1000);
    expect(of('trial_passed')).toEqual([]);
    expect(config.value.llm.model).toBe('b');
    store.set('llm.model', 'z');
    await config.reload();
    await pass(1);
    expect(config.value.llm.model).toBe('b');
    await config.close();
  });

  it('is not needed for the content of the good generation', async () => {
    const store = new ChangingStore(full);
    let asked = 0;
    const { config, of } = await tried(store, () => ++asked > 0);
    await change(store, 'b');
    await change(store, 'a');
    const before = asked;
    await pass(1000);
    expect(asked).toBe(before);
    expect(of('trial_started')).toHaveLength(1);
    expect(config.value.llm.model).toBe('a');
    await config.close();
  });
});

it('a configuration of loadConfigSync is tried, too', async () => {
  const source = new MemoryProvider({ a: 1 });
  const healthy = ({ config }: TrialCheck<unknown>): boolean => !isDeepStrictEqual(config.value, { a: 2 });
  await using config = loadConfigSync(source, { trial: { ms, everyMs, healthy }, on: () => {} });
  await source.set('a', 2);
  await config.reload();
  await pass(1);
  expect(config.value).toEqual({ a: 1 });
});

describe('content that has failed its trial', () => {
  it('is not put in force again until reload(), and any other is', async () => {
    const store = new ChangingStore(full);
    const { config, of } = await tried(store, isNot('b'));
    await change(store, 'b');
    await change(store, 'b');
    await pass(1000);
    expect(of('trial_started')).toHaveLength(1);
    expect(config.value.llm.model).toBe('a');
    await change(store, 'c');
    expect(config.value.llm.model).toBe('c');
    await pass(1000);
    await change(store, 'b');
    expect(config.value.llm.model).toBe('c');
    await config.reload();
    expect(config.value.llm.model).toBe('b');
    await pass(1);
    expect(config.value.llm.model).toBe('c');
    await config.close();
  });

  it('still brings new secrets, and nothing else', async () => {
    const store = new ChangingStore(full);
    store.set('db.password', 'fake-1', { secret: true });
    const { config, of } = await tried(store, isNot('b'));
    await change(store, 'b');
    store.set('db.password', 'fake-2', { secret: true });
    await change(store, 'b');
    expect(config.value).toMatchObject({ llm: { model: 'a' }, db: { password: 'fake-2' } });
    expect(of('trial_started')).toHaveLength(1);
    await config.close();
  });

  it('does not come back under an override, which changes what is in force', async () => {
    const store = new ChangingStore(full);
    const { config } = await tried(store, isNot('a'));
    const first = await config.override({ llm: { model: 'good' } });
    await pass(ms + 1);
    await first[Symbol.asyncDispose](); // the model of the store again, which is on trial
    await pass(everyMs + 1);
    expect(config.value.llm.model).toBe('good');
    const second = await config.override({ llm: { size: 2 } });
    expect(config.value.llm).toEqual({ model: 'good', size: 2 });
    await second[Symbol.asyncDispose]();
    expect(config.value.llm).toEqual({ model: 'good', size: 1 });
  });

  it('is a warning of the process if nothing listens', async () => {
    const store = new ChangingStore(full);
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const trial = { ms, everyMs, healthy: isNot('b') };
    const config = await loadConfig(Schema, store, { watch: { settleMs: 0 }, trial });
    await change(store, 'b');
    expect(config.value.llm.model).toBe('a');
    expect(warn).toHaveBeenCalledWith('generation 2 was rolled back to 1: healthy did not return true', {
      type: 'ConfigWarning',
      code: 'LLM_CONFIG_ROLLED_BACK',
    });
    warn.mockRestore();
    await config.close();
  });
});

describe('secrets and trials', () => {
  it('a change of secrets alone needs no trial, and survives the way back', async () => {
    const store = new ChangingStore(full);
    store.set('db.password', 'fake-1', { secret: true });
    const { config, of } = await tried(store, isNot('b'));
    store.set('db.password', 'fake-2', { secret: true });
    await change(store, 'a');
    expect(config.value.db.password).toBe('fake-2');
    expect(of('trial_started')).toEqual([]);
    await change(store, 'b');
    expect(config.value).toMatchObject({ llm: { model: 'a' }, db: { password: 'fake-2' } });
    await config.close();
  });

  it('a renewal does not begin the trial again', async () => {
    const store = new ChangingStore(full);
    const lease = (n: number): void =>
      store.set('db.password', `fake-${n}`, { secret: true, expiresAt: Date.now() + 60_000 });
    lease(1);
    const { config, of } = await tried(store, () => true);
    await change(store, 'b');
    await pass(ms / 2);
    lease(2);
    await change(store, 'b');
    await pass(ms / 2 + 10);
    expect(of('trial_started')).toHaveLength(1);
    expect(of('trial_passed')).toMatchObject([{ version: '3' }]);
    expect(config.value).toMatchObject({ llm: { model: 'b' }, db: { password: 'fake-2' } });
    await config.close();
  });

  it('a generation that cannot go back stays, and that is reported', async () => {
    const Pair = z
      .object({ user: z.string(), password: z.string() })
      .refine(({ user, password }) => password.startsWith(user), 'must be of one pair');
    const store = new ChangingStore({ user: 'fake-a' });
    store.set('password', 'fake-a-1', { secret: true });
    const trial = { ms, everyMs, healthy: () => false };
    const config = await loadConfig(Pair, store, { watch: { settleMs: 0 }, trial });
    const { of } = listening(config);
    store.set('user', 'fake-b');
    store.set('password', 'fake-b-1', { secret: true });
    store.emit();
    await pass(5);
    expect(of('rolled_back')).toEqual([]);
    expect(of('refresh_failed')).toMatchObject([
      {
        outcome: 'conflict',
        message: expect.stringContaining('generation 2 has failed its trial (healthy did not return true)'),
      },
    ]);
    expect(config.failure).toMatchObject({ code: 'conflict' });
    expect(config.value.user).toBe('fake-b');
    await config.close();
  });
});

describe('options of a trial', () => {
  it.each([
    [{ healthy: (): boolean => true }, 'the option ms is required'],
    [{ ms: 10 }, 'the option healthy is required'],
    [{ ms: 0, healthy: (): boolean => true }, 'ms must be a number'],
    [{ ms: 10, healthy: true }, 'healthy must be a function'],
    [{ ms: 10, every: 1, healthy: (): boolean => true }, 'unknown option'],
    ['15m', 'the option trial must be an object'],
  ])('%j is refused', async (trial, message) => {
    const error = await loadConfig(new ChangingStore(), { trial: trial as never }).catch(String);
    expect(error).toContain(message);
  });
});

it('a trial keeps no process alive', async () => {
  vi.useRealTimers();
  const file = await program(new URL('../support/background-trial.ts', import.meta.url));
  const { stdout } = await run(process.execPath, [file]);
  expect(stdout.trim()).toBe('asked');
});
