import { parseKeys, seal, unsealed } from 'llm-config-manager/encrypted-file';
import { sandbox } from 'llm-config-manager/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../src/chain/chain.ts';
import { checkConfig, loadConfig } from '../../src/config/load-config.ts';
import { scoped } from '../../src/decorators/scoped.ts';
import { optional } from '../../src/decorators/tolerance.ts';
import { makeEntry } from '../../src/entry.ts';
import { isConfigError } from '../../src/errors.ts';
import { makeOrigin } from '../../src/origin.ts';
import type { ConfigProvider } from '../../src/provider.ts';
import { BundleProvider } from '../../src/providers/bundle.ts';
import { DotEnvProvider } from '../../src/providers/dotenv.ts';
import { EnvProvider } from '../../src/providers/env.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { holdsSealed } from '../../src/sealed.ts';
import type { FileKey } from '../../src/sealing/file-key.ts';
import { newKey } from '../../src/sealing/keys.ts';
import type { ConfigValue } from '../../src/value.ts';

const fake = 'fake-sealed-17';
const jwk = JSON.stringify(newKey('symmetric', 'ci'));
const [ci] = parseKeys(jwk, 'it') as [FileKey];
const sealedAt = (key: string, context?: string) =>
  seal(fake, { key, to: ci, ...(context !== undefined && { context }) });
const text = await sealedAt('db.password');
const keys = () => ci;
const schema = z.object({ db: z.object({ host: z.string(), password: z.string() }) });

/** A provider that keeps its answers, so that a chain learns them from `known`. */
const cached = (values: Record<string, ConfigValue>): ConfigProvider => {
  const origin = makeOrigin({ provider: 'cached', source: 'cached' });
  const entries = Object.entries(values).map(([key, value]) =>
    makeEntry({ key, value, secret: false, origin }),
  );
  const find = (key: string) => entries.find((entry) => entry.key === key);
  return {
    name: 'cached',
    get: async (key) => find(key),
    known: (key) => ({ entry: find(key) }),
    list: async () => entries,
  };
};

describe('sealed text that nothing has opened', () => {
  const memory = (value: ConfigValue) => new MemoryProvider({ db: { host: 'a', password: value } });
  const sources: [string, (value: string) => ConfigProvider][] = [
    ['memory', memory],
    ['a list', (value) => memory(['a', value])],
    ['a list of objects', (value) => memory([{ a: value }])],
    ['an answer in memory', (value) => cached({ 'db.host': 'a', 'db.password': value })],
    ['variables', (value) => new EnvProvider({ env: { DB__HOST: 'a', DB__PASSWORD: value } })],
    [
      'a section in a variable',
      (value) =>
        new EnvProvider({
          json: { db: 'DB' },
          env: { DB: JSON.stringify({ host: 'a', password: value }) },
        }),
    ],
    [
      'entries made by hand',
      (value) => ({
        name: 'hand',
        get: async (key) => (key === 'db.password' ? ({ key, value } as never) : undefined),
        list: async () => [{ key: 'db', value: { host: 'a', password: value } }] as never,
      }),
    ],
    ['a nested chain', (value) => new ProviderChain([memory(value)], { name: 'inner' })],
    ['a tolerated provider', (value) => optional(memory(value))],
    ['a view', (value) => scoped(new MemoryProvider({ x: { db: { host: 'a', password: value } } }), 'x')],
  ];
  const values: [string, string][] = [
    ['intact', text],
    ['damaged at its end', text.slice(0, -9)],
    ['cut after the marker', 'sealed:eyJ'],
  ];

  describe.each(sources)('in %s', (_, provider) => {
    it.each(values)('is never the value of a look-up, a section or a load: %s', async (_, value) => {
      const chain = new ProviderChain([provider(value), new MemoryProvider({ db: { password: 'lower' } })]);
      const refused = { code: 'crypto', key: 'db.password', message: expect.stringContaining('is sealed') };
      await expect(chain.get('db.password')).rejects.toMatchObject(refused);
      await expect(chain.get('db.password')).rejects.toMatchObject(refused);
      await expect(chain.value('db.password', { maxAgeMs: 1e9 })).rejects.toMatchObject(refused);
      await expect(chain.renew('db.password')).rejects.toMatchObject(refused);
      expect(chain.known('db.password')).toBeUndefined();
      expect((await chain.getMany(['db.password'])).get('db.password')).toMatchObject(refused);
      await expect(chain.tree('db')).rejects.toMatchObject({ code: 'crypto' });
      expect(JSON.stringify(await chain.list())).not.toContain('sealed:eyJ');
      expect(await chain.explain('db.password')).toMatchObject({ error: refused, winner: undefined });
      const failed = await loadConfig(schema, chain).catch((error: unknown) => error);
      expect(isConfigError(failed) && failed.problems).toMatchObject([
        { kind: 'unreadable', key: 'db.password', message: expect.stringContaining('is sealed') },
      ]);
      expect(JSON.stringify(failed)).not.toContain(value);
      const check = await checkConfig(schema, chain);
      expect(check.ok).toBe(false);
      expect(String(check)).not.toContain(value);
      expect(String(check)).toMatch(/db\.host {6}"a"/);
    });
  });

  it('an answer in memory costs one request and no second one for plain values beside it', async () => {
    const chain = new ProviderChain([cached({ a: 'plain', b: ['sealed: with care', 'unsealed:eyJ'] })]);
    expect(await chain.value('a')).toBe('plain');
    expect(await chain.value('b')).toEqual(['sealed: with care', 'unsealed:eyJ']);
    expect(chain.known('a')?.entry?.value).toBe('plain');
  });

  it('names the option of the file, or the decorator', async () => {
    await using box = await sandbox({ files: { 'base.yaml': `db:\n  password: ${text}\n` } });
    const file = new ProviderChain([new BundleProvider(box.path('base.yaml'))]);
    await expect(file.get('db.password')).rejects.toThrow(
      /"db\.password" is sealed \(.*base\.yaml:2:13\)\. Open it with .*sealed: true/,
    );
    const env = new ProviderChain([new EnvProvider({ prefix: 'APP', env: { APP__DB__PASSWORD: text } })]);
    await expect(env.get('db.password')).rejects.toThrow(/env APP__DB__PASSWORD.*unsealed\(provider\)/);
  });

  it('a key that nothing reads does not stop a load', async () => {
    const source = new MemoryProvider({ db: { host: 'a', password: 'b' }, other: text });
    expect((await loadConfig(schema, source)).get('db.password')).toBe('b');
  });

  it('holdsSealed looks into a frozen list once', () => {
    let reads = 0;
    const list = Object.freeze([
      Object.freeze(Object.defineProperty({}, 'a', { enumerable: true, get: () => `${++reads}` })),
    ]) as unknown as ConfigValue;
    expect([holdsSealed(list), holdsSealed(list), reads]).toEqual([false, false, 1]);
  });
});

describe('unsealed around what would refuse sealed text', () => {
  const memory = () => new MemoryProvider({ db: { host: 'a', password: text } });
  it.each<[string, () => ConfigProvider]>([
    ['a provider', memory],
    ['a chain', () => new ProviderChain([memory()])],
    ['a chain in a chain', () => new ProviderChain([new ProviderChain([memory()], { name: 'inner' })])],
    ['a chain with an interceptor', () => new ProviderChain([memory()], { intercept: (_, next) => next() })],
    ['a tolerated chain', () => optional(new ProviderChain([memory()]))],
  ])('opens the values of %s', async (_, inner) => {
    const chain = new ProviderChain([unsealed(inner(), { keys })], { name: 'outer' });
    expect(await chain.value('db.password')).toBe(fake);
    expect(await chain.value('db.password')).toBe(fake);
    expect(await chain.value('db.host')).toBe('a');
    expect((await chain.getMany(['db.password'])).get('db.password')).toMatchObject({ value: fake });
    expect(await chain.tree('db')).toEqual({ host: 'a', password: fake });
    expect((await chain.renew('db.password'))?.value).toBe(fake);
    expect((await loadConfig(schema, chain)).get('db.password')).toBe(fake);
  });

  it('an interceptor sees nothing of the option that asks for the text', async () => {
    const seen: object[] = [];
    const inner = new ProviderChain([memory()], {
      intercept: ({ options }, next) => {
        seen.push(options);
        return next();
      },
    });
    await unsealed(inner, { keys }).get('db.password');
    expect(Object.getOwnPropertySymbols(seen[0])).toEqual([]);
  });
});

describe('providers that open sealed values themselves', () => {
  beforeEach(() => {
    vi.stubEnv('LLM_CONFIG_KEY', undefined);
    vi.stubEnv('LLM_CONFIG_KEY_FILE', undefined);
  });
  afterEach(() => vi.unstubAllEnvs());
  const files = {
    '.env': `APP__DB__HOST=a\nAPP__DB__PASSWORD=${text}\n`,
    'base.yaml': `db:\n  host: a\n  password: ${text}\n`,
    key: jwk,
  };
  const folder = async () => {
    const box = await sandbox({ files });
    const { chmod } = await import('node:fs/promises');
    await chmod(box.path('key'), 0o600);
    return box;
  };
  const dotenv = (directory: string, more = {}) =>
    new DotEnvProvider({ directory, prefix: 'APP', environment: 'x', ...more });

  it('DotEnvProvider opens values with LLM_CONFIG_KEY', async () => {
    await using box = await folder();
    vi.stubEnv('LLM_CONFIG_KEY', jwk);
    const provider = dotenv(box.directory);
    const chain = new ProviderChain([provider]);
    expect(await chain.get('db.password')).toMatchObject({ value: fake, secret: true });
    expect(provider.known('db.password')?.entry?.value).toBe(fake);
    expect(await chain.tree('db')).toEqual({ host: 'a', password: fake });
    expect((await loadConfig(schema, chain)).get('db.password')).toBe(fake);
    expect(String(await chain.explain('db.password'))).toContain('sealed, opened with kid "ci"');
  });

  it('BundleProvider opens values with the key in LLM_CONFIG_KEY_FILE, if it is told to', async () => {
    await using box = await folder();
    vi.stubEnv('LLM_CONFIG_KEY_FILE', box.path('key'));
    const path = box.path('base.yaml');
    const chain = new ProviderChain([new BundleProvider({ path, sealed: true })]);
    expect(await chain.value('db.password')).toBe(fake);
    expect(await chain.tree()).toEqual({ db: { host: 'a', password: fake } });
    expect(String(await chain.explain('db.password'))).toContain('sealed, opened with kid "ci"');
    expect(String(await chain.explain('db.host'))).not.toContain('sealed');
    const config = await loadConfig(schema, chain);
    expect(String(config.explain('db.password'))).toContain('sealed, opened with kid "ci"');
    await expect(new ProviderChain([new BundleProvider(path)]).get('db.password')).rejects.toMatchObject({
      code: 'crypto',
    });
  });

  it('takes keys and a context of its own, and refuses values of another context', async () => {
    await using box = await sandbox({
      files: { 'base.yaml': `a: ${await sealedAt('a', 'acme')}\nb: ${await sealedAt('b')}\n` },
    });
    const provider = new BundleProvider({
      path: box.path('base.yaml'),
      sealed: { keys, context: 'acme' },
    });
    expect((await provider.get('a'))?.value).toBe(fake);
    await expect(provider.get('b')).rejects.toMatchObject({ code: 'crypto' });
    const [entry, hole] = await provider.list();
    expect([entry, hole]).toMatchObject([{ value: { a: fake } }, { key: 'b', error: { code: 'crypto' } }]);
  });

  it('without a key the value is a hole that names the variable, until there is a key', async () => {
    await using box = await folder();
    const chain = new ProviderChain([dotenv(box.directory), new MemoryProvider({ db: { password: 'x' } })]);
    await expect(chain.get('db.password')).rejects.toThrow(/the variable LLM_CONFIG_KEY is not set/);
    expect((await checkConfig(schema, chain)).problems).toMatchObject([{ key: 'db.password' }]);
    vi.stubEnv('LLM_CONFIG_KEY', jwk);
    expect(await chain.value('db.password')).toBe(fake);
  });

  it('unsealed around a DotEnvProvider uses its own keys and context only', async () => {
    await using box = await folder();
    vi.stubEnv('LLM_CONFIG_KEY', jwk);
    const inner = dotenv(box.directory);
    const strict = new ProviderChain([unsealed(inner, { keys, context: 'acme' })]);
    for (const _ of [1, 2]) await expect(strict.get('db.password')).rejects.toThrow(/sealed for no context/);
    expect((await inner.get('db.password'))?.value).toBe(fake);
    await expect(strict.get('db.password')).rejects.toThrow(/sealed for no context/);
    await expect(loadConfig(schema, strict)).rejects.toMatchObject({ code: 'validation' });
    expect(await strict.value('db.host')).toBe('a');
    const own = new ProviderChain([unsealed(dotenv(box.directory, { sealed: false }), { keys })]);
    expect(await own.value('db.password')).toBe(fake);
  });

  it('a password in the environment opens nothing', async () => {
    await using box = await folder();
    vi.stubEnv('LLM_CONFIG_KEY', 'correct horse battery');
    await expect(dotenv(box.directory).get('db.password')).rejects.toMatchObject({ code: 'crypto' });
  });

  it('a changed file is opened again', async () => {
    await using box = await folder();
    vi.stubEnv('LLM_CONFIG_KEY', jwk);
    const provider = dotenv(box.directory);
    expect((await provider.get('db.password'))?.value).toBe(fake);
    await box.write({ '.env': 'APP__DB__PASSWORD=plain\n' });
    expect((await provider.get('db.password', { maxAgeMs: 0 }))?.value).toBe('plain');
  });

  it('DotEnvProvider expands no reference to a sealed value', async () => {
    const lines = [`APP__URL=db://u:\${APP__DB__PASSWORD}@h`, `APP__DB__PASSWORD=${text}`];
    await using box = await sandbox({ files: { '.env': lines.join('\n') } });
    vi.stubEnv('LLM_CONFIG_KEY', jwk);
    await expect(dotenv(box.directory, { expand: true }).get('url')).rejects.toThrow(
      /\.env:1:1: APP__URL refers to APP__DB__PASSWORD, which is sealed/,
    );
  });

  it('refuses unknown options', () => {
    expect(() => new BundleProvider({ path: 'a.yaml', sealed: { key: 'x' } as never })).toThrow(
      /BundleProvider: sealed: unknown option "key"\. Did you mean keys/,
    );
    expect(() => new DotEnvProvider({ sealed: 'yes' as never })).toThrow(/the option sealed must be/);
  });
});
