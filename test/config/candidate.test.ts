import { inspect } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  type CandidateData,
  type DeepReadonly,
  type LoadOptions,
  loadConfig,
  secret,
} from '../../src/index.ts';
import { ChangingStore } from '../support/changing-store.ts';
import { failureOf, listening } from '../support/listening.ts';

const Schema = z.object({
  llm: z.object({
    model: z.string(),
    temperature: z.number().max(2).default(0.7),
    apiKey: z.string().optional(),
  }),
  port: z.number().default(80),
});

const full = { 'llm.model': 'a' };
const reason = 'optimizer #42';

async function loaded(options: LoadOptions<DeepReadonly<z.output<typeof Schema>>> = {}) {
  const store = new ChangingStore(full);
  const config = await loadConfig(Schema, store, { watch: { settleMs: 0 }, ...options });
  return { store, config };
}

async function change(
  store: ChangingStore,
  values: Readonly<Record<string, string | number>>,
): Promise<void> {
  for (const [key, value] of Object.entries(values)) store.set(key, value);
  store.emit();
  await vi.advanceTimersByTimeAsync(1);
}

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

describe('config.candidate', () => {
  it('shows a difference, asks no source and changes nothing', async () => {
    const { store, config } = await loaded();
    const { asked } = store;
    store.set('port', 81);
    const { value } = config;
    const candidate = await config.candidate({ llm: { temperature: 0.2 }, port: 80 }, { reason });
    expect(candidate).toMatchObject({
      reason,
      problems: [],
      diff: [
        { key: 'llm.temperature', previous: 0.7, current: 0.2 },
        { key: 'port', previous: 80, current: 80 },
      ],
    });
    expect(store.asked).toBe(asked);
    expect(config.value).toBe(value);
    await candidate.release();
    expect(config.generation.number).toBe(1);
    await config.close();
  });

  it('has the problems of the whole, and cannot be promoted with them', async () => {
    const { config } = await loaded();
    const candidate = await config.candidate({ 'llm.temperature': 3, port: 'x' });
    expect(candidate.problems.map(({ key }) => key)).toEqual(['llm.temperature', 'port']);
    expect(candidate.diff).toMatchObject([{ key: 'llm.temperature', previous: 0.7, current: 3 }, {}]);
    await expect(candidate.promote()).rejects.toMatchObject({ code: 'validation' });
    expect(config.generation.number).toBe(1);
    await config.close();
  });

  it.each(['', ' ', 'a\nb', 'x'.repeat(101), 'a\u202eb', 5])('refuses the reason %j', async (wrong) => {
    const { config } = await loaded();
    const error = await failureOf(config.candidate({ port: 1 }, { reason: wrong as string }));
    expect(error).toMatchObject({ code: 'invalid_option' });
    await expect(config.candidate('port=1' as never)).rejects.toMatchObject({ code: 'invalid_option' });
    await config.close();
  });

  it('masks secrets, and is secret where it overrides one', async () => {
    const { store, config } = await loaded();
    store.set('llm.model', 'fake-model', { secret: true });
    await config.reload();
    const candidate = await config.candidate({ 'llm.model': 'fake-other', 'llm.apiKey': 'fake-key' });
    expect(candidate.diff).toEqual([
      { key: 'llm.model', previous: '[redacted]', current: '[redacted]' },
      { key: 'llm.apiKey', current: '[redacted]' },
    ]);
    await candidate.promote();
    store.set('llm.model', 'public');
    await config.reload();
    expect(config.value.llm).toMatchObject({ model: 'fake-other', apiKey: 'fake-key' });
    const shown = JSON.stringify([config, candidate, await config.history()]);
    expect(shown + inspect(candidate, { depth: 9, showHidden: true })).not.toContain('fake-');
    await config.close();
  });
});

describe('promote', () => {
  it('puts the values above all sources until release(), also in reloads', async () => {
    const { store, config } = await loaded();
    const candidate = await config.candidate({ 'llm.temperature': 0.2 }, { reason });
    expect((await candidate.promote()).number).toBe(2);
    expect((await candidate.promote()).number).toBe(2);
    expect(String(config.explain('llm.temperature'))).toContain('candidate optimizer #42 llm.temperature');
    expect((await config.history())[0]).toMatchObject({ reason, keys: ['llm.temperature'] });
    await change(store, { 'llm.model': 'b', 'llm.temperature': 1 });
    await config.reload();
    expect(config.value.llm).toMatchObject({ model: 'b', temperature: 0.2 });
    await candidate.release();
    await candidate.release();
    expect(config.value.llm).toMatchObject({ model: 'b', temperature: 1 });
    expect((await config.history())[0]).toMatchObject({ reason: `release of ${reason}` });
    await config.close();
  });

  it('asks the sources, and is a conflict if they change other keys', async () => {
    const { store, config } = await loaded();
    const candidate = await config.candidate({ 'llm.temperature': 0.2 }, { reason });
    store.set('llm.model', 'b');
    const error = await failureOf(candidate.promote());
    expect(error).toMatchObject({ code: 'conflict' });
    expect(error.message).toContain('optimizer #42: the sources have changed other keys too: "llm.model"');
    expect(config.value.llm).toEqual({ model: 'a', temperature: 0.7 });
    await config.reload();
    await candidate.promote();
    expect(config.value.llm).toEqual({ model: 'b', temperature: 0.2 });
    await config.close();
  });

  it('a renewed lease and an own key count as the same keys', async () => {
    const { store, config } = await loaded();
    store.set('llm.apiKey', 'fake-1', { secret: true, expiresAt: Date.now() + 60_000 });
    await config.reload();
    const candidate = await config.candidate({ 'llm.temperature': 0.2 });
    store.set('llm.apiKey', 'fake-2', { secret: true, expiresAt: Date.now() + 60_000 });
    store.set('llm.temperature', 0.9);
    await candidate.promote();
    expect(config.value.llm).toMatchObject({ temperature: 0.2, apiKey: 'fake-2' });
    await config.close();
  });

  it('that fails leaves nothing behind', async () => {
    const { store, config } = await loaded();
    const candidate = await config.candidate({ 'llm.temperature': 0.2 });
    store.isDown = true;
    await expect(candidate.promote()).rejects.toMatchObject({ code: 'unavailable' });
    store.isDown = false;
    await config.reload();
    expect(config.value.llm.temperature).toBe(0.7);
    await config.close();
  });

  it('several are layers of their own, the newest above', async () => {
    const { config } = await loaded();
    const one = await config.candidate({ port: 1, 'llm.model': 'one' }, { reason: 'one' });
    await one.promote();
    const two = await config.candidate({ port: 2 }, { reason: 'two' });
    await two.promote();
    expect(config.value).toMatchObject({ port: 2, llm: { model: 'one' } });
    await one.release();
    expect(config.value).toMatchObject({ port: 2, llm: { model: 'a' } });
    await two.release();
    expect(config.value).toMatchObject({ port: 80 });
    await config.close();
  });

  it('two at once are put in force one after the other', async () => {
    const { config } = await loaded();
    const [one, two] = [await config.candidate({ port: 1 }), await config.candidate({ 'llm.model': 'b' })];
    await Promise.all([one.promote(), two.promote(), config.reload()]);
    expect(config.value).toMatchObject({ port: 1, llm: { model: 'b' } });
    await config.close();
  });

  it('works on top of a rollback, which stays', async () => {
    const { store, config } = await loaded();
    await change(store, { 'llm.model': 'b' });
    await config.rollback();
    const candidate = await config.candidate({ port: 1 });
    await candidate.promote();
    await change(store, { 'llm.model': 'c' });
    expect(config.value).toMatchObject({ port: 1, llm: { model: 'a' } });
    await candidate.release();
    expect(config.value).toMatchObject({ port: 80, llm: { model: 'a' } });
    await config.close();
  });

  it('a rollback while it asks the sources stays in force below it', async () => {
    const { store, config } = await loaded();
    await change(store, { 'llm.model': 'b' });
    const candidate = await config.candidate({ port: 1 });
    let answer = (): void => {};
    store.gate = new Promise((resolve) => {
      answer = resolve;
    });
    const promoting = candidate.promote();
    await config.rollback();
    answer();
    await promoting;
    expect(config.value).toMatchObject({ port: 1, llm: { model: 'a' } });
    await change(store, { 'llm.model': 'c' });
    expect(config.value).toMatchObject({ port: 1, llm: { model: 'a' } });
    await config.close();
  });

  it('waits for a reload that is under way, and is not part of it', async () => {
    const { store, config } = await loaded();
    const candidate = await config.candidate({ port: 1 });
    let answer = (): void => {};
    store.gate = new Promise((resolve) => {
      answer = resolve;
    });
    const reloading = config.reload();
    const promoting = candidate.promote();
    answer();
    await reloading;
    expect(config.value.port).toBe(80);
    await promoting;
    expect(config.value.port).toBe(1);
    await config.close();
  });

  it('is gone after a rollback past it, also in reloads', async () => {
    const { config } = await loaded();
    const candidate = await config.candidate({ port: 1 });
    await candidate.promote();
    await config.rollback();
    await config.reload();
    expect(config.value.port).toBe(80);
    await candidate.promote();
    expect(config.value.port).toBe(1);
    await config.close();
  });

  it('is refused after the configuration is closed', async () => {
    const { config } = await loaded();
    const candidate = await config.candidate({ port: 1 });
    await config.close();
    await expect(candidate.promote()).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('a candidate on trial', () => {
  const trial = {
    ms: 100,
    everyMs: 10,
    healthy: ({ config }: { config: { value: { port: number } } }) => config.value.port !== 1,
  };

  it('is removed when it fails, and refused until reload()', async () => {
    const { store, config } = await loaded({ trial });
    const { of } = listening(config);
    const candidate = await config.candidate({ port: 1 }, { reason });
    await candidate.promote();
    await vi.advanceTimersByTimeAsync(5);
    expect(of('rolled_back')).toMatchObject([{ from: 2, to: 1, keys: ['port'] }]);
    expect(config.value.port).toBe(80);
    await change(store, { 'llm.model': 'b' });
    expect(config.value).toMatchObject({ port: 80, llm: { model: 'b' } });
    await change(store, { 'llm.model': 'a' });
    const error = await failureOf(candidate.promote());
    expect(error).toMatchObject({ code: 'conflict' });
    await config.reload();
    await candidate.promote();
    expect(config.value.port).toBe(1);
    await config.close();
  });

  it('stays when it passes', async () => {
    const { config } = await loaded({ trial });
    const { of } = listening(config);
    await (await config.candidate({ port: 2 })).promote();
    await vi.advanceTimersByTimeAsync(120);
    expect(of('trial_passed')).toHaveLength(1);
    await config.reload();
    expect(config.value.port).toBe(2);
    await config.close();
  });
});

describe('a candidate as JSON', () => {
  const data = (more: object = {}): CandidateData =>
    ({ $candidate: 1, reason, values: { port: 1 }, secrets: [], ...more }) as CandidateData;

  it('is taken by another configuration', async () => {
    const { config } = await loaded();
    const made = await config.candidate({ llm: { temperature: 0.2 }, port: 1 }, { reason });
    const text = JSON.stringify(made);
    expect(JSON.parse(text)).toEqual({
      $candidate: 1,
      reason,
      values: { 'llm.temperature': 0.2, port: 1 },
      secrets: [],
    });
    const { config: other } = await loaded();
    const taken = await other.candidate(JSON.parse(text));
    await taken.promote();
    expect(other.value).toMatchObject({ port: 1, llm: { temperature: 0.2 } });
    expect(taken.reason).toBe(reason);
    await Promise.all([config.close(), other.close()]);
  });

  it('has no secrets, and is refused without them', async () => {
    const { config } = await loaded();
    const made = await config.candidate({ 'llm.apiKey': 'fake-1', 'llm.model': secret('fake-2'), port: 1 });
    const json = made.toJSON();
    expect(json).toMatchObject({ values: { port: 1 }, secrets: ['llm.apiKey', 'llm.model'] });
    expect(JSON.stringify(json)).not.toContain('fake-');
    const error = await failureOf(config.candidate(json));
    expect(error.message).toContain('the data have no value for "llm.apiKey", "llm.model"');
    await config.close();
  });

  it.each([
    [data({ $candidate: 2 }), '$candidate'],
    [data({ values: undefined }), 'the field values is missing'],
    [data({ values: 'x' }), 'values'],
    [data({ reason: 'a\nb' }), 'reason'],
    [data({ secrets: 'x' }), 'secrets'],
    [data({ more: 1 }), 'unknown option'],
  ])('%j is refused', async (wrong, message) => {
    const { config } = await loaded();
    const error = await failureOf(config.candidate(wrong));
    expect(error.code).toBe('invalid_option');
    expect(error.message).toContain(message);
    await config.close();
  });
});
