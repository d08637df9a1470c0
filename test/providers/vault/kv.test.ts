import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Entry, Unreadable } from '../../../src/entry.ts';
import { Connection } from '../../../src/providers/vault/connection.ts';
import { VaultProvider } from '../../../src/providers/vault/index.ts';
import { Kv } from '../../../src/providers/vault/kv.ts';
import { systemClock } from '../../../src/shelter/clock.ts';
import { endsWith, fakeVault, providerOf, refusal, store, timedVault } from './setup.ts';

const keys = (items: readonly (Entry | Unreadable)[]): string[] => items.map(({ key }) => key).sort();

describe('key-value secrets', () => {
  it('reads secrets by their usual paths in both versions of the engine', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/acme/db': { password: 'fake-2' }, 'kv1/acme/db': { password: 'fake-1' } });
    const provider = providerOf(vault, {
      secrets: { two: 'secret/acme/db#password', one: 'kv1/acme/db#password' },
    });
    const two = await provider.get('two');
    expect(two).toMatchObject({ value: 'fake-2', secret: true, text: true, version: '1' });
    expect(`${two?.origin}`).toBe('vault secret/acme/db#password v1');
    expect((await provider.get('one'))?.value).toBe('fake-1');
    expect(vault.asked.slice(1)).toEqual([
      'GET /v1/sys/internal/ui/mounts',
      'GET /v1/secret/data/acme/db',
      'GET /v1/kv1/acme/db',
    ]);
  });

  it('sends one request for a secret, however many fields are read', async () => {
    const vault = await fakeVault();
    store(vault, {
      'secret/app/db': Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`field${i}`, `${i}`])),
    });
    const provider = providerOf(vault, { kv: 2 });
    await Promise.all(Array.from({ length: 1000 }, (_, i) => provider.get(`db.field${i % 10}`)));
    expect(vault.count('/data/')).toBe(1);
    expect(vault.seen.length).toBe(2); // with the look-up of the token
  });

  it('reads the current version, a given version, and no missing version', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { password: 'old' } });
    store(vault, { 'secret/app/db': { password: 'new' } });
    const provider = providerOf(vault);
    expect(await provider.get('db.password')).toMatchObject({ value: 'new', version: '2' });
    expect(await provider.get('db.password', { version: '1' })).toMatchObject({ value: 'old', version: '1' });
    expect(await provider.get('db.password', { version: '9' })).toBeUndefined();
    expect(
      await refusal(providerOf(vault, { mount: 'kv1', path: 'app/' }).get('db.password', { version: '1' })),
    ).toMatchObject({
      code: 'invalid_option',
    });
  });

  it('treats a deleted secret as absent, and writes it again', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { password: 'old' } });
    const provider = providerOf(vault);
    (vault.engines.secrets.get('secret/app/db')?.versions[0] as { deleted?: boolean }).deleted = true;
    expect(await provider.get('db.password')).toBeUndefined();
    expect((await provider.set('db.password', 'again')).version).toBe('2');
    expect((await provider.get('db.password'))?.value).toBe('again');
  });

  it('expires a secret at its deletion time', async () => {
    const { vault, clock } = await timedVault();
    const deletion_time = new Date(clock.now() + 60_000).toISOString();
    vault.fault = ({ url }) =>
      url.includes('/data/')
        ? {
            status: 200,
            body: {
              data: { data: { password: 'fake' }, metadata: { version: 3, deletion_time, created_time: '' } },
            },
          }
        : undefined;
    const provider = providerOf(vault, { clock, resilience: false });
    expect(await provider.get('db.password')).toMatchObject({ expiresAt: clock.now() + 60_000 });
    await clock.advance(61_000);
    vault.fault = () => 'cut';
    expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'unavailable' });
  });

  it('reads and writes custom metadata', async () => {
    const vault = await fakeVault();
    const provider = providerOf(vault);
    await provider.set('db.password', 'fake', {
      metadata: { classification: 'restricted', tags: ['eu', 'db'] },
    });
    expect((await provider.get('db.password', { maxAgeMs: 0 }))?.metadata).toEqual({
      classification: 'restricted',
      tags: ['eu', 'db'],
    });
  });

  it('lists folders, and only those that can contain a wanted key', async () => {
    const vault = await fakeVault();
    store(vault, {
      'secret/app/db': { password: 'a' },
      'secret/app/db/replica': { password: 'b' },
      'secret/app/cache/redis': { url: 'c' },
      'secret/app/other/deep/down': { x: 'd' },
      'secret/elsewhere': { y: 'e' },
    });
    const provider = providerOf(vault);
    expect(keys(await provider.list())).toEqual(['cache.redis', 'db', 'db.replica', 'other.deep.down']);
    const before = vault.seen.length;
    const wanted = { keys: ['cache.redis.url', 'nothing.here'], prefixes: [] };
    expect(keys(await providerOf(vault, { kv: 2 }).list('', { wanted }))).toEqual(['cache.redis']);
    expect(vault.asked.slice(before).sort()).toEqual(
      [
        'GET /v1/auth/token/lookup-self',
        'GET /v1/secret/data/app/cache/redis',
        'GET /v1/secret/metadata/app/?list=true',
        'GET /v1/secret/metadata/app/cache/?list=true',
      ].sort(),
    );
  });

  it('reads wanted secrets by name when listing is denied', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { password: 'a' } });
    vault.policies.set('reader', { 'secret/data/app/*': ['read'] });
    const env = { VAULT_TOKEN: vault.issue(['default', 'reader']) };
    const provider = providerOf(vault, { env });
    expect(
      keys(await provider.list('', { wanted: { keys: ['db.password', 'db.user'], prefixes: [] } })),
    ).toEqual(['db']);
    const error = await refusal(provider.list());
    expect(error).toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('path "secret/metadata/app/" { capabilities = ["list"] }'),
    });
  });

  it('stops a listing at maxKeys', async () => {
    const vault = await fakeVault();
    store(
      vault,
      Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`secret/app/f${i % 3}/s${i}`, { x: '1' }])),
    );
    const provider = providerOf(vault, { maxKeys: 13 });
    expect(await refusal(provider.list())).toMatchObject({
      code: 'invalid_option',
      hint: expect.stringContaining('maxKeys'),
    });
    expect((await providerOf(vault, { maxKeys: 14 }).list()).length).toBe(11);
  });

  it('list skips secrets with invalid key names and emits a notice', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { password: 'a' }, 'secret/app/__proto__': { polluted: 'x' } });
    const provider = providerOf(vault);
    const notices: unknown[] = [];
    provider.on((event) => event.type === 'notice' && notices.push(event));
    expect(keys(await provider.list())).toEqual(['db']);
    expect(notices).toMatchObject([
      {
        outcome: 'invalid_key',
        message: expect.stringContaining('secret/app/: names skipped because they are not valid keys: 1'),
      },
    ]);
  });

  it('list skips folders that cannot be requested', async () => {
    const vault = await fakeVault();
    store(vault, {
      'secret/app/db': { password: 'a' },
      'secret/app/odd\u0007/db': { password: 'b' },
      'secret/app/../db': { password: 'c' },
    });
    expect(keys(await providerOf(vault).list())).toEqual(['db']);
  });

  it('keeps every path inside its folder, whatever the key contains', async () => {
    const vault = await fakeVault();
    const provider = providerOf(vault, { kv: 2 });
    for (const key of ['"a/b".password', '"..".password', '"\\u0007".password']) {
      const answer = await provider.get(key).catch((error) => error.code);
      expect([undefined, 'invalid_key']).toContain(answer);
    }
    expect(vault.seen).toEqual([]);
    await provider.get('"%2e%2e"."sys?x#y".password');
    expect(vault.asked.slice(1)).toEqual([
      'GET /v1/secret/data/app/%252e%252e',
      'GET /v1/secret/data/app/%252e%252e/sys%3Fx%23y',
    ]);
  });

  it('distinguishes names with dots, and fields from secrets', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/api.example.com': { key: 'a' }, 'secret/app/api': { 'example.com': 'b' } });
    const provider = providerOf(vault);
    expect((await provider.get('"api.example.com".key'))?.value).toBe('a');
    expect((await provider.get('api."example.com"'))?.value).toBe('b');
  });

  it('reads a single secret when the path has no trailing slash', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { password: 'a', pool: { max: 5 } } });
    const provider = providerOf(vault, { path: 'app/db' });
    expect((await provider.get('password'))?.value).toBe('a');
    expect((await provider.get('pool.max'))?.value).toBe(5);
    expect(provider.where('pool.max')).toBe('vault secret/app/db#pool.max');
    expect(vault.count('list=true')).toBe(0);
  });

  it('returns the text itself for a path with a trailing #', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/acme/gcp': { key: { type: 'service_account' }, note: '{"a":1}' } });
    const good = providerOf(vault, {
      secrets: {
        key: 'secret/acme/gcp#key#',
        note: 'secret/acme/gcp#note#',
        tree: 'secret/acme/gcp#key',
        all: 'secret/acme/gcp#',
      },
    });
    expect((await good.get('all'))?.value).toBe('{"key":{"type":"service_account"},"note":"{\\"a\\":1}"}');
    expect((await good.get('key'))?.value).toBe('{"type":"service_account"}');
    expect((await good.get('note'))?.value).toBe('{"a":1}');
    expect((await good.get('tree.type'))?.value).toBe('service_account');
  });
});

describe('a missing secret and a wrong path', () => {
  it('distinguishes an absent secret, a missing mount and a denied path', async () => {
    const vault = await fakeVault();
    vault.policies.set('reader', { 'secret/data/app/*': ['read'] });
    const provider = providerOf(vault, { secrets: { none: 'secret/app/none#x', mount: 'nowhere/app/db#x' } });
    expect(await provider.get('none')).toBeUndefined();
    expect(await refusal(provider.get('mount'))).toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining('nowhere/app/db'),
    });
    const poor = providerOf(vault, {
      env: { VAULT_TOKEN: vault.issue(['default', 'reader']) },
      secrets: { other: 'secret/other#x' },
    });
    expect(await refusal(poor.get('other'))).toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('path "secret/data/other" { capabilities = ["read"] }'),
    });
  });

  it('rejects the wrong KV version with invalid_option', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { password: 'a' } });
    expect(await refusal(providerOf(vault, { kv: 1 }).get('db.password'))).toMatchObject({
      code: 'invalid_option',
      hint: expect.stringContaining('kv'),
    });
  });

  it('looks the token up once when a hundred reads are denied', async () => {
    const vault = await fakeVault();
    const env = { VAULT_TOKEN: vault.issue(['default']) };
    const provider = providerOf(vault, { env, kv: 2 });
    const errors = await Promise.all(Array.from({ length: 100 }, (_, i) => refusal(provider.get(`s${i}.x`))));
    expect(new Set(errors.map((error) => error.code))).toEqual(new Set(['access_denied']));
    expect(vault.count('lookup-self')).toBe(2); // one by the log-in, one by the reads
  });
});

describe('the version of the engine', () => {
  it('finds the version by trial where the list of mounts is denied', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { password: 'two' }, 'kv1/app/db': { password: 'one' } });
    vault.fault = ({ url }) =>
      url.includes('ui/mounts')
        ? { status: 403, body: { errors: ['1 error occurred:\n\t* permission denied\n\n'] } }
        : undefined;
    const notices: string[] = [];
    for (const [mount, value] of [
      ['secret', 'two'],
      ['kv1', 'one'],
    ] as const) {
      const provider = providerOf(vault, { mount });
      provider.on((event) => event.type === 'notice' && notices.push(event.message));
      expect(await provider.get('none.x')).toBeUndefined();
      expect((await provider.get('db.password'))?.value).toBe(value);
      expect(keys(await provider.list())).toEqual(['db']);
    }
    expect(notices.length).toBe(2);
    const missing = providerOf(vault, { mount: 'nowhere' });
    expect(await refusal(missing.get('db.password'))).toMatchObject({ code: 'invalid_option' });
    vault.policies.set('none', {});
    const poor = providerOf(vault, { env: { VAULT_TOKEN: vault.issue(['default', 'none']) } });
    expect(await refusal(poor.get('db.password'))).toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('secret/data/app/db'),
    });
  });

  it('looks the version up again after the engine was replaced', async () => {
    const vault = await fakeVault();
    store(vault, { 'kv1/app/db': { password: 'one' } });
    const provider = providerOf(vault, { mount: 'kv1' });
    expect((await provider.get('db.password'))?.value).toBe('one');
    vault.engines.mounts.delete('kv1/');
    expect(await refusal(provider.get('db.password', { maxAgeMs: 0 }))).toMatchObject({
      code: 'invalid_option',
    });
    vault.engines.mounts.set('kv1/', { type: 'kv', version: '2' });
    expect((await provider.get('db.password', { maxAgeMs: 0 }))?.value).toBe('one');
  });

  it('does not follow a mount that changes its version with each request', async () => {
    const vault = await fakeVault();
    let version = 0;
    vault.fault = ({ url }) =>
      url.includes('ui/mounts')
        ? {
            status: 200,
            body: {
              data: { secret: { 'secret/': { type: 'kv', options: { version: `${1 + (++version % 2)}` } } } },
            },
          }
        : url.includes('/secret/')
          ? { status: 404, body: { errors: ['no handler for route'] } }
          : undefined;
    const provider = providerOf(vault, { resilience: { attempts: 1, timeoutMs: 1_000 } });
    expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'invalid_option' });
    expect(vault.count('ui/mounts')).toBeLessThanOrEqual(3);
  });

  it('uses the longest mount that contains the path', async () => {
    const vault = await fakeVault();
    vault.engines.mounts.set('secret/team/', { type: 'kv', version: '1' });
    store(vault, { 'secret/team/db': { x: 'inner' } });
    expect((await providerOf(vault, { secrets: { x: '/secret/team/db#x' } }).get('x'))?.value).toBe('inner');
    expect((await providerOf(vault, { mount: 'secret/team', path: '/' }).get('db.x'))?.value).toBe('inner');
    expect([vault.count('GET /v1/secret/team/db'), vault.count('secret/data/')]).toEqual([2, 0]);
  });

  it('requests the list of mounts again after a failure', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { x: '1' } });
    vault.fault = ({ url }) => (url.includes('ui/mounts') ? 'cut' : undefined);
    const provider = providerOf(vault);
    expect(await refusal(provider.get('db.x'))).toMatchObject({ code: 'unavailable' });
    vault.fault = () => undefined;
    expect((await provider.get('db.x'))?.value).toBe('1');
  });
});

describe('a response without a secret', () => {
  it.each([{ data: { data: null } }, { data: 'x' }, {}])(
    'rejects a read whose response has no secret: %o',
    async (body) => {
      const vault = await fakeVault();
      const provider = providerOf(vault, { resilience: { attempts: 1 } });
      vault.fault = ({ url }) => (url.includes('/data/') ? { status: 200, body } : undefined);
      expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'unavailable' });
    },
  );

  it('treats missing names as an empty folder, and missing mounts as none', async () => {
    const vault = await fakeVault();
    vault.fault = ({ url }) =>
      /list=true|ui.mounts/.test(url) ? { status: 200, body: { data: {} } } : undefined;
    expect(await providerOf(vault).list()).toEqual([]);
  });

  it.each([{}, { ok: true }, { data: { keys: 'x' } }, { status: 'welcome', data: 7 }])(
    'rejects a listing whose response has no names: %j',
    async (body) => {
      const vault = await fakeVault();
      store(vault, { 'secret/app/db': { password: 'fake' }, 'kv1/app/db': { password: 'fake' } });
      vault.fault = ({ url }) => (url.includes('list=true') ? { status: 200, body } : undefined);
      const wanted = { keys: ['db.password'], prefixes: [] };
      for (const options of [{}, { kv: 2 }, { mount: 'kv1' }, { mount: 'kv1', kv: 1 }] as const) {
        const provider = providerOf(vault, { ...options, resilience: { attempts: 1, breaker: false } });
        expect(await refusal(provider.list())).toMatchObject({
          code: 'unavailable',
          message: expect.stringContaining('not from Vault'),
        });
        expect(await refusal(provider.list('', { wanted }))).toMatchObject({ code: 'unavailable' });
      }
    },
  );

  it('requests the mounts again after a response that is not from Vault', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { password: 'fake' } });
    let answers = 1;
    vault.fault = ({ url }) =>
      url.includes('ui/mounts') && answers-- > 0 ? { status: 200, body: { ok: true } } : undefined;
    const provider = providerOf(vault);
    expect((await provider.get('db.password'))?.value).toBe('fake');
    expect(vault.count('ui/mounts')).toBe(2);
  });

  it('treats a 404 with an unrelated warning as an absent secret', async () => {
    const vault = await fakeVault();
    const metadata = { version: 2, deletion_time: '2026-01-01T00:00:00Z' };
    vault.fault = ({ url }) =>
      url.includes('/data/')
        ? { status: 404, body: { data: { data: null, metadata }, warnings: ['something is deprecated'] } }
        : undefined;
    expect(await providerOf(vault).get('db.password')).toBeUndefined();
  });
});

describe('Kv', () => {
  it('Kv deletes the last version of a secret, or the given one', async () => {
    const vault = await fakeVault();
    const connection = new Connection(
      { address: vault.address, env: { VAULT_TOKEN: 'root-token' } },
      systemClock,
    );
    endsWith(() => connection.close());
    const { signal } = new AbortController();
    await connection.connect(signal);
    const call = { signal, id: 'a', notice: () => undefined };
    const kv = new Kv(connection, { kv: 'auto' }, systemClock);
    store(vault, { 'secret/a': { x: '1' }, 'kv1/a': { x: '1' } });
    store(vault, { 'secret/a': { x: '2' } });
    await kv.write('secret/a', undefined, { ifVersion: '2' }, call);
    expect(vault.asked.at(-1)).toBe('POST /v1/secret/delete/a');
    await kv.write('secret/a', undefined, {}, call);
    expect(vault.asked.at(-1)).toBe('DELETE /v1/secret/data/a');
    await kv.write('kv1/a', undefined, {}, call);
    expect(vault.asked.at(-1)).toBe('DELETE /v1/kv1/a');
    expect(await refusal(kv.write('kv1/a', { x: '1' }, { ifVersion: '1' }, call))).toMatchObject({
      code: 'invalid_option',
    });
    expect(await refusal(kv.write('nowhere/a', { x: '1' }, {}, call))).toMatchObject({
      code: 'invalid_option',
    });
  });
});

describe('writing', () => {
  it('set writes one field with check-and-set, and retries after a lost race', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { password: 'a', user: 'u' } });
    const provider = providerOf(vault);
    let raced = false;
    vault.fault = ({ method, url }) => {
      if (method === 'POST' && url.includes('/data/') && !raced) {
        raced = true;
        store(vault, { 'secret/app/db': { password: 'a', user: 'another writer' } });
      }
      return undefined;
    };
    await provider.set('db.password', 'b');
    expect(vault.engines.secrets.get('secret/app/db')?.versions.at(-1)?.data).toEqual({
      password: 'b',
      user: 'another writer',
    });
  });

  it('set rejects with conflict when ifVersion is outdated', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { password: 'a' } });
    const provider = providerOf(vault);
    expect((await provider.set('db.password', 'b', { ifVersion: '1' })).version).toBe('2');
    expect(await refusal(provider.set('db.password', 'c', { ifVersion: '1' }))).toMatchObject({
      code: 'conflict',
    });
    expect((await provider.get('db.password'))?.value).toBe('b');
    const old = providerOf(vault, { mount: 'kv1' });
    expect(await refusal(old.set('db.password', 'c', { ifVersion: '1' }))).toMatchObject({
      code: 'conflict',
    });
  });

  it.each([
    [429, 'unavailable'],
    [400, 'unavailable', 'check-and-set parameter required for this call'],
    [403, 'access_denied'],
  ])('set writes once when its metadata is refused with %s', async (status, code, error = 'refused') => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { password: 'a' } });
    const provider = providerOf(vault);
    vault.fault = ({ method, url }) =>
      method === 'POST' && url.includes('/metadata/') ? { status, body: { errors: [error] } } : undefined;
    expect(await refusal(provider.set('db.password', 'b', { metadata: { tags: ['eu'] } }))).toMatchObject({
      code,
      message: expect.stringContaining('secret/app/db is written, but its metadata is not'),
    });
    expect(vault.engines.secrets.get('secret/app/db')?.versions).toHaveLength(2);
    expect(vault.count('POST /v1/secret/data/')).toBe(1);
    expect((await provider.get('db.password'))?.value).toBe('b');
  });

  it('delete removes the last field of a mapped secret in both engine versions', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/acme/db': { password: 'a' }, 'kv1/acme/db': { password: 'a' } });
    const provider = providerOf(vault, {
      secrets: { 'all.two': 'secret/acme/db', 'all.one': 'kv1/acme/db' },
    });
    expect(await provider.delete('all.two.password')).toBe(true);
    expect(vault.engines.secrets.get('secret/acme/db')?.versions.at(-1)?.data).toEqual({});
    expect(await provider.delete('all.one.password')).toBe(true);
    expect(await provider.get('all.one.password')).toBeUndefined();
  });

  it('refuses to read or write a secret with a number that has lost digits', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/acme/db': { id: 12345678901234567000, password: 'fake' } });
    const provider = providerOf(vault, { secrets: { db: 'secret/acme/db' } });
    const error = await refusal(provider.get('db.id'));
    expect(error).toMatchObject({
      code: 'parse',
      message: expect.stringContaining('secret/acme/db has a number beyond 2^53'),
    });
    expect(error.message).not.toContain('12345');
    expect(await refusal(provider.set('db.password', 'fake-new'))).toMatchObject({ code: 'parse' });
    expect(vault.engines.secrets.get('secret/acme/db')?.versions).toHaveLength(1);
  });

  it('set refuses values that a secret cannot contain', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/acme/db': { password: 'a' } });
    const provider = providerOf(vault, { secrets: { all: 'secret/acme/db' } });
    expect(await refusal(provider.set('all', 'one value'))).toMatchObject({ code: 'invalid_key' });
    const whole = providerOf(vault, { secrets: { fresh: 'secret/acme/fresh' } });
    expect(await refusal(whole.set('fresh', 'one value'))).toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining('fields'),
    });
    expect(await refusal(whole.set('fresh.big', 2n ** 70n))).toMatchObject({
      code: 'validation',
      hint: expect.stringContaining('string'),
    });
    await whole.set('fresh.small', 7n);
    await whole.set('fresh.list', [1n, { a: null }]);
    expect(vault.engines.secrets.get('secret/acme/fresh')?.versions.at(-1)?.data).toEqual({
      small: 7,
      list: [1, { a: null }],
    });
  });

  it('names the missing policy line when a write is denied', async () => {
    const vault = await fakeVault();
    vault.policies.set('reader', { 'secret/data/app/*': ['read'] });
    const provider = providerOf(vault, { env: { VAULT_TOKEN: vault.issue(['default', 'reader']) } });
    expect(await refusal(provider.set('db.password', 'x'))).toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('path "secret/data/app/db" { capabilities = ["create", "update"] }'),
    });
  });
});

describe('the options', () => {
  it.each([
    [{}, /one of path, secrets, leases is required\. Set path to read a folder/],
    [{ path: 'a/', secrets: { x: 'secret/a#x' } }, /cannot be combined/],
    [{ secrets: { x: 'secret/a#x' }, mount: 'secret' }, /mount applies to path only/],
    [{ secrets: { x: 'nothing' } }, /^(?!.*nothing).*the key "x" has no mount.*full path/],
    [{ secrets: { x: 'secret/../sys#x' } }, /"\.\."/],
    [{ path: 'a/../b/' }, /"\.\."/],
    [{ path: 'a//b/' }, /segment ""/],
    [{ leases: { x: 7 } }, /leases/],
    [{ leases: { x: { method: 'GET' } } }, /leases/],
    [{ leases: { x: { path: 'database/creds/app', method: 'PUT' } } }, /method/],
    [{ leases: { x: { path: 'database/creds/app', data: 'x' } } }, /data/],
    [{ path: 'a/', kv: 3 }, /kv/],
    [{ path: 'a/', pathh: 'x' }, /Did you mean path/],
    [{ path: 'a/', tls: 'x' }, /tls/],
    [{ path: 'a/', tls: { minVersion: 'TLSv1' } }, /minVersion/],
    [{ path: 'a/', client: {} }, /node-vault client/],
    [
      { path: 'a/', auth: 'token' },
      /auth must be a function that logs in, made by token, tokenFile, appRole, kubernetes, jwt, cert/,
    ],
    [{ path: 'a/', token: 'fake-token' }, /unknown option "token"\. Set auth to .* token\('…'\)$/],
  ])('VaultProvider refuses the options %o', (options, message) => {
    expect(() => new VaultProvider(options as never)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringMatching(message) }),
    );
  });

  it('prints neither options nor values of a provider', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { password: 'fake-printed' } });
    const provider = providerOf(vault, {
      auth: () => Promise.resolve('root-token'),
      tls: { passphrase: 'fake-passphrase' },
    });
    await provider.get('db.password');
    const printed = `${inspect(provider, { depth: 20, showHidden: true })}${JSON.stringify(provider)}`;
    expect(printed).not.toMatch(/root-token|fake-printed|fake-passphrase/);
  });
});

describe('health', () => {
  it('health distinguishes a live server from one that is sealed, gone or not Vault', async () => {
    const vault = await fakeVault();
    const provider = providerOf(vault);
    expect(await provider.health()).toMatchObject({ status: 'ok' });
    vault.sealed = true;
    expect(await provider.health()).toMatchObject({
      status: 'down',
      reason: expect.stringContaining('sealed'),
    });
    vault.sealed = false;
    vault.fault = () => ({ status: 200, body: '<html>' });
    expect(await provider.health()).toMatchObject({ status: 'down' });
    await vault.close();
    expect(await provider.health()).toMatchObject({
      status: 'down',
      reason: expect.stringContaining('unavailable'),
    });
  });
});
