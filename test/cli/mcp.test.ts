// The tools of `mcp` without the SDK. test/mcp speaks the protocol with the SDK's client.
import fc from 'fast-check';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../src/chain/chain.ts';
import { callTool, tools } from '../../src/cli/mcp/tools.ts';
import type { Loaded } from '../../src/cli/module.ts';
import { makeEntry } from '../../src/entry.ts';
import { ConfigError } from '../../src/errors.ts';
import { makeOrigin } from '../../src/origin.ts';
import type { ConfigProvider } from '../../src/provider.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { SecretRuns } from '../../src/report/secret-runs.ts';
import { llmConfig } from './terminal.ts';

const loadedWith = (chain: ProviderChain, schema?: z.ZodType): Loaded => ({
  file: 'config.mjs',
  chain,
  schema: schema as Loaded['schema'],
  options: {},
  exports: {},
});
const call = async (loaded: Loaded, name: string, input: unknown = {}) => {
  const { content, isError } = await callTool(loaded, name, input);
  const [{ text }] = content;
  return { text, isError: isError === true, data: isError ? undefined : JSON.parse(text) };
};

const schema = z.object({
  database: z.object({
    host: z.string().describe('Where it is'),
    password: z.string(),
    poolMax: z.number().default(5),
  }),
});
const example = () =>
  loadedWith(
    new ProviderChain([
      new MemoryProvider({ 'database.password': 'fake-Zq83-not-real' }, { name: 'first' }),
      new MemoryProvider({ database: { host: 'db', password: 'fake-other-8' } }, { name: 'second' }),
    ]),
    schema,
  );

describe('the tools of llm-config mcp', () => {
  it('list_keys lists what the schema reads and who sets it', async () => {
    const { data } = await call(example(), 'list_keys');
    expect(data.keys).toEqual([
      {
        key: 'database.host',
        type: 'a string',
        description: 'Where it is',
        required: true,
        secret: false,
        origin: 'second database.host',
        state: 'set',
      },
      expect.objectContaining({ key: 'database.password', secret: true, origin: 'first database.password' }),
      expect.objectContaining({ key: 'database.poolMax', required: false, state: 'not set' }),
    ]);
    expect((await call(example(), 'list_keys', { key: 'other' })).data.keys).toEqual([]);
  });

  it('explain shows the winner and what it shadows, masked', async () => {
    const { data, text } = await call(example(), 'explain', { key: 'database/password' });
    expect(data).toMatchObject({
      key: 'database.password',
      secret: true,
      winner: 'first',
      shadowed: ['second'],
    });
    expect(text).not.toContain('fake-');
    const section = await call(example(), 'explain', { key: 'database' });
    expect(section.data.keys).toHaveLength(3);
    expect((await call(example(), 'explain', { key: 'database.hots' })).text).toContain(
      'did you mean database.host?',
    );
  });

  it('check lists problems, and describe the providers', async () => {
    expect((await call(example(), 'check')).data).toMatchObject({ ok: true });
    const { data } = await call(example(), 'describe');
    expect(data).toMatchObject({
      module: 'config.mjs',
      keys: { ofSchema: 3, complete: true },
      providers: [
        { name: 'first', kind: 'on this machine', wins: 1, status: 'ok' },
        { name: 'second', wins: 1 },
      ],
    });
  });

  it.each([
    ['nothing', {}, 'no such tool'],
    ['explain', {}, 'the argument key is missing'],
    ['explain', { key: 1 }, 'not those of its schema'],
    ['explain', { key: 'a', more: 1 }, 'not those of its schema'],
    ['check', { key: 'a' }, 'not those of its schema'],
    ['explain', { key: 'a..b' }, 'a..b'],
  ])('%s refuses %j', async (name, input, message) => {
    const { isError, text } = await call(example(), name, input);
    expect([isError, text]).toEqual([true, expect.stringContaining(message)]);
  });

  it('no answer holds a secret, wherever it is', async () => {
    const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
    const canary = fc.string({ unit: fc.constantFrom(...alphabet), minLength: 12, maxLength: 20 });
    const names = fc.constantFrom('password', 'apiToken', 'licence', 'inner', 'url', 'list');
    const place = fc.constantFrom('first', 'second', 'both', 'hole', 'failed', 'health', 'default', 'origin');
    const quote = fc.constantFrom(
      (text: string) => text,
      (text: string) => `not ${text}!`,
      (text: string) => Buffer.from(`u:${text}`).toString('base64'),
      (text: string) => encodeURIComponent(`${text} x`),
    );
    await fc.assert(
      fc.asyncProperty(canary, names, place, quote, async (secret, name, where, quoted) => {
        const value = name === 'url' ? `https://u:${secret}@host/x` : name === 'list' ? [secret] : secret;
        const isStore = name === 'inner' || name === 'list';
        const entry = makeEntry({
          key: name,
          value,
          secret: isStore || where === 'origin',
          origin: makeOrigin({ provider: 'store', source: where === 'origin' ? quoted(secret) : 'a' }),
        });
        const error = new ConfigError('unavailable', `the store said ${quoted(secret)}`, {
          provider: 'store',
        });
        const store: ConfigProvider = {
          name: 'store',
          get: async (key) => (key === name ? entry : undefined),
          list: async () => {
            if (where === 'hole') return [{ key: 'other', origin: entry.origin, error }, entry];
            return [entry];
          },
          health: async () => ({
            status: where === 'health' ? 'down' : 'ok',
            reason: quoted(secret),
            checkedAt: 0,
          }),
        };
        const failing: ConfigProvider = {
          name: 'failing',
          get: () => Promise.reject(error),
          list: () => Promise.reject(where === 'failed' ? error : new Error(secret)),
        };
        const weak = new MemoryProvider({ [name]: value as string }, { name: 'second' });
        const providers =
          where === 'second' ? [weak, store] : where === 'failed' ? [store, failing] : [store, weak];
        const field = z.any().meta({ 'x-secret': true });
        const withDefault = where === 'default' ? field.default(value) : field;
        const fields = z.object({ [name]: withDefault, other: z.string().optional() });
        for (const shape of [
          fields,
          z.object({ [name]: z.number().meta({ 'x-secret': true }) }),
          undefined,
        ]) {
          if (!shape && !isStore && name === 'licence') continue; // only the schema knows
          const loaded = loadedWith(new ProviderChain(providers), shape);
          for (const { name: one } of tools)
            for (const input of [{}, { key: name }, { key: 'other' }]) {
              const { content } = await callTool(loaded, one, input);
              if (new SecretRuns([secret], { run: 10 }).holds(content[0].text))
                throw new Error(`${one}: ${content[0].text}`);
            }
        }
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 40) },
    );
  });
});

describe('llm-config mcp', () => {
  it('lists its tools as JSON', async () => {
    const { code, out } = await llmConfig(['mcp', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out).tools.map(({ name }: { name: string }) => name)).toEqual([
      'list_keys',
      'explain',
      'check',
      'describe',
    ]);
  });

  it('names the package that is missing', async () => {
    const source = new URL('../../src/', import.meta.url).href;
    await using box = await sandbox({
      files: {
        'config.mjs': `import { MemoryProvider } from '${source}providers/memory.ts';
        export const chain = [new MemoryProvider({ a: 1 })];`,
      },
    });
    const { code, out, err } = await llmConfig(['mcp', box.path('config.mjs')]);
    expect([code, out]).toEqual([3, '']);
    expect(err).toContain('npm install @modelcontextprotocol/sdk');
  });
});
