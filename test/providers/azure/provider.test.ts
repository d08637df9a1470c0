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

describe('Azure Key Vault', () => {
  it('reads a secret of its own name, with version, time and origin', async () => {
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
  ] as const)('reads words back as %s', async (keys, key) => {
    vault.put('Pool-Max', 'five');
    expect((await azure({ keys }).list()).map((item) => item.key)).toEqual([key]);
    expect((await azure({ keys }).get(key))?.value).toBe('five');
  });

  it('reads JSON text as a section, a field of it, or whole', async () => {
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

  it('reads the secret of a managed certificate, and says what it is', async () => {
    vault.put('tls', 'MIIfake', { contentType: 'application/x-pkcs12' });
    expect(await azure().get('tls')).toMatchObject({
      value: 'MIIfake',
      metadata: { type: 'application/x-pkcs12' },
    });
  });

  it('reads a version that is pinned or asked for, and never one for another', async () => {
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

  it('tells the date of what is not valid yet or no longer, and no default wins because of it', async () => {
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

  it('serves nothing past its expiry, also from the cache', async () => {
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

  it('waits as long as it is told to when it is throttled', async () => {
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

  it('is absent only where the vault says SecretNotFound', async () => {
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

describe('a list of Azure Key Vault', () => {
  it('is a page of names for every 25 secrets, and one request for each that can hold a wanted key', async () => {
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

  it.each([0, 1, 2, 3])('is whole though page %i fails at first', async (page) => {
    for (let i = 0; i < 90; i++) vault.put(`key${i}`, 'x');
    vault.failPage = page;
    const items = await azure().list();
    expect(new Set(items.map((item) => item.key)).size).toBe(90);
  });

  it('of many vaults walked half way keeps none of them for ever', async () => {
    for (let i = 0; i < 60; i++) vault.put(`key${i}`, 'x');
    const provider = azure({ cache: false, resilience: { ...quick, attempts: 1 } });
    for (let i = 0; i < 70; i++) {
      vault.failPage = 2;
      expect(await failure(provider.list('x'))).toMatchObject({ code: 'unavailable' });
    }
    vault.failPage = undefined;
    expect(await provider.list('key7')).toHaveLength(1);
  });

  it('has holes for what is disabled, which cost no request', async () => {
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

  it('leaves out names that are no keys, and says so once', async () => {
    for (const name of ['app--good', 'APP--Other', 'app--constructor', 'app--pool-2', 'unrelated'])
      vault.put(name, 'x');
    const provider = azure({ prefix: 'app--', cache: false });
    const notices: ConfigEvent[] = [];
    provider.on((event) => event.type === 'notice' && notices.push(event));
    for (let i = 0; i < 2; i++)
      expect((await provider.list()).map((item) => item.key)).toEqual(['good', 'other']);
    expect(notices).toHaveLength(2);
  });

  it('is made of the wanted names where it is denied', async () => {
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

  it('has a conflict where two secrets say two things of one key, and names both', async () => {
    vault.put('db', '{"host":"one"}');
    vault.put('db--host', 'two');
    expect(await failure(azure().get('db.host'))).toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/db#host.*db--host/),
    });
  });
});

describe('writing to Azure Key Vault', () => {
  it('sets a new version over one that is disabled', async () => {
    vault.put('key', 'not-a-real-one', { enabled: false });
    const provider = azure();
    expect(await failure(provider.get('key'))).toMatchObject({ code: 'disabled' });
    await provider.set('key', 'not-a-real-other');
    expect((await provider.get('key'))?.value).toBe('not-a-real-other');
  });

  it('sets, deletes so that it can be recovered, and recovers what is set again', async () => {
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

  it('explains names where a key has none, and still changes such a field of JSON text', async () => {
    expect(await failure(azure().set('db.pool_max', 'x'))).toMatchObject({
      code: 'invalid_key',
      message: expect.stringMatching(/joined by "--".*camel.*option secrets/),
    });
    expect(vault.count('setSecret')).toBe(0);
    vault.put('db', '{"pool_max":"1"}');
    await azure().set('db.pool_max', '2');
    expect((await azure().get('db.pool_max'))?.value).toBe('2');
    await azure({ secrets: { 'db.pool_max': 'any-name' } }).set('db.pool_max', '3');
    expect(vault.secrets.has('any-name')).toBe(true);
  });

  it('does not write to a version, nor deletes a secret because of one', async () => {
    const version = vault.put('key', 'x');
    const provider = azure({ secrets: { old: `key/${version}` } });
    expect(await failure(provider.set('old', 'y'))).toMatchObject({
      code: 'invalid_key',
      message: expect.stringContaining('a version does not change'),
    });
    expect(await failure(provider.delete('old'))).toMatchObject({ code: 'invalid_key' });
    expect((await azure().get('key'))?.value).toBe('x');
  });

  it('says what is wrong when it is refused', async () => {
    vault.setSecret = () => Promise.reject(refused(403, 'Forbidden', 'ForbiddenByPolicy'));
    expect(await failure(azure().set('key', 'x'))).toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('access policy'),
    });
  });
});

describe('a client of one’s own', () => {
  it('is not made anew when its token is refused', async () => {
    vault.fault = refused(401, 'Unauthorized');
    const provider = azure();
    expect(await failure(provider.get('key'))).toMatchObject({ code: 'unauthenticated' });
    expect(vault.calls).toHaveLength(1);
    await provider.close();
  });

  it('gives away no token and no payload, whatever fails', async () => {
    for (const fault of [401, 403, 404, 409, 429, 500].map((status) => refused(status, 'not-a-real-code'))) {
      vault.fault = fault;
      for (const ask of [
        () => azure().get('key'),
        () => azure().list(),
        () => azure().set('key', 'not-a-real-one'),
      ])
        expect(inspect(await failure(ask()), { depth: null, showHidden: true })).not.toContain('not-a-real');
    }
    const credential = {
      clientSecret: 'not-a-real-secret',
      getToken: () => Promise.resolve({ token: 'not-a-real-token', expiresOnTimestamp: 0 }),
    };
    expect(inspect(azure({ credential }), { depth: null })).not.toContain('not-a-real');
  });
});

describe('options', () => {
  it('may say their defaults', () => {
    expect(() => azure({ prefix: '' })).not.toThrow();
  });

  it.each([
    [{ url: undefined }, /url must be the address/],
    [{ url: 'acme' }, /url must be the address/],
    [{ url: 'http://acme.vault.azure.net' }, /with https/],
    [{ prefix: 'a_b' }, /prefix must be letters/],
    [{ keys: 'pascal' }, /keys must be one of/],
    [{ prefix: 'a-', secrets: { a: 'b' } }, /either prefix or secrets/],
    [{ secrets: { a: 'under_score' } }, /names no secret for the key "a"/],
    [{ secrets: { a: 'a/b/c' } }, /names no secret/],
  ])('%j is refused', (options, message) => {
    expect(() => azure(options as never)).toThrow(message);
  });
});
