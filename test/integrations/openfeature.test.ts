import { ErrorCode, ProviderEvents } from '@openfeature/server-sdk';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { loadConfig, MemoryProvider, optional, rollout, variant } from '../../src/index.ts';
import { ConfigFlags } from '../../src/integrations/openfeature/index.ts';
import { type CallFault, faulty } from '../../src/testing/index.ts';
import { until } from '../support/until.ts';

const fake = 'fake-Zq83-not-real';
const Schema = z.object({
  flags: z.object({
    on: z.boolean(),
    text: z.string(),
    limit: z.number().default(100),
    model: z.object({ name: z.string(), tags: z.array(z.string()).default([]) }),
    none: z.string().optional(),
    nothing: z.null().optional(),
    apiKey: z.string().optional(),
  }),
  other: z.string().default('x'),
});
const given = { on: true, text: '', model: { name: 'small' }, apiKey: fake, nothing: null };

async function flagsOf(section: 'flags' | '' = 'flags') {
  const memory = new MemoryProvider({ flags: given });
  const config = await loadConfig(Schema, memory, { on: () => {} });
  const flags = new ConfigFlags(config, section);
  await flags.initialize();
  const events: unknown[][] = [];
  const type = ProviderEvents.ConfigurationChanged;
  flags.events.addHandler(type, (details) => void events.push([type, details]));
  return { memory, config, flags, events };
}

describe('shares of the subjects', () => {
  const Split = z.object({
    express: z.object({ percent: z.number() }),
    model: z.object({ variants: z.record(z.string(), z.number()) }),
  });
  const subjects = Array.from({ length: 500 }, (_, n) => ({ targetingKey: `user-${n}` }));

  async function splitting(express: { percent: number } = { percent: 10 }) {
    const source = new MemoryProvider({ express, model: { variants: { small: 90, large: 10 } } });
    const config = await loadConfig(Split, source, { on: () => {} });
    return { source, config, flags: new ConfigFlags(config) };
  }

  it('answer as rollout and variant do, with the reason SPLIT', async () => {
    const { flags } = await splitting();
    for (const context of subjects) {
      const { targetingKey: subject } = context;
      expect(await flags.resolveBooleanEvaluation('express', false, context)).toEqual({
        value: rollout('express', { percent: 10, subject }),
        variant: String(rollout('express', { percent: 10, subject })),
        reason: 'SPLIT',
      });
      const name = variant('model', { small: 90, large: 10 }, subject);
      const expected = { value: name, variant: name, reason: 'SPLIT' };
      expect(await flags.resolveStringEvaluation('model', 'x', context)).toEqual(expected);
    }
  });

  it('follow a reload', async () => {
    const { source, config, flags } = await splitting();
    await source.set('express.percent', 100);
    await config.reload();
    const answer = await flags.resolveBooleanEvaluation('express', false, subjects[0]);
    expect(answer.value).toBe(true);
  });

  it('need a targetingKey, and sound numbers', async () => {
    const { flags } = await splitting({ percent: 101 });
    expect(await flags.resolveStringEvaluation('model', 'x', {})).toMatchObject({
      value: 'x',
      errorCode: ErrorCode.TARGETING_KEY_MISSING,
    });
    expect(await flags.resolveBooleanEvaluation('express', true, subjects[0])).toMatchObject({
      value: true,
      errorCode: ErrorCode.PARSE_ERROR,
    });
  });

  it('are objects for those who ask for an object', async () => {
    const { flags } = await splitting();
    const answer = await flags.resolveObjectEvaluation('express', {});
    expect(answer).toEqual({ value: { percent: 10 }, reason: 'STATIC' });
    expect(await flags.resolveNumberEvaluation('express', 1)).toMatchObject({
      errorCode: ErrorCode.TYPE_MISMATCH,
    });
  });
});

describe('ConfigFlags', () => {
  it('answers each type with the reason', async () => {
    const { flags } = await flagsOf();
    expect(await flags.resolveBooleanEvaluation('on', false)).toEqual({ value: true, reason: 'STATIC' });
    expect(await flags.resolveStringEvaluation('text', 'x')).toEqual({ value: '', reason: 'STATIC' });
    expect(await flags.resolveNumberEvaluation('limit', 1)).toEqual({ value: 100, reason: 'DEFAULT' });
    expect(await flags.resolveObjectEvaluation('model', {})).toEqual({
      value: { name: 'small', tags: [] },
      reason: 'STATIC',
    });
    expect(await flags.resolveObjectEvaluation('model.tags', ['x'])).toEqual({
      value: [],
      reason: 'DEFAULT',
    });
  });

  it.each([
    ['missing', ErrorCode.FLAG_NOT_FOUND],
    ['none', ErrorCode.FLAG_NOT_FOUND],
    ['', ErrorCode.GENERAL],
    ['a..b', ErrorCode.FLAG_NOT_FOUND],
    ['__proto__', ErrorCode.FLAG_NOT_FOUND],
    ['constructor', ErrorCode.FLAG_NOT_FOUND],
    ['on', ErrorCode.TYPE_MISMATCH],
    ['nothing', ErrorCode.TYPE_MISMATCH],
    ['apiKey', ErrorCode.GENERAL],
  ])('the flag %j as a text is the given default and %s', async (flag, errorCode) => {
    const { flags } = await flagsOf();
    const answer = await flags.resolveStringEvaluation(flag, 'mine');
    expect(answer).toMatchObject({ value: 'mine', reason: 'ERROR', errorCode });
    expect(JSON.stringify(answer)).not.toContain(fake);
  });

  it('a changed object does not change the next answer', async () => {
    const { flags } = await flagsOf();
    const { value } = await flags.resolveObjectEvaluation('model', {} as { name: string });
    value.name = 'changed';
    expect((await flags.resolveObjectEvaluation('model', {})).value).toMatchObject({ name: 'small' });
  });

  it('follows reloads and names the flags that have changed', async () => {
    const { flags, memory, config, events } = await flagsOf();
    await memory.set('flags.model.name', 'large');
    await memory.set('other', 'y');
    await config.reload();
    expect(events).toEqual([[ProviderEvents.ConfigurationChanged, expect.anything()]]);
    expect(events[0]?.[1]).toMatchObject({ flagsChanged: ['model.name'] });
    expect(await flags.resolveStringEvaluation('model.name', '')).toEqual({
      value: 'large',
      reason: 'STATIC',
    });
  });

  it('names each change once, although it is initialized twice', async () => {
    const { flags, memory, config, events } = await flagsOf();
    await flags.initialize();
    await memory.set('flags.on', false);
    await config.reload();
    expect(events).toHaveLength(1);
    await flags.onClose();
    await memory.set('flags.on', true);
    await config.reload();
    expect(events).toHaveLength(1);
  });

  it('is stale while a source is down whose values a reload has kept', async () => {
    let fault: CallFault = 'ok';
    const store = faulty(new MemoryProvider({ flags: given }), () => fault);
    const config = await loadConfig(Schema, optional(store), { on: () => {} });
    const flags = new ConfigFlags(config, 'flags');
    fault = 'unavailable';
    await config.reload();
    expect(await flags.resolveBooleanEvaluation('on', false)).toEqual({ value: true, reason: 'STALE' });
  });

  it('is stale while reloads fail, which stays a warning of the process', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const memory = new MemoryProvider({ flags: given });
    const config = await loadConfig(Schema, memory, { watch: { settleMs: 1 } });
    const flags = new ConfigFlags(config, 'flags');
    await flags.initialize();
    await memory.set('flags.on', 'perhaps');
    await until('the failure is a warning', () => warn.mock.calls.length > 0);
    expect(await flags.resolveBooleanEvaluation('on', false)).toEqual({ value: true, reason: 'STALE' });
    await memory.set('flags.on', false);
    await config.reload();
    expect(await flags.resolveBooleanEvaluation('on', true)).toEqual({ value: false, reason: 'STATIC' });
    await config.close();
    warn.mockRestore();
  });

  it('hears nothing after it is closed', async () => {
    const { flags, memory, config, events } = await flagsOf();
    await flags.onClose();
    await memory.set('flags.on', false);
    await config.reload();
    expect(events).toEqual([]);
  });

  it('serves the whole configuration without a section', async () => {
    const { flags } = await flagsOf('');
    expect(await flags.resolveStringEvaluation('other', '')).toEqual({ value: 'x', reason: 'DEFAULT' });
  });
});
