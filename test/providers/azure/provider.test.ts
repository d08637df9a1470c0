// AzureKeyVaultProvider against the fake vault in `fake.ts`, as an injected client.
import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../../src/chain/chain.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import type { ConfigEvent } from '../../../src/events.ts';
import { type AzureKeyVaultOptions, AzureKeyVaultProvider } from '../../../src/providers/azure/index.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';
import { manualClock } from '../../../src/testing/index.ts';
import { FakeVault, refused } from './fake.ts';

let vault: FakeVault;
beforeEach(() => {
  vault = new FakeVault();
});

const quick = { attempts: 3, backoff: { initialMs: 1, maxMs: 1 }, breaker: false } as const;
const azure = (options: Partial<AzureKeyVaultOptions> = {}): AzureKeyVaultProvider =>
  new AzureKeyVaultProvider({
    url: 'https://acme.vault.azure.net',
    client: vault,
    resilience: quick,
    ...options,
  });
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
const day = 86_400_000;

describe('reading from Azure Key Vault', () => {
  it('AzureKeyVaultProvider reads a secret by its key, with version, time and origin', async () => {
    const version = vault.put('inference--llm--api-key', 'not-a-real-one');
    const entry = await azure({ prefix: 'inference--' }).get('llm.apiKey');
    expect(entry).toMatchObject({
      value: 'not-a-real-one',
      secret: true,
      text: true,
      version,
      modifiedAt: 1_700_000_000_000,
    });
    expect(String(entry?.origin)).toContain('azure inference--llm--api-key');
  });

  it.each([
    ['camel', 'poolMax'],
    ['snake', 'pool_max'],
    ['kebab', 'pool-max'],
  ] as const)('the option keys reads the words of a name as %s', async (keys, key) => {
    vault.put('Pool-Max', 'five');
    expect((await azure({ keys }).list()).map((item) => item.key)).toEqual([key]);
    expect((await azure({ keys }).get(key))?.value).toBe('five');
  });

  it('AzureKeyVaultProvider reads JSON text as a section, a field or text', async () => {
    vault.put('db', '{"user":"app"}', { contentType: 'application/json' });
    const provider = azure({ secrets: { db: 'db', user: 'db#user', text: 'db#' } });
    expect(await provider.get('db.user')).toMatchObject({
      value: 'app',
      metadata: { type: 'application/json' },
    });
    expect((await provider.get('user'))?.value).toBe('app');
    expect((await provider.get('text'))?.value).toBe('{"user":"app"}');
    expect(vault.calls).toHaveLength(1);
  });

  it('the secret of a managed certificate has its content type', async () => {
    vault.put('tls', 'MIIfake', { contentType: 'application/x-pkcs12' });
    expect(await azure().get('tls')).toMatchObject({
      value: 'MIIfake',
      metadata: { type: 'application/x-pkcs12' },
    });
  });

  it('versions of an Azure secret are cached separately', async () => {
    const first = vault.put('key', 'one');
    const second = vault.put('key', 'two');
    const provider = azure({ secrets: { key: 'key', old: `key/${first}` } });
    expect((await provider.get('key'))?.value).toBe('two');
    expect((await provider.get('old'))?.value).toBe('one');
    expect((await provider.get('old', { version: second }))?.value).toBe('two');
    expect((await provider.get('key', { version: first }))?.value).toBe('one');
    expect((await provider.get('key'))?.value).toBe('two');
    expect(await provider.get('key', { version: 'f'.repeat(32) })).toBeUndefined();
  });

  it('a disabled, early or expired secret is an error with its date', async () => {
    const clock = manualClock(Date.UTC(2026, 0, 1));
    vault.put('early', 'x', { notBefore: new Date(Date.UTC(2026, 0, 2)) });
    vault.put('late', 'x', { expiresOn: new Date(Date.UTC(2025, 11, 31)) });
    vault.put('off', 'x', { enabled: false });
    const chain = new ProviderChain([
      azure({ clock }),
      new MemoryProvider({ early: 'a default', late: 'a default', off: 'a default' }),
    ]);
    expect(await failure(chain.get('early'))).toMatchObject({
      code: 'disabled',
      message: expect.stringContaining('2026-01-02T00:00'),
    });
    expect(await failure(chain.get('late'))).toMatchObject({
      code: 'disabled',
      message: expect.stringContaining('2025-12-31T00:00'),
    });
    expect(await failure(chain.get('off'))).toMatchObject({ code: 'disabled', transient: false });
    const shape = z.object({ early: z.string(), late: z.string(), off: z.string() });
    expect(await failure(loadConfig(shape, chain))).toMatchObject({
      code: 'validation',
      message: expect.stringContaining('2026-01-02'),
    });
  });

  it('a cached Azure secret is not returned after its expiry', async () => {
    const clock = manualClock();
    vault.put('key', 'x', { expiresOn: new Date(clock.now() + day) });
    const provider = azure({ clock, cache: { ttlMs: 2 * day } });
    expect(await clock.until(provider.get('key'))).toMatchObject({
      value: 'x',
      expiresAt: clock.now() + day,
    });
    await clock.advance(day + 1);
    expect(await failure(clock.until(provider.get('key')))).toMatchObject({ code: 'disabled' });
  });

  it('AzureKeyVaultProvider waits for Retry-After when throttled', async () => {
    const clock = manualClock();
    const { getSecret } = vault;
    const at: number[] = [];
    vault.getSecret = async (name, options) => {
      at.push(clock.now());
      if (at.length === 1) throw refused(429, 'Throttled', undefined, { 'retry-after': '3' });
      return getSecret.call(vault, name, options);
    };
    vault.put('key', 'x');
    expect((await clock.until(azure({ clock }).get('key'), 10))?.value).toBe('x');
    expect((at[1] as number) - (at[0] as number)).toBeGreaterThanOrEqual(3_000);
  });

  it('an Azure secret is absent only if the vault returns SecretNotFound', async () => {
    expect(await azure().get('key')).toBeUndefined();
    vault.fault = refused(404);
    expect(await failure(azure().get('key'))).toMatchObject({ code: 'unavailable' });
    vault.fault = refused(403, 'Forbidden', 'ForbiddenByFirewall');
    expect(await failure(azure().get('key'))).toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('firewall'),
    });
    vault.fault = undefined;
    vault.put('key', undefined);
    expect(await failure(azure().get('key'))).toMatchObject({ code: 'unavailable' });
  });
});

describe('lists of Azure Key Vault', () => {
  it('loadConfig lists pages of 25 names and reads only wanted secrets', async () => {
    for (let i = 0; i < 300; i++) vault.put(`key${i}`, 'x');
    const shape = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key${i}`, z.string()]));
    const provider = azure();
    await loadConfig(z.object(shape), provider);
    expect(vault.count('list')).toBe(12);
    expect(vault.count('getSecret')).toBe(300);
    expect(provider.stats().requests).toBe(312);
    const few = azure();
    await loadConfig(z.object({ key7: z.string() }), few);
    expect(few.stats().requests).toBe(13);
  });

  it.each([0, 1, 2, 3])('list of a vault is complete even if page %i fails once', async (page) => {
    for (let i = 0; i < 90; i++) vault.put(`key${i}`, 'x');
    vault.failPage = page;
    const items = await azure().list();
    expect(new Set(items.map((item) => item.key)).size).toBe(90);
  });

  it('unfinished lists are evicted', async () => {
    for (let i = 0; i < 60; i++) vault.put(`key${i}`, 'x');
    const provider = azure({ cache: false, resilience: { ...quick, attempts: 1 } });
    for (let i = 0; i < 70; i++) {
      vault.failPage = 2;
      expect(await failure(provider.list('x'))).toMatchObject({ code: 'unavailable' });
    }
    vault.failPage = undefined;
    expect(await provider.list('key7')).toHaveLength(1);
  });

  it('a disabled Azure secret is a hole in a list, without a request', async () => {
    vault.put('good', 'x');
    vault.put('off', 'x', { enabled: false });
    const provider = azure();
    const items = await provider.list();
    expect(items.map((item) => [item.key, 'error' in item ? item.error.code : item.value])).toEqual(
      expect.arrayContaining([
        ['good', 'x'],
        ['off', 'disabled'],
      ]),
    );
    expect(provider.stats().requests).toBe(2);
  });

  it('list skips Azure secrets with invalid key names and emits one notice each', async () => {
    for (const name of ['app--good', 'APP--Other', 'app--constructor', 'app--pool-2', 'unrelated'])
      vault.put(name, 'x');
    const provider = azure({ prefix: 'app--', cache: false });
    const notices: ConfigEvent[] = [];
    provider.on((event) => event.type === 'notice' && notices.push(event));
    for (let i = 0; i < 2; i++)
      expect((await provider.list()).map((item) => item.key)).toEqual(['good', 'other']);
    expect(notices).toHaveLength(2);
  });

  it('with listing of a vault denied, loadConfig reads wanted keys by name', async () => {
    vault.put('key', 'x');
    vault.listPropertiesOfSecrets = () => ({
      byPage: () => ({ next: () => Promise.reject(refused(403, 'Forbidden', 'ForbiddenByRbac')) }),
    });
    expect((await loadConfig(z.object({ key: z.string() }), azure())).value).toEqual({ key: 'x' });
    expect(await failure(azure().list())).toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('option secrets'),
    });
  });

  it('two Azure secrets with different values for a key are a conflict that names both', async () => {
    vault.put('db', '{"host":"one"}');
    vault.put('db--host', 'two');
    expect(await failure(azure().get('db.host'))).toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/db#host.*db--host/),
    });
  });
});

describe('writing to Azure Key Vault', () => {
  it('set replaces a disabled version', async () => {
    vault.put('key', 'not-a-real-one', { enabled: false });
    const provider = azure();
    expect(await failure(provider.get('key'))).toMatchObject({ code: 'disabled' });
    await provider.set('key', 'not-a-real-other');
    expect((await provider.get('key'))?.value).toBe('not-a-real-other');
  });

  it('set recovers a deleted Azure secret first', async () => {
    const provider = azure();
    const written = await provider.set('llm.apiKey', 'not-a-real-one');
    expect(written.version).toBe(vault.secrets.get('llm--api-key')?.[0]?.properties.version);
    await provider.set('llm.limits', { rps: 5 });
    expect(vault.calls.at(-1)).toMatchObject({
      method: 'setSecret',
      options: { contentType: 'application/json' },
    });
    expect((await provider.get('llm.limits.rps'))?.value).toBe(5);
    expect(await provider.delete('llm.apiKey')).toBe(true);
    expect(await provider.get('llm.apiKey')).toBeUndefined();
    await provider.set('llm.apiKey', 'not-a-real-other');
    expect(vault.calls.slice(-3).map(({ method }) => method)).toEqual([
      'setSecret',
      'beginRecoverDeletedSecret',
      'setSecret',
    ]);
    expect((await provider.get('llm.apiKey'))?.value).toBe('not-a-real-other');
  });

  it('set explains a key without an Azure name, and still changes it as a field', async () => {
    expect(await failure(azure().set('db.pool_max', 'x'))).toMatchObject({
      code: 'invalid_key',
      message: expect.stringMatching(/option secrets.*"--" between segments.*camel/),
    });
    expect(vault.count('setSecret')).toBe(0);
    vault.put('db', '{"pool_max":"1"}');
    await azure().set('db.pool_max', '2');
    expect((await azure().get('db.pool_max'))?.value).toBe('2');
    await azure({ secrets: { 'db.pool_max': 'any-name' } }).set('db.pool_max', '3');
    expect(vault.secrets.has('any-name')).toBe(true);
  });

  it('a key that is mapped to an Azure version is read-only', async () => {
    const version = vault.put('key', 'x');
    const provider = azure({ secrets: { old: `key/${version}` } });
    expect(await failure(provider.set('old', 'y'))).toMatchObject({
      code: 'invalid_key',
      message: expect.stringContaining('one version of it is selected'),
    });
    expect(await failure(provider.delete('old'))).toMatchObject({ code: 'invalid_key' });
    expect((await azure().get('key'))?.value).toBe('x');
  });

  it('a denied set of an Azure secret names the remedy', async () => {
    vault.setSecret = () => Promise.reject(refused(403, 'Forbidden', 'ForbiddenByPolicy'));
    expect(await failure(azure().set('key', 'x'))).toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('access policy'),
    });
  });
});

describe('an injected client of Azure', () => {
  it('an injected client of Azure is not replaced when its token is refused', async () => {
    vault.fault = refused(401, 'Unauthorized');
    const provider = azure();
    expect(await failure(provider.get('key'))).toMatchObject({ code: 'unauthenticated' });
    expect(vault.calls).toHaveLength(1);
    await provider.close();
  });

  it('errors of AzureKeyVaultProvider contain no token and no payload', async () => {
    for (const fault of [401, 403, 404, 409, 429, 500].map((status) => refused(status, 'not-a-real-code'))) {
      vault.fault = fault;
      for (const send of [
        () => azure().get('key'),
        () => azure().list(),
        () => azure().set('key', 'not-a-real-one'),
      ])
        expect(inspect(await failure(send()), { depth: null, showHidden: true })).not.toContain('not-a-real');
    }
    const credential = {
      clientSecret: 'not-a-real-secret',
      getToken: () => Promise.resolve({ token: 'not-a-real-token', expiresOnTimestamp: 0 }),
    };
    expect(inspect(azure({ credential }), { depth: null })).not.toContain('not-a-real');
  });
});

describe('options of AzureKeyVaultProvider', () => {
  it('AzureKeyVaultProvider accepts an empty prefix', () => {
    expect(() => azure({ prefix: '' })).not.toThrow();
  });

  it.each([
    [{ url: undefined }, /url must be the https address/],
    [{ url: 'acme' }, /url must be the https address/],
    [{ url: 'http://acme.vault.azure.net' }, /https address/],
    [{ prefix: 'a_b' }, /prefix must be letters/],
    [{ keys: 'pascal' }, /keys must be one of/],
    [{ prefix: 'a-', secrets: { a: 'b' } }, /prefix and secrets cannot be combined/],
    [{ secrets: { a: 'under_score' } }, /invalid secret name for the key "a"/],
    [{ secrets: { a: 'a/b/c' } }, /invalid secret name/],
  ])('AzureKeyVaultProvider refuses the options %j', (options, message) => {
    expect(() => azure(options as never)).toThrow(message);
  });
});
