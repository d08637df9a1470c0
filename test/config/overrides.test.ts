import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ConfigProvider, loadConfig, MemoryProvider, secret } from '../../src/index.ts';
import { Fixed } from '../support/layers.ts';

const Schema = z.object({
  llm: z.object({ model: z.string(), apiKey: z.string().default('fake-default') }),
  port: z.number().default(80),
});

/** A provider of a store that counts its lists. */
function store(values: Record<string, string> = { 'llm.model': 'large' }) {
  const provider = new Fixed('store', values);
  return provider as Fixed & ConfigProvider;
}

describe('config.override', () => {
  it('puts values above all sources, validated, until it is disposed of, and reads no source', async () => {
    const provider = store();
    const config = await loadConfig(Schema, provider);
    const { asked } = provider;
    {
      await using _ = await config.override({ 'llm.model': 'fake', port: 1 });
      expect(config.value).toEqual({ llm: { model: 'fake', apiKey: 'fake-default' }, port: 1 });
      expect(String(config.explain('llm.model'))).toMatch(/override llm\.model +"fake" +wins/);
    }
    expect(config.value).toEqual({ llm: { model: 'large', apiKey: 'fake-default' }, port: 80 });
    expect(provider.asked).toBe(asked);
  });

  it('stays above the sources when they are reloaded', async () => {
    const memory = new MemoryProvider({ llm: { model: 'a' } });
    const config = await loadConfig(Schema, memory);
    const override = await config.override({ port: 1 });
    await memory.set('llm.model', 'b');
    await config.reload();
    expect(config.value).toMatchObject({ llm: { model: 'b' }, port: 1 });
    await override[Symbol.asyncDispose]();
    await override[Symbol.asyncDispose]();
    expect(config.value).toMatchObject({ llm: { model: 'b' }, port: 80 });
  });

  it('the newest of several wins, and each is removed by itself', async () => {
    const config = await loadConfig(Schema, store());
    const first = await config.override({ llm: { model: 'one' }, port: 1 });
    const second = await config.override({ llm: { model: 'two' } });
    expect(config.value).toMatchObject({ llm: { model: 'two' }, port: 1 });
    await first[Symbol.asyncDispose]();
    expect(config.value).toMatchObject({ llm: { model: 'two' }, port: 80 });
    await second[Symbol.asyncDispose]();
    expect(config.value).toMatchObject({ llm: { model: 'large' }, port: 80 });
  });

  it('refuses values that the schema refuses, and keeps what was there', async () => {
    const config = await loadConfig(Schema, store());
    await expect(config.override({ port: 'eighty' })).rejects.toMatchObject({ code: 'validation' });
    await expect(config.override({ port: () => 1 })).rejects.toMatchObject({ code: 'validation' });
    await expect(config.override('port=1' as never)).rejects.toMatchObject({ code: 'invalid_option' });
    await config.reload();
    expect(config.value.port).toBe(80);
    expect(config.generation.number).toBe(1);
  });

  it('masks what is marked or named as secret', async () => {
    const config = await loadConfig(Schema, store());
    await using _ = await config.override({ 'llm.apiKey': 'fake-sk', 'llm.model': secret('fake-model') });
    expect(config.value.llm).toEqual({ apiKey: 'fake-sk', model: 'fake-model' });
    expect(JSON.stringify(config.value) + String(config.explain('llm.model'))).not.toContain('fake');
  });

  it('may end after the configuration is closed', async () => {
    const config = await loadConfig(Schema, store());
    const override = await config.override({ port: 1 });
    await config.close();
    await override[Symbol.asyncDispose]();
    expect(config.get('port')).toBe(1);
  });

  it('a secret override that ends is not a secret that vanished from a store', async () => {
    const config = await loadConfig(Schema, store());
    const override = await config.override({ 'llm.apiKey': 'fake-sk' });
    const removed = override[Symbol.asyncDispose]();
    await Promise.all([removed, config.reload()]);
    expect(config.value.llm.apiKey).toBe('fake-default');
  });

  it('notifies subscribers, and keys are relative to the section that was loaded', async () => {
    const config = await loadConfig(Schema, store({ 'app.llm.model': 'large' }), { at: 'app' });
    const changes: unknown[] = [];
    config.subscribe('port', ({ current }) => changes.push(current));
    await using _ = await config.override({ port: 7 });
    expect(changes).toEqual([7]);
  });
});
