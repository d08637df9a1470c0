import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { llmConfig } from './terminal.ts';

const source = new URL('../../src/', import.meta.url).href;
const fake = 'fake-cli-secret-47';
const module = (chain: string) =>
  sandbox({
    files: {
      'config.mjs': `
        import { ProviderChain } from '${source}chain/chain.ts';
        import { fallback, optional } from '${source}decorators/tolerance.ts';
        import { scoped } from '${source}decorators/scoped.ts';
        import { MemoryProvider } from '${source}providers/memory.ts';
        import { ConfigError } from '${source}errors.ts';
        const memory = (values, name) => new MemoryProvider(values, { name });
        const versioned = (values, name, versions) =>
          Object.assign(memory(values, name), { versions: async () => versions });
        const three = [
          { version: '3', modifiedAt: 1767225600000, stages: ['live', 'blue'], author: 'ada\\u001b[2J' },
          { version: '2', modifiedAt: 1e300 },
          { version: '1', stages: ['deleted'] },
        ];
        const store = versioned({ 'db.password': '${fake}', host: 'a' }, 'store', three);
        export default ${chain};
      `,
    },
  });

const run = async (chain: string, ...args: string[]) => {
  await using box = await module(chain);
  return await llmConfig(['versions', box.path('config.mjs'), ...args]);
};

describe('llm-config versions', () => {
  it('versions lists those of the provider that sets the key, without its value', async () => {
    const { code, out } = await run(
      `new ProviderChain([memory({ host: 'b' }, 'first'), store, memory({}, 'last')])`,
      'db/password',
    );
    expect(code).toBe(0);
    expect(out).toBe(
      [
        'version  written                   stages      author',
        '3        2026-01-01T00:00:00.000Z  live, blue  ada [2J',
        '2',
        '1                                  deleted',
        '',
      ].join('\n'),
    );
  });

  it('versions prints JSON', async () => {
    const { code, out } = await run('[store]', 'db.password', '--json');
    expect(code).toBe(0);
    expect(out).not.toContain(fake);
    expect(JSON.parse(out)).toMatchObject({
      key: 'db.password',
      provider: 'store',
      versions: [{ version: '3', stages: ['live', 'blue'] }, { version: '2' }, { version: '1' }],
    });
  });

  it('versions asks the provider that --provider names', async () => {
    const chain = `[memory({ host: 'b' }, 'first'), new ProviderChain([store], { name: 'inner' })]`;
    expect((await run(chain, 'host', '--provider', 'store')).code).toBe(0);
    const winner = await run(chain, 'host');
    expect([winner.code, winner.out]).toEqual([3, '']);
    expect(winner.err).toMatch(/first has no versions\. Set --provider to one that has versions: store/);
    const unknown = await run(chain, 'host', '--provider', 'vault');
    expect([unknown.code, unknown.err]).toEqual([
      3,
      expect.stringMatching(/no provider of the chain is named "vault"/),
    ]);
    expect((await run(`[memory({ host: 'b' }, 'first')]`, 'host')).err).toMatch(
      /No provider .* has versions/,
    );
  });

  it('versions asks through decorators', async () => {
    for (const chain of ['[fallback(store, memory({}, "copy"))]', '[optional(store)]'])
      expect((await run(chain, 'host')).out).toMatch(/^version/);
    expect((await run('[scoped(store, "db")]', 'password')).out).toMatch(/^version/);
  });

  it('versions exits with 1 for a key that is absent', async () => {
    expect(await run('[store]', 'none')).toMatchObject({ code: 1, out: 'no provider has none\n' });
    const empty = await run('[versioned({}, "empty", [])]', 'none', '--provider', 'empty');
    expect(empty).toMatchObject({ code: 1, out: 'empty has no none\n' });
  });

  it('versions lists those of a key whose current version is disabled', async () => {
    const disabled = `Object.assign(versioned({}, 'store', three), {
      list: async () => [{ key: 'host', error: new ConfigError('disabled', 'host is disabled') }],
    })`;
    expect((await run(`[${disabled}]`, 'host')).out).toMatch(/^version/);
  });

  it('versions exits with 3 when a provider fails', async () => {
    const failing = `async () => { throw new Error('${fake}') }`;
    const down = `({ name: 'down', get: ${failing}, list: ${failing} })`;
    const failed = await run(`[${down}, store]`, 'host');
    expect([failed.code, failed.out, failed.err.includes(fake)]).toEqual([3, '', false]);
  });
});
