// `remembered`: what is answered while the store is down, what is not, and what the file holds.

import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../../src/chain/chain.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { intercepted } from '../../../src/decorators/intercepted.ts';
import { scoped } from '../../../src/decorators/scoped.ts';
import { fallback, optional } from '../../../src/decorators/tolerance.ts';
import { isUnreadable } from '../../../src/entry.ts';
import { type ConfigError, isConfigError } from '../../../src/errors.ts';
import { guarded, rules } from '../../../src/extensions/guard/index.ts';
import { remembered } from '../../../src/extensions/snapshot/index.ts';
import type { KeyWrapper } from '../../../src/key-wrapper.ts';
import { livingMetrics } from '../../../src/living.ts';
import { newId, thread } from '../../../src/operation.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';
import { sealedText } from '../../../src/sealed.ts';
import { sheltered } from '../../../src/shelter/index.ts';
import { FakeSource } from '../../support/fake-source.ts';
import { code, value } from '../../support/sheltering.ts';
import { Store, testKey, world } from './world.ts';

const minute = 60_000;
const values = { 'db.host': 'db.internal', 'db.password': 'fake-Zq83-not-real' };
const wanted = (...keys: string[]) => ({ wanted: { keys, prefixes: [] } });
const schema = z.object({ db: z.object({ host: z.string(), password: z.string() }) });
const defaults = new MemoryProvider({ db: { password: 'default-must-not-win' } }, { name: 'defaults' });

/** What a list answers: values, and `!code` for holes. */
const shown = async (listing: Promise<readonly unknown[]>) =>
  Object.fromEntries(
    ((await listing) as Awaited<ReturnType<Store['list']>>).map((item) => [
      item.key,
      isUnreadable(item) ? `!${item.error.code}` : item.value,
    ]),
  );

describe('which provider it takes', () => {
  const options = { keys: testKey, app: 'inference', file: '/nowhere/x' };
  const plain = new MemoryProvider(values);
  const policy = rules({ allow: [{ keys: ['**'] }] });

  it.each([
    ['a chain', new ProviderChain([plain]), 'new ProviderChain([remembered(a), b])'],
    ['optional', optional(plain), 'optional(remembered(p))'],
    ['fallback', fallback(plain, defaults), 'optional(remembered(p))'],
    ['optional inside', scoped(optional(plain), 'db'), 'optional(remembered(p))'],
    ['intercepted', intercepted(plain, (_, next) => next()), 'intercepted(remembered(p))'],
    ['guarded', guarded(plain, policy, { identify: () => undefined }), 'guarded(remembered(p))'],
    ['remembered', remembered(plain, options), 'remembered(p)'],
  ])('%s is refused, with the right order in the hint', (_, provider, hint) => {
    expect(() => remembered(provider, options)).toThrow(hint);
  });

  it('a cache refuses it, because its answers would look new', () => {
    const inner = remembered(new MemoryProvider(values), { ...options, app: 'b', file: '/nowhere/y' });
    expect(() => sheltered(inner)).toThrow('remembered(sheltered(p))');
  });

  it('refuses another provider of the same name in the same file', async () => {
    await using at = await world(values);
    at.start();
    expect(() => at.start({}, new Store(at.clock.now))).toThrow('different names');
    at.start({ app: 'other', file: at.at('other') }, new Store(at.clock.now));
  });
});

describe('the key', () => {
  const provider = new MemoryProvider(values);
  const wrapper: KeyWrapper = {
    algorithm: 'fake-kms',
    kid: 'k',
    wrap: async (key) => Buffer.from(key).toString('hex'),
    unwrap: async (text) => Buffer.from(text, 'hex'),
  };

  it('is required, and so is the app', () => {
    expect(() => remembered(provider, { app: 'a' } as never)).toThrow('the option keys is required');
    expect(() => remembered(provider, { keys: testKey } as never)).toThrow('the option app is required');
    expect(() => remembered(provider, { keys: testKey, app: '../x' })).toThrow('a name of letters');
  });

  it('must not come from the store that may be down', () => {
    expect(() => remembered(provider, { app: 'a', keys: { provider, key: 'x' } })).toThrow('may be down');
    const chain = new ProviderChain([scoped(provider, 'x'), new MemoryProvider({})]);
    expect(() => remembered(provider, { app: 'a', keys: { provider: chain, key: 'x' } })).toThrow(
      'may be down',
    );
    expect(() => remembered(provider, { app: 'a', keys: wrapper })).toThrow('allowRemoteKeys');
    const store = { name: 'store', get: async () => undefined, list: async () => [], needs: async () => [] };
    for (const remote of [store, new ProviderChain([store])])
      expect(() => remembered(provider, { app: 'a', keys: { provider: remote, key: 'x' } })).toThrow(
        'remote',
      );
    remembered(provider, {
      app: 'a',
      keys: { provider: new ProviderChain([new MemoryProvider({})]), key: 'x' },
    });
  });

  it('of a key service is accepted with allowRemoteKeys, and asked once', async () => {
    await using at = await world(values);
    let asked = 0;
    const wrap = (key: Uint8Array) => {
      asked++;
      return wrapper.wrap(key);
    };
    const counted = { ...wrapper, wrap };
    const remote = { keys: counted, allowRemoteKeys: true, everyMs: 0 };
    const first = at.start(remote);
    for (const key of ['db.host', 'db.password']) {
      await first.get(key);
      await first.save();
    }
    const second = await at.restart(first, remote);
    at.store.failure = 'unavailable';
    expect(await value(second.get('db.password'))).toBe(values['db.password']);
    expect(asked).toBe(1);
  });
});

describe('a start while the store is down', () => {
  it('loads the configuration with the values from before, and no default wins', async () => {
    await using at = await world(values);
    const chainOf = (first = at.start()) => new ProviderChain([first, defaults]);
    const before = at.start();
    await loadConfig(schema, chainOf(before));
    const after = await at.restart(before);
    at.store.failure = 'unavailable';
    const config = await loadConfig(schema, chainOf(after));
    expect(config.value.db.password).toBe(values['db.password']);
    const text = String(config.explain('db.password'));
    expect(text).toContain('vault secret/acme#db.password (snapshot)');
    expect(text).toMatch(/read \d+ s ago, stale/);
    expect(text).not.toContain(values['db.password']);
    await config.close();
  });

  it.each(['unavailable', 'timeout', 'throttled', 'circuit_open'] as const)(
    'answers at %s',
    async (failure) => {
      await using at = await world(values);
      const first = at.start();
      await first.get('db.host');
      await first.get('nothing');
      await first.getMany?.(['db.password']);
      const second = await at.restart(first);
      at.store.failure = failure;
      expect(await value(second.get('db/host'))).toBe('db.internal');
      expect(await second.get('nothing')).toBeUndefined();
      expect(await code(second.get('never.asked'))).toBe(failure);
      expect(at.ofType('stale')).toMatchObject([
        { key: 'db.host', outcome: failure },
        { key: 'nothing', outcome: failure },
      ]);
    },
  );

  it.each(['access_denied', 'unauthenticated', 'crypto', 'io', 'policy_violation'] as const)(
    'does not answer at %s',
    async (failure) => {
      await using at = await world(values);
      const first = at.start();
      await first.get('db.host');
      at.store.failure = failure;
      expect(await code(first.get('db.host'))).toBe(failure);
      expect(await code(first.list('', wanted('db.host')))).toBe(failure);
    },
  );

  it('a schema that gained a key fails and names only it; one that lost a key starts', async () => {
    await using at = await world(values);
    const first = at.start();
    await loadConfig(schema, new ProviderChain([first, defaults]));
    const second = await at.restart(first);
    at.store.failure = 'unavailable';
    const gained = schema.extend({ model: z.string().default('a default must not win') });
    const error = await loadConfig(gained, new ProviderChain([second, defaults])).catch((e: unknown) => e);
    expect(isConfigError(error) && error.problems?.map(({ kind, key }) => [kind, key])).toEqual([
      ['unreadable', 'model'],
    ]);
    const tolerant = loadConfig(gained, new ProviderChain([optional(second), defaults]));
    expect(await code(tolerant)).toBe('validation');
    const less = z.object({ db: z.object({ host: z.string() }) });
    const config = await loadConfig(less, new ProviderChain([second, defaults]));
    expect(config.value.db.host).toBe('db.internal');
    await config.close();
  });

  it('an open part is a hole, unless everything was listed', async () => {
    await using at = await world({ ...values, 'models.small': 'a', 'models.big': 'b' });
    const open = { wanted: { keys: ['db.host'], prefixes: ['models'] } };
    const first = at.start();
    await first.list('', open);
    at.store.failure = 'unavailable';
    expect(await shown(first.list('', open))).toEqual({ 'db.host': 'db.internal', models: '!unavailable' });
    expect(await code(first.list('', { wanted: { keys: ['db.host'], prefixes: [''] } }))).toBe('unavailable');
    at.store.failure = undefined;
    await first.list('models');
    at.store.failure = 'unavailable';
    expect(await shown(first.list('', open))).toEqual({
      'db.host': 'db.internal',
      'models.small': 'a',
      'models.big': 'b',
    });
    expect(await first.get('models.none')).toBeUndefined();
    expect(await code(first.get('models'))).toBe('unavailable');
  });

  it('a list without wanted is answered only below what was listed completely', async () => {
    await using at = await world(values);
    const first = at.start();
    await first.list('', wanted('db.host', 'db.password'));
    at.store.failure = 'unavailable';
    expect(await code(first.list())).toBe('unavailable');
    at.store.failure = undefined;
    at.store.refused.set('db.key', 'crypto');
    await first.list('db');
    at.store.failure = 'unavailable';
    expect(await code(first.list())).toBe('unavailable');
    expect(await shown(first.list('db'))).toEqual({ ...values, 'db.key': '!unavailable' });
    expect(await code(first.get('db.key'))).toBe('unavailable');
    expect(await code(first.get('db.key.inside'))).toBe('unavailable');
  });

  it('a list with a loose name says nothing about what it lacks', async () => {
    await using at = await world(values);
    const list = at.store.list.bind(at.store);
    at.store.list = async (...asked) =>
      (await list(...asked)).map((item) =>
        item.key === 'db.host' ? { ...item, loose: 'words' as const } : item,
      );
    const first = at.start();
    await first.list();
    at.store.failure = 'unavailable';
    expect(await code(first.get('db.other'))).toBe('unavailable');
    expect(await code(first.list())).toBe('unavailable');
    expect(await value(first.get('db.password'))).toBe(values['db.password']);
  });

  it('everything: absences are known without being asked', async () => {
    await using at = await world(values);
    const first = at.start({ everything: { everyMs: minute } });
    await first.get('db.host');
    await at.clock.advance(1);
    await expect.poll(() => first.stats().keys).toBe(2);
    at.store.values.set('late', 1);
    await at.clock.advance(minute);
    await expect.poll(() => first.stats().keys).toBe(3);
    const second = await at.restart(first);
    at.store.failure = 'unavailable';
    expect(await value(second.get('late'))).toBe(1);
    expect(await second.get('never.asked')).toBeUndefined();
  });
});

describe('reads that must see the store', () => {
  const because = (cause: 'reload' | 'poll' | 'change' | 'explain') => ({
    [thread]: { operation: newId(), cause },
  });

  it.each(['reload', 'poll', 'change'] as const)('%s is never answered', async (cause) => {
    await using at = await world(values);
    const first = at.start();
    await first.get('db.host');
    at.store.failure = 'unavailable';
    expect(await code(first.get('db.host', because(cause)))).toBe('unavailable');
    expect(await code(first.list('', { ...wanted('db.host'), ...because(cause) }))).toBe('unavailable');
    expect(await value(first.get('db.host', because('explain')))).toBe('db.internal');
  });

  it('renew is never answered, and what it reads is recorded', async () => {
    await using at = await world(values);
    const first = at.start();
    const renewing = at.start(
      { file: at.at('b') },
      Object.assign(new Store(at.clock.now, values), {
        renew(this: Store, key: string) {
          return this.get(key);
        },
      }),
    );
    expect((first as { renew?: unknown }).renew).toBeUndefined();
    await renewing.renew?.('db.host');
    expect(renewing.stats().keys).toBe(1);
  });

  it('getMany answers leaf by leaf', async () => {
    await using at = await world(values);
    const store = Object.assign(new Store(at.clock.now, values), {
      async getMany(this: Store, keys: readonly string[]) {
        const one = (key: string) => this.get(key).catch((error: ConfigError) => error);
        return new Map(await Promise.all(keys.map(async (key) => [key, await one(key)] as const)));
      },
    });
    const first = at.start({ file: at.at('b') }, store);
    await first.getMany?.(['db.host', 'nothing']);
    store.failure = 'timeout';
    const found = await first.getMany?.(['db.host', 'nothing', 'db.password']);
    expect([...(found ?? [])].map(([key, one]) => [key, isConfigError(one) ? one.code : one?.value])).toEqual(
      [
        ['db.host', 'db.internal'],
        ['nothing', undefined],
        ['db.password', 'timeout'],
      ],
    );
  });

  it('maxAgeMs is met, or the outage is thrown', async () => {
    await using at = await world(values);
    const first = at.start();
    await first.get('db.host');
    await at.clock.advance(minute);
    await first.get('db.password');
    await at.clock.advance(minute);
    at.store.failure = 'unavailable';
    const maxAgeMs = 90_000;
    expect(await code(first.get('db.host', { maxAgeMs }))).toBe('unavailable');
    expect(await value(first.get('db.password', { maxAgeMs }))).toBe(values['db.password']);
    expect(await shown(first.list('', { ...wanted('db.host', 'db.password'), maxAgeMs }))).toEqual({
      'db.host': '!unavailable',
      'db.password': values['db.password'],
    });
    at.store.failure = undefined;
    await first.get('db.password');
    at.store.failure = 'unavailable';
    expect(await code(first.get('db.password', { maxAgeMs: 0 }))).toBe('unavailable');
    expect(await value(first.get('db.password', { maxAgeMs: 1 }))).toBe(values['db.password']);
  });

  it('an older version and sealed text pass it by', async () => {
    await using at = await world(values);
    const first = at.start();
    await (first.get as Store['get'])('db.host', { version: '1' });
    await first.get('db.host', { [sealedText]: true });
    await first.list('', { [sealedText]: true });
    expect(first.stats().keys).toBe(0);
  });
});

describe('times', () => {
  it('each answer has its own time, and ends after maxStaleMs', async () => {
    await using at = await world(values);
    const first = at.start({ maxStaleMs: 10 * minute });
    await first.get('db.host');
    await first.get('absent');
    await at.clock.advance(6 * minute);
    await first.get('db.password');
    at.store.failure = 'unavailable';
    await at.clock.advance(4 * minute);
    expect(await value(first.get('db.host'))).toBe('db.internal');
    await at.clock.advance(1);
    expect(await code(first.get('db.host'))).toBe('unavailable');
    expect(await code(first.get('absent'))).toBe('unavailable');
    expect(await value(first.get('db.password'))).toBe(values['db.password']);
  });

  it("a cache's older answer renews nothing", async () => {
    await using at = await world(values);
    const first = at.start({ maxStaleMs: 10 * minute });
    at.store.readAt = at.clock.now();
    await at.clock.advance(6 * minute);
    await first.list('', wanted('db.host'));
    at.store.failure = 'unavailable';
    await at.clock.advance(5 * minute);
    expect(await code(first.get('db.host'))).toBe('unavailable');
  });

  it("a cache's older absence renews nothing", async () => {
    await using at = await world(values);
    const first = at.start(
      { maxStaleMs: 10 * minute },
      Object.assign(at.store, { status: () => ({ ageMs: 6 * minute }) }) as Store,
    );
    await first.get('absent');
    await at.clock.advance(5 * minute);
    at.store.failure = 'unavailable';
    expect(await code(first.get('absent'))).toBe('unavailable');
  });

  it('a value that has expired is never answered', async () => {
    await using at = await world(values);
    at.store.expiring.set('db.password', at.clock.now() + minute);
    const first = at.start();
    await first.list();
    at.store.failure = 'unavailable';
    expect(await value(first.get('db.password'))).toBe(values['db.password']);
    await at.clock.advance(minute);
    expect(await code(first.get('db.password'))).toBe('unavailable');
    expect((await shown(first.list()))['db.password']).toBe('!unavailable');
    const second = await at.restart(first);
    expect(await code(second.get('db.password'))).toBe('unavailable');
  });

  it('a clock that is put back extends nothing', async () => {
    await using at = await world(values);
    const first = at.start({ maxStaleMs: 10 * minute });
    await first.get('db.host');
    await first.save();
    await at.clock.advance(9 * minute);
    at.clock.move(-8 * minute);
    at.store.failure = 'unavailable';
    expect(await value(first.get('db.host'))).toBe('db.internal');
    await at.clock.advance(2 * minute);
    expect(await code(first.get('db.host'))).toBe('unavailable');
    await first.close();
    at.store.failure = undefined;
    const second = at.start({ maxStaleMs: 10 * minute, file: at.at('b') });
    await second.get('db.host');
    await second.close();
    at.clock.move(-3 * minute);
    at.store.failure = 'unavailable';
    const third = remembered(at.store, {
      keys: testKey,
      app: 'inference',
      file: at.at('b'),
      clock: { now: at.clock.now, after: at.clock.after },
    });
    third.on((event) => at.events.push(event));
    expect(await code(third.get('db.host'))).toBe('unavailable');
    expect(at.ofType('notice').map((event) => 'message' in event && event.message)).toEqual([
      expect.stringContaining('is from the future'),
    ]);
    await third.close();
  });

  it('an answer with an older version than before is a notice, also at a start', async () => {
    await using at = await world(values);
    at.store.versions_.set('db.host', '10');
    const first = at.start();
    await first.get('db.host');
    await at.clock.advance(1);
    const second = await at.restart(first);
    at.store.versions_.set('db.host', '9');
    await second.get('db.host');
    await second.save();
    expect(at.ofType('notice')).toMatchObject([
      { message: 'vault: "db.host" has an older version than before' },
    ]);
  });
});

describe('what is forgotten', () => {
  it.each(['access_denied', 'disabled'] as const)(
    '%s forgets the value, in all processes',
    async (refusal) => {
      await using at = await world(values);
      const first = at.start();
      await first.list();
      await first.save();
      const other = at.start();
      at.store.refused.set('db.password', refusal);
      await at.clock.advance(1);
      await other.get('db.password').catch(() => undefined);
      await other.save();
      at.store.failure = 'unavailable';
      for (const one of [first, other]) {
        expect(await code(one.get('db.password'))).toBe('unavailable');
        expect(await value(one.get('db.host'))).toBe('db.internal');
        expect((await shown(one.list()))['db.password']).toBe('!unavailable');
      }
      expect(at.ofType('vanished')).toEqual([]);
    },
  );

  it('a hole that is denied forgets what is below it', async () => {
    await using at = await world(values);
    const first = at.start();
    await first.list();
    at.store.values.clear();
    at.store.refused.set('db', 'access_denied');
    await at.clock.advance(1);
    await first.list();
    at.store.failure = 'unavailable';
    for (const key of ['db', 'db.host', 'db.other']) expect(await code(first.get(key))).toBe('unavailable');
  });

  it('a listing that is denied forgets its wanted keys', async () => {
    await using at = await world(values);
    const first = at.start();
    await first.list();
    await at.clock.advance(1);
    at.store.failure = 'access_denied';
    await first.list().catch(() => undefined);
    await first.list('', wanted('db.password')).catch(() => undefined);
    at.store.failure = 'unavailable';
    expect(await code(first.get('db.password'))).toBe('unavailable');
    expect(await value(first.get('db.host'))).toBe('db.internal');
    expect(await code(first.list())).toBe('unavailable');
  });

  it('an absence forgets the value; set and delete update it', async () => {
    await using at = await world(values);
    const first = at.start();
    await first.list('', wanted('db.host', 'db.password'));
    at.store.values.delete('db.host');
    await at.clock.advance(1);
    await first.list('', wanted('db.host', 'db.password'));
    await first.set('db.password', 'fake-new-not-real');
    await first.set('added', 1);
    await first.delete('added');
    at.store.failure = 'unavailable';
    expect(await first.get('db.host')).toBeUndefined();
    expect(await value(first.get('db.password'))).toBe('fake-new-not-real');
    expect(await first.get('added')).toBeUndefined();
  });

  it('a key of a section that is empty now is absent, and the section is not a value', async () => {
    await using at = await world({ db: { password: 'fake' } });
    const first = at.start();
    await first.list('', wanted('db.password'));
    at.store.values.set('db', {});
    await at.clock.advance(1);
    await first.list('', wanted('db.password'));
    at.store.failure = 'unavailable';
    expect(await first.get('db.password')).toBeUndefined();
    expect(await code(first.get('db'))).toBe('unavailable');
  });

  it('a lease is never stored', async () => {
    await using at = await world(values);
    at.store.leased.add('db.password');
    const first = at.start();
    await first.get('db.password');
    await first.list('', { ...wanted('db.host', 'db.password'), acquire: true });
    at.store.failure = 'unavailable';
    expect(await code(first.get('db.password'))).toBe('unavailable');
    expect(await shown(first.list('', wanted('db.host', 'db.password')))).toEqual({
      'db.host': 'db.internal',
      'db.password': '!unavailable',
    });
  });
});

describe('the file', () => {
  it('has mode 0600 in a folder of mode 0700, and nothing in clear', async () => {
    await using at = await world(values);
    const first = at.start();
    await first.list();
    await first.close();
    expect(statSync(at.file).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(at.file)).mode & 0o777).toBe(0o700);
    const bytes = readFileSync(at.file, 'latin1');
    const [head = ''] = bytes.split('.');
    for (const text of [bytes, Buffer.from(head, 'base64url').toString('latin1')])
      for (const secret of [values['db.password'], 'db.host', 'acme']) expect(text).not.toContain(secret);
  });

  it('is in $STATE_DIRECTORY, else in $XDG_STATE_HOME, by app and tenant', async () => {
    await using at = await world(values);
    const [state, xdg] = [at.at('systemd'), at.at('xdg')];
    for (const env of [{ STATE_DIRECTORY: `${state}:/other`, XDG_STATE_HOME: xdg }, { XDG_STATE_HOME: xdg }])
      for (const tenant of [undefined, 'acme']) {
        const one = remembered(at.store, {
          keys: testKey,
          app: 'a',
          env,
          clock: at.clock,
          ...(tenant && { tenant }),
        });
        await one.get('db.host');
        await one.close();
      }
    for (const one of [state, path.join(xdg, 'llm-config-manager')])
      expect(readdirSync(one).sort()).toEqual(['a.snapshot', 'a~acme.snapshot']);
  });

  it('is written at most once in everyMs, and at close', async () => {
    await using at = await world(values);
    const first = at.start({ everyMs: 5_000 });
    await first.get('db.host');
    await at.clock.advance(1);
    await expect.poll(() => first.stats().writes).toBe(1);
    for (let i = 0; i < 40; i++) {
      await at.clock.advance(100);
      at.store.values.set('db.host', i);
      await first.get('db.host');
    }
    expect(first.stats().writes).toBe(1);
    await at.clock.advance(1_000);
    await expect.poll(() => first.stats().writes).toBe(2);
    await first.get('db.password');
    await first.close();
    expect(first.stats()).toMatchObject({ writes: 3, failedWrites: 0, refused: 0 });
  });

  it('has what several processes and providers wrote', async () => {
    await using at = await world(values);
    const [first, second] = [at.start(), at.start()];
    const aws = at.start({}, new Store(at.clock.now, { 'db.host': 'other' }, 'aws'));
    await first.get('db.host');
    await second.get('db.password');
    await aws.get('db.host');
    await Promise.all([first.save(), second.save(), aws.save()]);
    at.store.failure = 'unavailable';
    expect(await value(first.get('db.password'))).toBe(values['db.password']);
    expect(await value(second.get('db.host'))).toBe('db.internal');
    expect(await value(aws.get('db.host'))).toBe('other');
  });

  it.each([
    ['another app', { app: 'other' }, 'belongs to another application'],
    ['another tenant', { tenant: 'evil' }, 'belongs to another tenant'],
    ['another key', { keys: () => new Uint8Array(32).fill(8) }, 'the available keys are'],
    ['an older file', { maxStaleMs: minute }, 's old'],
  ])('counts as none for %s, with a notice', async (_, more, message) => {
    await using at = await world(values);
    const first = at.start();
    await first.get('db.host');
    await first.close();
    await at.clock.advance(2 * minute);
    at.store.failure = 'unavailable';
    const second = at.start(more);
    for (let i = 0; i < 2; i++) expect(await code(second.get('db.host'))).toBe('unavailable');
    expect(at.ofType('notice')).toHaveLength(1);
    expect(JSON.stringify(at.events)).toContain(message);
    expect(second.stats().refused).toBe(1);
  });

  it('that was replaced by an older one is a notice, and newer answers are kept', async () => {
    await using at = await world(values);
    const first = at.start();
    await first.get('db.host');
    await first.save();
    const older = readFileSync(at.file);
    at.store.values.set('db.host', 'newer');
    await first.get('db.host');
    await first.save();
    writeFileSync(at.file, older);
    at.store.failure = 'unavailable';
    expect(await value(first.get('db.host'))).toBe('newer');
    expect(at.ofType('notice')).toMatchObject([
      { outcome: 'conflict', message: expect.stringContaining('was replaced by an older one') },
    ]);
  });

  it('counts as none when any byte was changed, or the date of an older one', async () => {
    await using at = await world(values);
    const first = at.start();
    await first.get('db.host');
    await first.close();
    at.store.failure = 'unavailable';
    const good = readFileSync(at.file, 'latin1');
    const [head = '', ...rest] = good.split('.');
    const dated = Buffer.from(head, 'base64url')
      .toString()
      .replace(/"savedAt":(\d)/, '"savedAt":9');
    const forged = [Buffer.from(dated).toString('base64url'), ...rest].join('.');
    const flipped = (at: number) =>
      `${good.slice(0, at)}${good[at] === 'A' ? 'B' : 'A'}${good.slice(at + 1)}`;
    const texts = [
      forged,
      '',
      'x',
      good.slice(0, -1),
      ...[0.1, 0.5, 0.7, 0.9].map((part) => flipped(Math.floor(part * good.length))),
    ];
    for (const text of texts) {
      writeFileSync(at.file, text);
      const one = at.start();
      expect(await code(one.get('db.host'))).toBe('unavailable');
      expect(one.stats().refused).toBe(1);
      await one.close();
    }
    writeFileSync(at.file, good);
    expect(await value(at.start().get('db.host'))).toBe('db.internal');
  });

  it('keeps every kind of value', async () => {
    const all = {
      big: 12345678901234567890n,
      nan: Number.NaN,
      zero: -0,
      list: [1, [null, 'x', 2n]],
      none: null,
      text: '',
    };
    await using at = await world({ ...all, tree: { a: 1, b: { c: [true] } } });
    const first = at.start();
    await first.list();
    const second = await at.restart(first);
    at.store.failure = 'unavailable';
    expect(await shown(second.list())).toEqual({ ...all, 'tree.a': 1, 'tree.b.c': [true] });
  });

  it('is opened with the old key and written with the new one during a rotation', async () => {
    await using at = await world(values);
    const [older, newer] = [8, 9].map((byte) => () => new Uint8Array(32).fill(byte));
    let last = at.start({ keys: [older] as never });
    await last.get('db.host');
    last = await at.restart(last, { keys: [newer, older] as never });
    await last.get('db.password');
    last = await at.restart(last, { keys: newer as never });
    at.store.failure = 'unavailable';
    expect(await value(last.get('db.host'))).toBe('db.internal');
    expect(last.stats().refused).toBe(0);
  });

  it('without a listener, a file that counts as none is a warning of the process', async () => {
    await using at = await world(values);
    await at.write({ 'state/app.snapshot': 'not a snapshot' });
    at.store.failure = 'unavailable';
    const one = remembered(at.store, { keys: testKey, app: 'inference', file: at.file, clock: at.clock });
    const warned = once(process, 'warning') as Promise<[Error & { readonly code: string }]>;
    expect(await code(one.get('db.host'))).toBe('unavailable');
    const [{ code: warning, message }] = await warned;
    expect([warning, message]).toEqual(['LLM_CONFIG_SNAPSHOT', expect.stringContaining('compact JWE')]);
    await one.close();
  });

  it('a failed write is an event, keeps the file, and is repeated', async () => {
    await using at = await world(values);
    let key: Uint8Array | undefined = testKey();
    const first = at.start({ keys: () => key });
    await first.get('db.host');
    await first.save();
    key = undefined;
    await first.get('db.password');
    expect(await code(first.save())).toBe('crypto');
    expect(first.stats()).toMatchObject({ writes: 1, failedWrites: 1 });
    key = testKey();
    await first.close();
    at.store.failure = 'unavailable';
    const second = at.start();
    expect(await value(second.get('db.host'))).toBe('db.internal');
    expect(await value(second.get('db.password'))).toBe(values['db.password']);
  });
});

describe('a wiped store', () => {
  it('is an event that names the keys, and the file from before stays', async () => {
    await using at = await world(values);
    const first = at.start();
    await first.list();
    await at.clock.advance(1);
    const second = await at.restart(first);
    at.store.values.clear();
    await second.list('', wanted('db.host', 'db.password'));
    await second.save();
    expect(at.ofType('vanished')).toMatchObject([{ keys: ['db.host', 'db.password'], all: true }]);
    const kept = readFileSync(`${at.file}.before`, 'latin1');
    for (let i = 0; i < 3; i++) {
      at.store.values.set('new', i);
      await at.clock.advance(1);
      await second.get('new');
      await second.save();
    }
    expect(readFileSync(`${at.file}.before`, 'latin1')).toBe(kept);
    expect(at.ofType('vanished')).toHaveLength(1);
  });

  it('is not what this process has deleted', async () => {
    await using at = await world({ only: 1 });
    const first = at.start();
    await first.get('only');
    await first.save();
    await first.delete('only');
    await first.close();
    expect(at.ofType('vanished')).toEqual([]);
    expect(existsSync(`${at.file}.before`)).toBe(true);
  });
});

describe('what is seen of it', () => {
  it('health is degraded while the snapshot can answer, and metrics say how old it is', async () => {
    await using at = await world(values);
    const first = at.start();
    await first.list();
    await first.save();
    await at.clock.advance(minute);
    at.store.failure = 'unavailable';
    expect(await first.health?.()).toMatchObject({
      status: 'degraded',
      reason: expect.stringContaining('60 s ago'),
    });
    await first.get('db.host');
    expect(first.status?.('db.host')).toEqual({ ageMs: minute, stale: true });
    expect(first.stats()).toMatchObject({ keys: 2, ageMs: minute, answers: 1 });
    expect(livingMetrics().snapshot?.vault).toMatchObject({ writes: expect.any(Number), ageMs: minute });
    at.store.failure = undefined;
    await first.get('db.host');
    expect(first.status?.('db.host')).toBeUndefined();
  });

  it('is back at the store at the next read', async () => {
    await using at = await world(values);
    const first = at.start();
    await first.get('db.host');
    at.store.failure = 'unavailable';
    await first.get('db.host');
    at.store.failure = undefined;
    at.store.values.set('db.host', 'new');
    const entry = await first.get('db.host');
    expect([entry?.value, String(entry?.origin)]).toEqual(['new', 'vault secret/acme#db.host']);
  });

  it('around a shelter: what it has in memory is recorded', async () => {
    await using at = await world();
    const store = sheltered(new FakeSource({ a: 'one' }));
    const one = at.start({ file: at.at('b') }, store as unknown as Store);
    await store.get('a');
    await new ProviderChain([one]).value('a');
    expect(one.stats().keys).toBe(1);
  });
});
