import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  BundleProvider,
  type ConfigChange,
  EnvProvider,
  fallback,
  type LoadOptions,
  loadConfig,
  optional,
  reveal,
} from '../../src/index.ts';
import { ChangingStore } from '../support/changing-store.ts';
import { folder } from '../support/folder.ts';
import { failureOf, listening } from '../support/listening.ts';

const Schema = z.object({
  llm: z.object({ model: z.string(), temperature: z.number().default(0.7) }),
  db: z
    .object({ user: z.string().optional(), password: z.string().optional() })
    .default({})
    .refine(({ user, password }) => !user || !password || password.includes(user), 'must be of one pair'),
});

const full = { 'llm.model': 'a' };

/** A configuration of a store, reloaded once for each model. */
async function loaded(store: ChangingStore, models: string, options: LoadOptions = {}) {
  const config = await loadConfig(Schema, store, { keep: 5, ...options });
  for (const model of models) {
    store.set('llm.model', model);
    await config.reload();
  }
  return config;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('rollback', () => {
  it('restores the previous generation until the next reload', async () => {
    const store = new ChangingStore(full);
    await using config = await loadConfig(Schema, store);
    const { value } = config;
    await expect(config.rollback()).rejects.toThrow(/no earlier generation/);
    store.set('llm.model', 'b');
    await config.reload();
    const changes: ConfigChange[] = [];
    config.subscribe('llm.model', (change) => changes.push(change));
    expect((await config.rollback()).number).toBe(1);
    expect(config.value).toBe(value);
    expect(changes).toMatchObject([{ generation: 1 }]);
    await expect(config.rollback()).rejects.toMatchObject({ code: 'not_found' });
    await config.reload();
    expect(config.generation.number).toBe(3);
    expect(config.value.llm.model).toBe('b');
  });

  it('outlasts changes, polls and failed reloads, and asks no source itself', async () => {
    const store = new ChangingStore(full);
    await using config = await loaded(store, 'b', { watch: { pollMs: 1000 } });
    const { asked } = store;
    await config.rollback();
    expect(store.asked).toBe(asked);
    store.set('llm.model', 'c');
    store.emit();
    await vi.advanceTimersByTimeAsync(5000);
    expect(store.asked).toBeGreaterThan(asked);
    expect(config.value.llm.model).toBe('a');
    store.isDown = true;
    await expect(config.reload()).rejects.toThrow();
    store.isDown = false;
    await vi.advanceTimersByTimeAsync(5000);
    expect(config.value.llm.model).toBe('a');
    await config.reload();
    expect(config.value.llm.model).toBe('c');
  });

  it('goes back by several generations, and from there by more', async () => {
    await using config = await loaded(new ChangingStore(full), 'bcde');
    await config.rollback(2);
    expect(config.value.llm.model).toBe('c');
    await config.rollback();
    expect(config.value.llm.model).toBe('b');
    await config.rollback();
    expect(config.value.llm.model).toBe('a');
    const error = await failureOf(config.rollback());
    expect(error).toMatchObject({ code: 'not_found' });
  });

  it('reaches no generation that is not kept', async () => {
    await using config = await loaded(new ChangingStore(full), 'bcd', { keep: 2 });
    expect(String(await failureOf(config.rollback(3)))).toContain(
      '2 earlier generations. Set the option keep',
    );
    await using none = await loaded(new ChangingStore(full), 'b', { keep: 0 });
    await expect(none.rollback()).rejects.toMatchObject({ code: 'not_found' });
  });

  it.each([0, -1, 1.5, Number.NaN, '1'])('refuses %s generations', async (steps) => {
    await using config = await loaded(new ChangingStore(full), 'b');
    await expect(config.rollback(steps as number)).rejects.toMatchObject({ code: 'invalid_option' });
    await expect(config.rollback(1, { secrets: 'old' as never })).rejects.toMatchObject({
      code: 'invalid_option',
    });
  });

  it('emits why, from where and to where, and what has changed', async () => {
    await using config = await loaded(new ChangingStore(full), 'bc');
    const { of } = listening(config);
    await config.rollback(2);
    expect(of('rolled_back')).toMatchObject([
      {
        from: 3,
        to: 1,
        version: '1',
        keys: ['llm.model'],
        message: 'generation 3 was rolled back to 1: rollback was called',
      },
    ]);
    expect(of('changed')).toMatchObject([{ keys: ['llm.model'], version: '1' }]);
  });

  it('a poll that is under way does not undo it', async () => {
    const store = new ChangingStore(full);
    await using config = await loaded(store, 'b', { watch: { pollMs: 1000 } });
    let answer = (): void => {};
    store.gate = new Promise((resolve) => {
      answer = resolve;
    });
    store.set('llm.model', 'c');
    store.set('db.password', 'fake-new', { secret: true });
    await vi.advanceTimersByTimeAsync(1500);
    await config.rollback();
    answer();
    await vi.advanceTimersByTimeAsync(100);
    expect(config.value).toMatchObject({ llm: { model: 'a' }, db: { password: 'fake-new' } });
  });

  it('a reload that was called before does not undo it, and one that is called after does', async () => {
    const store = new ChangingStore(full);
    await using config = await loaded(store, 'b');
    let answer = (): void => {};
    store.gate = new Promise((resolve) => {
      answer = resolve;
    });
    const before = config.reload();
    await config.rollback();
    const after = config.reload();
    answer();
    await before;
    expect(config.value.llm.model).toBe('a');
    await after;
    expect(config.value.llm.model).toBe('b');
  });

  it('a closed configuration refuses it', async () => {
    const config = await loaded(new ChangingStore(full), 'b');
    await config.close();
    await expect(config.rollback()).rejects.toMatchObject({ code: 'aborted' });
    expect(config.value.llm.model).toBe('b');
  });
});

describe('secrets of a rollback', () => {
  it('are those of now', async () => {
    const store = new ChangingStore(full);
    store.set('db.password', 'fake-one', { secret: true, version: '1' });
    const config = await loadConfig(Schema, store);
    store.set('db.password', 'fake-two', { secret: true, version: '2' });
    store.set('llm.model', 'b');
    await config.reload();
    expect((await config.rollback()).number).toBe(3);
    expect(config.value).toMatchObject({ llm: { model: 'a' }, db: { password: 'fake-two' } });
    expect(JSON.stringify(config)).not.toContain('fake-');
    await config.reload();
    await config.rollback(1, { secrets: 'then' });
    expect(config.value).toMatchObject({ llm: { model: 'a' }, db: { password: 'fake-two' } });
  });

  it('are those of then for those who mean it', async () => {
    const store = new ChangingStore(full);
    store.set('db.password', 'fake-one', { secret: true });
    const config = await loadConfig(Schema, store);
    store.set('db.password', 'fake-two', { secret: true });
    await config.reload();
    await config.rollback(1, { secrets: 'then' });
    expect(config.value.db.password).toBe('fake-one');
    expect(config.generation.number).toBe(1);
  });

  it('what expires is that of now, also with the secrets of then', async () => {
    const store = new ChangingStore(full);
    store.set('db.user', 'fake1', { expiresAt: Date.now() + 60_000, secret: true });
    const config = await loadConfig(Schema, store);
    store.set('db.user', 'fake2', { expiresAt: Date.now() + 600_000, secret: true });
    store.set('llm.model', 'b');
    await config.reload();
    await config.rollback(1, { secrets: 'then' });
    expect(config.value).toMatchObject({ llm: { model: 'a' }, db: { user: 'fake2' } });
  });

  it('that do not fit the values are a conflict that names the keys, and nothing changes', async () => {
    const store = new ChangingStore({ ...full, 'db.user': 'fake-a' });
    store.set('db.password', 'fake-a-1', { secret: true });
    const config = await loadConfig(Schema, store);
    store.set('db.user', 'fake-b');
    store.set('db.password', 'fake-b-1', { secret: true });
    await config.reload();
    const { value } = config;
    const error = await failureOf(config.rollback());
    expect(error).toMatchObject({ code: 'conflict', problems: [{ key: 'db' }] });
    expect(error.message).toContain('values of generation 1 do not fit the secrets of now: "db"');
    expect(error.message).not.toContain('fake-b-1');
    expect(config.value).toBe(value);
    await config.rollback(1, { secrets: 'then' });
    expect(config.value.db).toEqual({ user: 'fake-a', password: 'fake-a-1' });
  });

  it('are renewed while it is pinned, and nothing else is replaced', async () => {
    const store = new ChangingStore(full);
    store.set('db.password', 'fake-1', { expiresAt: Date.now() + 60_000, secret: true });
    await using config = await loaded(store, 'b', { watch: true });
    await config.rollback();
    const changes: unknown[] = [];
    config.subscribe('', () => changes.push(config.value.db.password));
    store.set('llm.model', 'c');
    store.set('db.password', 'fake-2', { expiresAt: Date.now() + 120_000, secret: true });
    store.emit();
    await vi.advanceTimersByTimeAsync(100);
    expect(config.value).toMatchObject({ llm: { model: 'a' }, db: { password: 'fake-2' } });
    expect(changes).toEqual(['fake-2']);
    expect((await config.history()).map(({ number }) => number)).toEqual([3]);
    await config.reload();
    expect(config.value.llm.model).toBe('c');
  });

  it('are found in files and variables, leaf by leaf', async () => {
    vi.useRealTimers(); // a file that was just written is read when its time is over
    await using files = await folder();
    const write = (model: string, key: string): Promise<void> =>
      files.write({
        'config.json': JSON.stringify({ llm: { model, apiKey: `fake-${key}`, temperature: 0.5 } }),
      });
    await write('a', 'one');
    const env: Record<string, string> = { APP_DB_PASSWORD: 'fake-one', APP_DB_USER: 'one' };
    const schema = z.object({
      llm: z.object({ model: z.string(), apiKey: z.string(), temperature: z.number() }),
      db: z.object({ user: z.string(), password: z.string() }),
    });
    await using config = await loadConfig(schema, [
      new EnvProvider({ prefix: 'APP', env }),
      new BundleProvider(files.at('config.json')),
    ]);
    await write('b', 'second');
    Object.assign(env, { APP_DB_PASSWORD: 'fake-two', APP_DB_USER: 'two' });
    await config.reload();
    await config.rollback();
    expect(reveal(config)).toEqual({
      llm: { model: 'a', apiKey: 'fake-second', temperature: 0.5 },
      db: { user: 'one', password: 'fake-two' },
    });
    expect(String(config.explain('db.password'))).toContain('APP_DB_PASSWORD');
  });

  it('of a source that is unreachable stay those that it had', async () => {
    const store = new ChangingStore(full);
    store.set('db.password', 'fake-1', { secret: true });
    await using config = await loadConfig(Schema, [optional(store)], { watch: true });
    store.set('llm.model', 'b');
    await config.reload();
    await config.rollback();
    store.isDown = true;
    store.emit();
    await vi.advanceTimersByTimeAsync(100);
    expect(config.value).toMatchObject({ llm: { model: 'a' }, db: { password: 'fake-1' } });
    expect(config.generation.sources[0]).toMatchObject({ stale: true });
  });

  it('come from the source that answers now, and win over a weaker one', async () => {
    const secretly = { secret: true };
    const stores = ['first', 'backup', 'defaults'].map((name) => new ChangingStore({}, name)) as [
      ChangingStore,
      ChangingStore,
      ChangingStore,
    ];
    const [first, backup, defaults] = stores;
    for (const store of [backup, defaults]) store.set('db.password', `fake-${store.name}`, secretly);
    defaults.set('llm.model', 'a');
    await using config = await loadConfig(Schema, [fallback(first, backup), defaults]);
    first.isDown = true;
    defaults.set('llm.model', 'b');
    await config.reload();
    await config.rollback();
    expect(config.value).toMatchObject({ llm: { model: 'a' }, db: { password: 'fake-backup' } });
  });

  it('that are gone now are gone, instead of a weaker value of then', async () => {
    const store = new ChangingStore(full);
    store.set('db.password', 'fake-1', { secret: true });
    await using config = await loadConfig(Schema, store);
    store.delete('db.password');
    store.set('llm.model', 'b');
    await config.reload();
    await config.rollback();
    expect(config.value).toEqual({ llm: { model: 'a', temperature: 0.7 }, db: {} });
  });
});

describe('history', () => {
  it('has the number, time, reason, changed keys and winners, the newest first', async () => {
    vi.setSystemTime(1_000);
    const store = new ChangingStore(full);
    await using config = await loaded(store, 'b', { watch: true });
    vi.setSystemTime(2_000);
    store.delete('llm.model');
    await using _ = await config.override({ 'llm.temperature': 0.1 });
    const history = await config.history();
    expect(history).toEqual([
      {
        number: 3,
        time: 2_000,
        reason: 'override',
        keys: ['llm.temperature'],
        winners: { 'llm.temperature': 'override llm.temperature' },
      },
      {
        number: 2,
        time: 1_000,
        reason: 'reload',
        keys: ['llm.model'],
        winners: { 'llm.model': 'store llm.model' },
      },
      { number: 1, time: 1_000, reason: 'load', winners: {} },
    ]);
  });

  it('has no values, and knows the changed keys without a listener too', async () => {
    const store = new ChangingStore(full);
    store.set('db.password', 'fake-1', { secret: true });
    await using config = await loadConfig(Schema, store);
    store.set('db.password', 'fake-2', { secret: true });
    await config.reload();
    const history = await config.history();
    expect(history[0]).toMatchObject({ keys: ['db.password'] });
    expect(JSON.stringify(history)).not.toContain('fake-');
  });

  it('a renewed lease is not a step of it', async () => {
    const store = new ChangingStore(full);
    store.set('db.password', 'fake-1', { secret: true, expiresAt: Date.now() + 60_000 });
    await using config = await loaded(store, 'b');
    for (const n of [2, 3, 4, 5]) {
      store.set('db.password', `fake-${n}`, { secret: true, expiresAt: Date.now() + 60_000 });
      await config.reload();
    }
    expect((await config.history()).map(({ number }) => number)).toEqual([6, 1]);
    await config.rollback();
    expect(config.value).toMatchObject({ llm: { model: 'a' }, db: { password: 'fake-5' } });
  });
});
