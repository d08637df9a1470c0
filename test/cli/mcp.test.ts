// The tools of `mcp` without the SDK. test/mcp speaks the protocol with the SDK's client.
import fc from 'fast-check';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../src/chain/chain.ts';
import { inspect } from '../../src/cli/inspect.ts';
import { callTool, tools } from '../../src/cli/mcp/tools.ts';
import type { Loaded } from '../../src/cli/module.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { hidden, loadedWith } from '../support/canaries.ts';
import { llmConfig } from './terminal.ts';

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

  it('what is shown has a mask in names, texts and lists', async () => {
    const { shown } = await inspect(example());
    const secret = 'fake-other-8';
    expect(shown({ [`a ${secret}`]: [`b ${secret}`, 1n, { c: secret }] })).toEqual({
      'a [redacted]': ['b [redacted]', '1', { c: '[redacted]' }],
    });
    const defaults = z.object({ password: z.string().default('fake-default-77') });
    const other = await inspect(loadedWith(new ProviderChain([new MemoryProvider({})]), defaults));
    expect(other.shown('it is fake-default-77')).toBe('it is [redacted]');
  });

  it('no answer holds a secret, wherever it is', async () => {
    await fc.assert(
      fc.asyncProperty(hidden, async ({ key, all, check }) => {
        for (const loaded of all)
          for (const { name } of tools)
            for (const input of [{}, { key }, { key: 'other' }])
              check((await callTool(loaded, name, input)).content[0].text, name);
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
