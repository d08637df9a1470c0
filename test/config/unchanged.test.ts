import { utimesSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  BundleProvider,
  type ConfigProvider,
  type Entry,
  EnvProvider,
  loadConfig,
  MemoryProvider,
  makeEntry,
  makeOrigin,
  optional,
  type Unreadable,
} from '../../src/index.ts';
import { folder } from '../support/folder.ts';
import { hole } from '../support/layers.ts';

/** A schema that counts how often it validates. */
function counted() {
  const seen = { validations: 0 };
  const schema = z.object({ port: z.coerce.number().optional() }).refine(() => ++seen.validations);
  return { seen, schema };
}

/** A provider that makes new items for each list. */
function provider(items: () => readonly (Entry | Unreadable)[], name = 'acme'): ConfigProvider {
  return { name, get: async () => undefined, list: async () => items() };
}

const entry = (fields: Partial<Entry> = {}): Entry =>
  makeEntry({
    key: 'port',
    value: 1,
    secret: false,
    origin: makeOrigin({ provider: 'acme', source: 'acme/port' }),
    ...fields,
  });

afterEach(() => void vi.useRealTimers());

describe('a reload of sources that have what they had', () => {
  it('keeps the generation and does not validate again', async () => {
    const { seen, schema } = counted();
    const config = await loadConfig(schema, [
      new EnvProvider({ prefix: 'APP', env: { APP__PORT: '80' } }),
      new MemoryProvider({ list: [1, 2], name: 'x' }),
    ]);
    const { value, generation } = config;
    const refreshed = vi.fn();
    config.on(({ type }) => type === 'refreshed' && refreshed());
    await config.reload();
    expect(seen.validations).toBe(1);
    expect(config.value).toBe(value);
    expect(config.generation).toBe(generation);
    expect(refreshed).toHaveBeenCalledOnce();
  });

  it('does not validate again after a file was written with the same content', async () => {
    await using files = await folder({ 'a.json': '{ "port": 80 }' });
    const { seen, schema } = counted();
    const config = await loadConfig(schema, new BundleProvider(files.at('a.json')));
    utimesSync(files.at('a.json'), 1_000, 1_000);
    await config.reload();
    expect(seen.validations).toBe(1);
    writeFileSync(files.at('a.json'), '{ "port": 81 }');
    await config.reload();
    expect([seen.validations, config.value.port]).toEqual([2, 81]);
  });

  it('shows when the sources were read last', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2021, 0, 1) });
    let readAt = Date.UTC(2020, 0, 1);
    const config = await loadConfig(provider(() => [entry({ readAt })]));
    readAt = Date.UTC(2021, 0, 1);
    await config.reload();
    expect(config.explain('port').winner).toMatchObject({ ageMs: 0 });
    expect(config.generation.number).toBe(1);
  });

  it.each<[string, Partial<Entry>]>([
    ['value', { value: 2 }],
    ['version', { version: '2' }],
    ['secrecy', { secret: true }],
    ['end', { expiresAt: 8e15 }],
    ['origin', { origin: makeOrigin({ provider: 'acme', source: 'acme/other' }) }],
    ['key', { key: 'other' }],
  ])('validates again after a change of the %s of an entry', async (_, change) => {
    const { seen, schema } = counted();
    let now = entry();
    const config = await loadConfig(
      schema,
      provider(() => [now]),
    );
    now = entry(change);
    await config.reload().catch(() => undefined);
    expect(seen.validations).toBeGreaterThanOrEqual(2);
  });

  it('validates again while a layer has a hole, or is missing in an outage', async () => {
    const { seen, schema } = counted();
    const down = { ...provider(() => []), list: () => Promise.reject(new Error('down')) };
    const holes = await loadConfig(
      schema,
      provider(() => [entry(), hole('acme', 'password')]),
    );
    await holes.reload();
    expect(seen.validations).toBe(2);
    const outage = await loadConfig(schema, [
      provider(() => [entry()]),
      optional({ ...down, name: 'down' }),
    ]).catch(() => undefined);
    await outage?.reload();
    expect(seen.validations).toBe(outage ? 4 : 2);
  });

  it('refuses a section where a value was', async () => {
    let now = entry();
    const config = await loadConfig(
      counted().schema,
      provider(() => [now]),
    );
    now = entry({ value: { a: 1 } });
    await expect(config.reload()).rejects.toMatchObject({ code: 'validation' });
    expect(config.value.port).toBe(1);
  });

  it('a rollback is not undone by a reload of the same sources', async () => {
    const memory = new MemoryProvider({ port: 1 });
    const config = await loadConfig(z.object({ port: z.number() }), memory);
    await memory.set('port', 2);
    await config.reload();
    await config.rollback();
    expect(config.value.port).toBe(1);
    await config.reload();
    expect(config.value.port).toBe(2);
  });
});

describe('a generation that keeps only its layers', () => {
  it('explains, prints and compares as if it had kept its merge', async () => {
    const memory = new MemoryProvider({ 'server.host': 'b', 'server.port': 1 });
    const env = new EnvProvider({
      prefix: 'APP',
      env: { APP__SERVER__PORT: '2', APP__DB__PASSWORD: 'fake-pw' },
    });
    const schema = z.object({
      server: z.object({ host: z.string(), port: z.number() }),
      db: z.object({ password: z.string() }),
    });
    const config = await loadConfig(schema, [env, memory]);
    expect(String(config.explain('server.port'))).toContain('the text "2" was read as a number: 2');
    expect(JSON.parse(JSON.stringify(config))).toEqual({
      server: { host: 'b', port: 2 },
      db: { password: '[redacted]' },
    });
    const changes: unknown[] = [];
    config.on((event) => event.type === 'changed' && changes.push(event.keys));
    await memory.set('server.host', 'c');
    await config.reload();
    expect(changes).toEqual([['server.host']]);
    expect((await config.rollback()).number).toBe(1);
    expect(String(config.explain('server.host'))).toContain('"b"');
    expect(JSON.stringify(config.value)).toBe(
      '{"server":{"host":"b","port":2},"db":{"password":"[redacted]"}}',
    );
  });
});
