// `guarded`: what a refused caller gets from each ability of a provider, in each of the three modes.

import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../../src/chain/chain.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { mounted, scoped } from '../../../src/decorators/scoped.ts';
import { optional } from '../../../src/decorators/tolerance.ts';
import { secret, type Unreadable } from '../../../src/entry.ts';
import { ConfigError } from '../../../src/errors.ts';
import type { ConfigEvent } from '../../../src/events.ts';
import { type Denied, guarded, type Policy, rules } from '../../../src/extensions/guard/index.ts';
import { livingMetrics } from '../../../src/living.ts';
import { thread } from '../../../src/operation.ts';
import { makeOrigin, placeIn } from '../../../src/origin.ts';
import type { Change, ConfigProvider } from '../../../src/provider.ts';
import { EnvProvider } from '../../../src/providers/env.ts';
import { MemoryProvider, type MemoryValues } from '../../../src/providers/memory.ts';
import { sheltered } from '../../../src/shelter/index.ts';
import type { Key } from '../../../src/value.ts';
import { down, FakeSource } from '../../support/fake-source.ts';
import { entry } from '../../support/layers.ts';
import { fullPort } from '../../support/port.ts';
import { code, value } from '../../support/sheltering.ts';

const ann = { context: { caller: { id: 'ann' } } };
const ops = { context: { caller: { id: 'ops' } } };
const modes: readonly Denied[] = ['hole', 'refuse', 'omit'];
const values: MemoryValues = { dev: { model: 'small', list: ['a'] }, prod: { model: 'big' } };
const roles = { developer: ['ann'], operator: ['ops'] };
const identify = ({ caller }: { readonly caller: { readonly id: string } }) => caller;

const developerIn = (...keys: string[]) =>
  rules({
    roles,
    allow: [
      { keys, roles: ['developer'] },
      { keys: ['**'], roles: ['operator'] },
    ],
  });
const guard = (denied: Denied = 'hole', policy: Policy = developerIn('dev.**'), given = values) =>
  guarded(new MemoryProvider(given), policy, { identify, denied });

describe('one key', () => {
  it.each(modes)('%s: what is allowed is read, with its origin', async (denied) => {
    const entry = await guard(denied).get('dev.model', ann);
    expect([entry?.value, String(entry?.origin)]).toEqual(['small', 'memory dev.model']);
  });

  it('hole: what exists is refused, and what is absent stays absent', async () => {
    expect(await code(guard().get('prod.model', ann))).toBe('policy_violation');
    expect(await guard().get('prod.nothing', ann)).toBeUndefined();
  });

  it('refuse: a denied key is refused whether or not it exists', async () => {
    expect(await code(guard('refuse').get('prod.model', ann))).toBe('policy_violation');
    expect(await code(guard('refuse').get('prod.nothing', ann))).toBe('policy_violation');
  });

  it('omit: a denied key is absent', async () => {
    expect(await guard('omit').get('prod.model', ann)).toBeUndefined();
    expect(await guard('omit').get('prod.nothing', ann)).toBeUndefined();
  });

  it('the error names the key and the rule, is not transient and has no value', async () => {
    const error = (await guard()
      .get('prod.model', ann)
      .catch((thrown: unknown) => thrown)) as ConfigError;
    expect(error).toMatchObject({
      code: 'policy_violation',
      key: 'prod.model',
      transient: false,
      status: 403,
    });
    expect(error.message).toBe(
      'memory: the policy does not allow to read "prod.model" (no rule allows it). ' +
        'Run `llm-config may` to see why',
    );
  });

  it('a failure of the store that is not an outage shows nothing of it to a refused caller', async () => {
    const broken: ConfigProvider = {
      name: 'broken',
      get: async () => {
        throw new ConfigError('parse', 'broken: /etc/hidden/prod.yaml:3:4 is not YAML');
      },
      list: async () => [],
    };
    const store = guarded(broken, developerIn('dev.**'), { identify });
    expect(await code(store.get('dev.model', ann))).toBe('parse');
    const error = (await store.get('prod.model', ann).catch((thrown: unknown) => thrown)) as ConfigError;
    expect(error.code).toBe('policy_violation');
    expect(JSON.stringify(error)).not.toContain('hidden');
  });

  it.each(['unavailable', 'parse'] as const)(
    '%s: shows its message to those alone that may read',
    async (failure) => {
      const broken = async (): Promise<never> => {
        throw new ConfigError(failure, `full: /etc/hidden/prod.yaml: ${failure}`, { retryAfterMs: 7 });
      };
      const failing = { get: broken, list: broken, layers: broken, getMany: broken, versions: broken };
      const provider = { ...fullPort(values).provider, ...failing };
      const guard = guarded(provider, developerIn('dev.**'), { identify });
      const store = guard as Required<typeof guard>;
      const wanted = { keys: ['prod.model', 'dev.model'], prefixes: [] };
      const one = failure === 'parse' ? 'policy_violation' : failure;
      const calls = [
        [one, (at: string, who: object) => store.get(`${at}.model`, who)],
        [failure, (at: string, who: object) => store.getMany([`${at}.model`, 'dev.x'], who)],
        [failure, (at: string, who: object) => store.versions(`${at}.model`, who)],
        [failure, (at: string, who: object) => store.list(at, who)],
        [failure, (at: string, who: object) => store.list('dev', at === 'dev' ? who : { ...who, wanted })],
      ] as const;
      for (const [expected, call] of calls) {
        const error = (at: string) => call(at, ann).catch((thrown: unknown) => thrown as ConfigError);
        expect(String(await error('dev'))).toContain('/etc/hidden/prod.yaml');
        expect(await error('prod')).toMatchObject({ code: expected });
        expect(inspect(await error('prod'), { showHidden: true })).not.toContain('hidden/prod');
      }
      const [layer] = await store.layers('prod', ann);
      expect(layer?.error).toMatchObject({ code: failure, retryAfterMs: 7 });
      expect(inspect(layer, { showHidden: true })).not.toContain('hidden/prod');
    },
  );

  it('an outage that is tolerated shows its message to those alone that may read', async () => {
    const failing = async (): Promise<never> => {
      throw new ConfigError('unavailable', 'full: /etc/hidden/prod.yaml');
    };
    const provider = optional({ ...fullPort(values).provider, list: failing, layers: undefined } as never);
    const store = guarded(provider as ConfigProvider, developerIn('dev.**'), { identify });
    const shown = async (at: string) =>
      inspect(await store.layers?.(at, ann), { depth: 5, showHidden: true });
    expect(await shown('dev')).toContain('/etc/hidden/prod.yaml');
    expect(await shown('prod')).not.toContain('hidden');
    expect(await shown('prod')).toContain('tolerated');
  });

  it('an outage is one for every caller', async () => {
    const source = new FakeSource({ 'dev/model': 'small' }, { befall: down });
    const store = guarded(sheltered(source), developerIn('dev.**'), { identify });
    expect(await code(store.get('prod.model', ann))).toBe('unavailable');
  });

  it.each(['refuse', 'omit'] as const)('%s: what is not read yet counts as a secret', async (denied) => {
    const open = rules({ allow: [{ keys: ['**'], secret: false }] });
    const store = guarded(new MemoryProvider(values), open, { identify: () => undefined, denied });
    expect(await value(store.get('dev.model')).catch((error: ConfigError) => error.code)).not.toBe('small');
    expect(store.known?.('dev.model')).toBeUndefined();
    expect((await store.list()).every((item) => 'error' in item)).toBe(true);
  });

  it('a section that a foreign provider returns for one key is refused', async () => {
    const foreign = {
      ...new MemoryProvider(),
      name: 'foreign',
      get: async (key: Key) => entry('foreign', key, { open: 1, password: 'x' }),
      getMany: async (keys: readonly Key[]) =>
        new Map(keys.map((key) => [key, entry('foreign', key, { password: 'x' })])),
      list: async () => [],
      known: (key: Key) => ({ entry: entry('foreign', key, { password: 'x' }) }),
    };
    const policy = rules({ allow: [{ keys: ['**'] }], deny: [{ keys: ['db.password'] }] });
    const store = guarded(foreign, policy, { identify });
    expect(await code(store.get('db', ann))).toBe('policy_violation');
    expect((await store.getMany?.(['db'], ann))?.get('db')).toMatchObject({ code: 'policy_violation' });
    const { known } = guarded(foreign, policy, { identify: () => undefined });
    expect(known?.('db')).toBeUndefined();
  });

  it('a section is not a value, and a refused caller learns no more', async () => {
    expect(await code(guard().get('dev', ann))).toBe('invalid_key');
    expect(await code(guard().get('prod', ann))).toBe('policy_violation');
  });

  it('keys are decided in their canonical form', async () => {
    expect(await code(guard().get('prod/model', ann))).toBe('policy_violation');
    expect(await value(guard().get('dev/model', ann))).toBe('small');
    expect(await code(guard().get('dev/../prod/model', ann))).toBe('invalid_key');
  });
});

describe('callers', () => {
  it('an identity that is missing, wrong or throws is a denial', async () => {
    const identities: unknown[] = [
      undefined,
      null,
      {},
      { caller: {} },
      { caller: { id: '' } },
      { caller: 'ops' },
    ];
    for (const context of identities)
      expect(await code(guard().get('prod.model', { context }))).toBe('policy_violation');
    expect(await code(guard().get('prod.model'))).toBe('policy_violation');
    // also where everything is allowed
    const open = guard('hole', rules({ allow: [{ keys: ['**'] }] }));
    for (const context of [undefined, { caller: null }, { caller: { id: '' } }, { caller: 'ops' }])
      expect(await code(open.get('prod.model', { context }))).toBe('policy_violation');
  });

  it('has the getters of its class', async () => {
    class Person {
      [attribute: string]: unknown;
      id = 'bob';
      get groups() {
        return ['contractor'];
      }
    }
    const policy = rules({
      rolesIn: 'groups',
      allow: [{ keys: ['**'] }],
      deny: [{ keys: ['prod.**'], roles: ['contractor'] }],
    });
    const store = guarded(new MemoryProvider(values), policy, { identify: () => new Person() });
    expect(await code(store.get('prod.model'))).toBe('policy_violation');
    expect(await value(store.get('dev.model'))).toBe('small');
  });

  it('an anonymous caller has what rules without roles allow', async () => {
    const policy = rules({ allow: [{ keys: ['dev.**'] }] });
    const store = guarded(new MemoryProvider(values), policy, { identify: () => undefined });
    expect(await value(store.get('dev.model'))).toBe('small');
    expect(await code(store.get('prod.model'))).toBe('policy_violation');
  });

  it('a caller that changes after it was identified changes nothing', async () => {
    const caller = { id: 'ann' };
    let asked: unknown;
    const policy: Policy = {
      decide: ({ context }) => {
        asked = context;
        return { allow: true, rule: 'all' };
      },
    };
    await guard('hole', policy).get('dev.model', { context: { caller } });
    caller.id = 'ops';
    expect(asked).toEqual({ id: 'ann' });
    expect(Object.isFrozen(asked)).toBe(true);
  });
});

describe('a policy', () => {
  it('knows which load asks, and takes a check for the first one', async () => {
    const loads: unknown[] = [];
    const store = guard('hole', { decide: ({ load }) => ({ allow: loads.push(load) > 0, rule: 'all' }) });
    for (const cause of ['call', 'load', 'check', 'reload', 'poll', 'change', 'explain'] as const)
      await store.get('dev.model', { ...ann, [thread]: { operation: 'x', cause } });
    expect(loads).toEqual([undefined, 'start', 'start', 'reload', 'reload', 'reload', undefined]);
  });

  it('is asked about every value, and sees none', async () => {
    const asked: unknown[] = [];
    const policy: Policy = {
      decide: (ask) => {
        asked.push(ask.entry, inspect(ask, { depth: 9, showHidden: true }), JSON.stringify(ask));
        return { allow: true, rule: 'all' };
      },
    };
    const hidden = { db: { password: 'fake-Zq83-not-real', user: 'fake-Zq83-user' } };
    const tree: ConfigProvider = {
      name: 'tree',
      get: async () => undefined,
      list: async () => [entry('tree', 'app', hidden)],
    };
    const store = guarded(new MemoryProvider(hidden), policy, { identify: () => undefined });
    expect(store.known?.('db.user')?.entry?.value).toBe('fake-Zq83-user');
    await store.get('db.password');
    await store.getMany?.(['db.user']);
    await store.list();
    store.where?.('db.user');
    await guarded(tree, policy, { identify: () => undefined }).list();
    const facts = asked.filter((one) => typeof one === 'object');
    expect(facts.length).toBeGreaterThan(6);
    for (const one of facts) expect(one).not.toHaveProperty('value');
    expect(String(asked)).toContain('"secret":true,"origin":"memory db.password"');
    expect(String(asked)).not.toContain('Zq83');
  });
});

describe('a policy that fails', () => {
  const failing: readonly (readonly [string, Policy['decide']])[] = [
    [
      'throws',
      () => {
        throw new ConfigError('unavailable', 'the engine is down');
      },
    ],
    ['rejects', () => Promise.reject(new Error('down'))],
    ['answers nothing', () => undefined as never],
    ['answers something else', () => ({ allow: 'yes' }) as never],
    ['answers null later', async () => null as never],
  ];
  it.each(failing)('%s: a denial, never an outage', async (_, decide) => {
    const store = guard('hole', { decide });
    expect(await code(store.get('dev.model', ann))).toBe('policy_violation');
    expect(await code(optional(store).get('dev.model', ann))).toBe('policy_violation');
    const items = await store.list('', ann);
    expect(items.map((item) => 'error' in item && (item as Unreadable).error.code)).toEqual(
      Array(3).fill('policy_violation'),
    );
    expect(await code(store.set('dev.model', 'x', ann))).toBe('policy_violation');
    expect(store.stats().failed).toBeGreaterThan(2);
  });

  it('decisions may wait', async () => {
    const inner = developerIn('dev.**');
    const store = guard('hole', { decide: async (ask) => inner.decide(ask) });
    expect(await value(store.get('dev.model', ann))).toBe('small');
    expect(await code(store.get('prod.model', ann))).toBe('policy_violation');
    const items = await store.list('', ann);
    expect(items.map((item) => [item.key, 'error' in item])).toEqual([
      ['dev.model', false],
      ['dev.list', false],
      ['prod.model', true],
    ]);
    // the first denial of several actions counts
    const reader: Policy = { decide: async ({ action }) => ({ allow: action === 'read', rule: 'reader' }) };
    const listed = await guard('hole', reader).list('', ann);
    expect(listed.every((item) => 'error' in item)).toBe(true);
  });
});

describe('many keys', () => {
  it.each(modes)('%s: getMany agrees with get', async (denied) => {
    const store = guarded(fullPort(values).provider, developerIn('dev.**'), { identify, denied });
    const keys = ['dev.model', 'dev.nothing', 'prod.model', 'prod.nothing'];
    const many = (await store.getMany?.(keys, ann)) as ReadonlyMap<string, unknown>;
    for (const key of keys) {
      const one = await store.get(key, ann).catch((error: unknown) => error as ConfigError);
      const result = many.get(key);
      expect([key, (result as ConfigError)?.code, (result as { value?: unknown })?.value]).toEqual([
        key,
        (one as ConfigError)?.code,
        (one as { value?: unknown })?.value,
      ]);
    }
  });
});

describe('lists', () => {
  const shown = async (denied: Denied, prefix = '', wanted?: { keys: string[]; prefixes: string[] }) => {
    const items = await guard(denied).list(prefix, { ...ann, ...(wanted && { wanted }) });
    return items.map((item) => ('error' in item ? `${item.key}: ${item.error.code}` : item.key));
  };

  it('hole: what is denied is in its place', async () => {
    expect(await shown('hole')).toEqual(['dev.model', 'dev.list', 'prod.model: policy_violation']);
  });

  it('a hole keeps its place, and nothing of the text there', async () => {
    const place = { line: 3, column: 5, quoted: { text: 'hidden', values: () => [] } };
    const origin = makeOrigin({ provider: 'file', source: 'app.yaml', position: () => place });
    const provider = { name: 'file', get: async () => undefined, list: async () => items };
    const leaf = () => ({ origin, secret: false });
    const at = { origin } as object;
    const items = [entry('file', 'prod.a', 1, at), entry('file', 'prod.b', { c: 1 }, { ...at, leaf })];
    const holes = (await guarded(provider, developerIn('dev.**'), { identify }).list(
      '',
      ann,
    )) as Unreadable[];
    expect(holes.map(({ key, origin }) => [key, String(origin), placeIn(origin)])).toEqual([
      ['prod.a', 'app.yaml:3:5', { line: 3, column: 5 }],
      ['prod.b.c', 'app.yaml:3:5', { line: 3, column: 5 }],
    ]);
  });

  it('omit: what is denied is left out', async () => {
    expect(await shown('omit')).toEqual(['dev.model', 'dev.list']);
    expect(await shown('omit', 'prod')).toEqual([]);
  });

  it('refuse: names no key that was not asked for, and lets nothing weaker show through', async () => {
    expect(await shown('refuse')).toEqual(['dev.model', 'dev.list', ': policy_violation']);
    expect(await shown('refuse', 'dev')).toEqual(['dev.model', 'dev.list']);
    expect(await shown('refuse', 'prod')).toEqual(['prod: policy_violation']);
  });

  it('refuse: each wanted key that is denied is a hole, whether or not it exists', async () => {
    const wanted = { keys: ['dev.model', 'prod.model', 'prod.nothing'], prefixes: [] };
    expect(await shown('refuse', '', wanted)).toEqual([
      'dev.model',
      'dev.list',
      'prod.model: policy_violation',
      'prod.nothing: policy_violation',
    ]);
  });

  it('a listing needs list and read, a look-up read alone', async () => {
    const readOnly = rules({ allow: [{ keys: ['**'], actions: ['read'] }] });
    const listOnly = rules({ allow: [{ keys: ['**'], actions: ['list'] }] });
    expect(await value(guard('hole', readOnly).get('dev.model', ann))).toBe('small');
    expect((await guard('omit', readOnly).list('', ann)).length).toBe(0);
    expect((await guard('omit', listOnly).list('', ann)).length).toBe(0);
    expect(await code(guard('hole', listOnly).get('dev.model', ann))).toBe('policy_violation');
  });

  it('one listing with denials is one event', async () => {
    const store = guard();
    const events: ConfigEvent[] = [];
    using _ = store.on((event) => events.push(event), ops);
    await store.list('', ann);
    expect(events).toMatchObject([{ type: 'policy_violated', outcome: 'policy_violation', key: '' }]);
    expect(store.stats()).toMatchObject({ denied: 1, failed: 0 });
  });
});

describe('secrets', () => {
  const policy = rules({
    roles,
    allow: [{ keys: ['**'] }],
    deny: [{ keys: ['**'], secret: true, unless: ['operator'] }],
  });
  const given = { db: { user: 'app', password: 'fake-Zq83-not-real', pin: secret('fake-Pq11-not-real') } };

  it('are decided by what was read, leaf by leaf', async () => {
    const store = guard('hole', policy, given);
    expect(await value(store.get('db.user', ann))).toBe('app');
    expect(await code(store.get('db.password', ann))).toBe('policy_violation');
    expect(await code(store.get('db.pin', ann))).toBe('policy_violation');
    expect(await value(store.get('db.pin', ops))).toBe('fake-Pq11-not-real');
  });

  it('a write is decided without a look at what is there', async () => {
    const store = guard('hole', policy, given);
    expect(await code(store.set('db.user', 'x', ann))).toBe('policy_violation');
    expect((await store.set('db.user', 'x', ops)).value).toBe('x');
  });
});

describe('writes', () => {
  it('are decided before the store is asked', async () => {
    const { provider, given } = fullPort(values);
    const store = guarded(provider, developerIn('dev.**'), { identify });
    expect(await code(store.set('prod.model', 'x', ann))).toBe('policy_violation');
    expect(await code(store.delete('prod.model', ann))).toBe('policy_violation');
    expect(await code((store as Required<typeof store>).refresh('prod', ann))).toBe('policy_violation');
    expect(given).toEqual([]);
    expect((await store.set('dev.model', 'x', ann)).value).toBe('x');
    expect(await store.delete('dev.model', ann)).toBe(true);
    await store.refresh?.('dev', ann);
    expect(given.map(([method]) => method)).toEqual(['set', 'delete', 'refresh']);
  });

  it.each(modes)('%s: a refused write always throws', async (denied) => {
    expect(await code(guard(denied).set('prod.model', 'x', ann))).toBe('policy_violation');
    expect(await code(guard(denied).delete('prod.model', ann))).toBe('policy_violation');
  });

  it('write what was passed, also if the caller changes it meanwhile', async () => {
    const memory = new MemoryProvider();
    const inner = developerIn('**');
    const slow = guarded(memory, { decide: async (ask) => inner.decide(ask) }, { identify });
    const list = ['a'];
    const writing = slow.set('dev.list', list, ann);
    list.push('b');
    await writing;
    expect(await value(memory.get('dev.list'))).toEqual(['a']);
  });

  it('keep the mark of a secret', async () => {
    const memory = new MemoryProvider();
    const store = guarded(memory, developerIn('**'), { identify });
    await store.set('dev.x', secret('fake-Zq83-not-real') as never, ann);
    expect((await memory.get('dev.x'))?.secret).toBe(true);
  });
});

describe('versions and renewals', () => {
  it('versions are those of a key that may be read', async () => {
    const port = (denied: Denied) =>
      guarded(fullPort(values).provider, developerIn('dev.**'), { identify, denied });
    for (const denied of modes) expect(await port(denied).versions('dev.model', ann)).toHaveLength(2);
    expect(await code(port('hole').versions('prod.model', ann))).toBe('policy_violation');
    expect(await code(port('refuse').versions('prod.model', ann))).toBe('policy_violation');
    expect(await port('omit').versions('prod.model', ann)).toEqual([]);
    const open = rules({ allow: [{ keys: ['**'], secret: false }] });
    const store = guarded(fullPort(values).provider, open, { identify });
    expect(await store.versions('prod.model', ann)).toHaveLength(2);
  });

  it('a renewal is decided before the store is asked', async () => {
    const source = new FakeSource({ 'dev/model': 'small', 'prod/model': 'big' });
    const store = guarded(sheltered(source), developerIn('dev.**'), { identify });
    expect(await code((store as Required<typeof store>).renew('prod.model', ann))).toBe('policy_violation');
    expect(source.asked).toEqual([]);
    expect(await value((store as Required<typeof store>).renew('dev.model', ann))).toBe('small');
  });
});

describe('leases', () => {
  const leased = () => {
    const source = new FakeSource({ creds: '{"user":"u1","password":"fake-Zq83-not-real"}', open: 'x' });
    source.places = [
      { key: 'creds', document: 'creds', field: '', leased: true },
      { key: 'open', document: 'open', field: '' },
    ];
    return { source, provider: sheltered(source) };
  };

  it('get is decided before the store creates a lease', async () => {
    const { source, provider } = leased();
    const store = guarded(provider, developerIn('open'), { identify });
    expect(await code(store.get('creds.user', ann))).toBe('policy_violation');
    expect((await store.getMany?.(['creds.user', 'open'], ann))?.get('creds.user')).toMatchObject({
      code: 'policy_violation',
    });
    expect(source.asked.flatMap(({ documents }) => documents)).toEqual(['open']);
  });

  it('a load creates only the leases that it may read', async () => {
    const refused = leased();
    const acquire = { ...ann, acquire: true };
    const items = await guarded(refused.provider, developerIn('open'), { identify }).list('', acquire);
    expect(items.map((item) => [item.key, 'error' in item && (item as Unreadable).error.code])).toEqual([
      ['open', false],
      ['creds', 'policy_violation'],
    ]);
    expect(refused.source.asked.flatMap(({ documents }) => documents)).toEqual(['open']);
    const allowed = leased();
    const policy = rules({ allow: [{ keys: ['open', 'creds', 'creds.user'] }] });
    const found = await guarded(allowed.provider, policy, { identify }).list('', acquire);
    expect(found.map(({ key }) => key)).toEqual(['open', 'creds', 'creds.password']);
    expect(found[1]).toMatchObject({ value: { user: 'u1' } });
    expect(found[2]).toMatchObject({ error: { code: 'policy_violation' } });
  });

  it('are found through decorators and chains, so that get is decided before', async () => {
    const { source, provider } = leased();
    expect([provider.leasedAt?.('creds.user'), provider.leasedAt?.('open')]).toEqual(['creds', undefined]);
    const shown: readonly (readonly [ConfigProvider, Key, Key])[] = [
      [optional(provider), 'creds.user', 'creds'],
      [mounted(provider, 'outer'), 'outer.creds.user', 'outer.creds'],
      [scoped(provider, 'creds'), 'user', ''],
      [new ProviderChain([new MemoryProvider({}), provider]), 'creds.user', 'creds'],
    ];
    for (const [outer, key, place] of shown) {
      expect(outer.leasedAt?.(key)).toBe(place);
      const store = guarded(outer, rules({}), { identify });
      expect(await code(store.get(key, ann))).toBe('policy_violation');
    }
    expect(mounted(provider, 'outer').leasedAt?.('other.creds')).toBeUndefined();
    expect(source.asked).toEqual([]);
  });

  it('a place is leased for one of its keys that is wanted', async () => {
    const { provider } = leased();
    const policy = rules({ allow: [{ keys: ['creds.user'] }] });
    const wanted = { keys: ['creds.user'], prefixes: [] };
    const found = await guarded(provider, policy, { identify }).list('', { ...ann, acquire: true, wanted });
    expect(found[0]).toMatchObject({ key: 'creds', value: { user: 'u1' } });
  });
});

describe('names', () => {
  const policy = rules({
    roles,
    allow: [
      { keys: ['dev.**'], roles: ['developer'] },
      { keys: ['**'], roles: ['operator'] },
    ],
  });

  it('where names places only to those that may know the key', () => {
    const store = guard('hole', policy);
    expect(store.where?.('dev.model', ann)).toBe('memory dev.model');
    expect(store.where?.('prod.model', ann)).toBe('memory');
    expect(store.where?.('prod.model', ops)).toBe('memory prod.model');
    expect(store.where?.('dev.model')).toBe('memory');
  });

  it('require names neither places nor similar keys that the caller may not know', async () => {
    const chain = new ProviderChain([
      guard('hole', policy, { prod: { modelName: 'x' }, dev: { modelName: 'y' } }),
    ]);
    const message = async (key: string, who: object): Promise<string> =>
      chain.require(key, who).then(String, (error: Error) => error.message);
    expect(await message('prod.modelNam', ann)).not.toMatch(/modelName\b|memory prod/);
    expect(await message('prod.modelNam', ops)).toContain('Did you mean prod.modelName?');
    expect(await message('dev.modelNam', ann)).toContain('Did you mean dev.modelName?');
  });

  it('watch names no key that the listener may not know, and still reports the change', async () => {
    const memory = new MemoryProvider(values);
    const store = guarded(memory, policy, { identify });
    const changes: Change[] = [];
    using _ = store.watch?.((change) => changes.push(change), ann) as Disposable;
    await memory.set('dev.model', '1');
    await memory.set('prod.model', '2');
    expect(changes).toMatchObject([{ keys: ['dev.model'] }, { provider: 'memory' }]);
    expect(changes[1]).not.toHaveProperty('keys');
  });

  it('events name no key that the listener may not know, and no text that may', async () => {
    const listeners = new Set<(event: ConfigEvent) => void>();
    const inner: ConfigProvider = {
      ...fullPort(values).provider,
      on: (listener) => {
        listeners.add(listener);
        return { [Symbol.dispose]: () => void listeners.delete(listener) };
      },
    };
    const store = guarded(inner, policy, { identify });
    const seen: ConfigEvent[] = [];
    using _ = store.on((event) => seen.push(event), ann);
    const head = { id: '1', time: 0, provider: 'full', layer: 'provider', outcome: 'ok' } as const;
    const emitted: ConfigEvent[] = [
      { ...head, type: 'read', key: 'dev.model' },
      { ...head, type: 'read', key: 'prod.model' },
      { ...head, type: 'changed', keys: ['dev.model', 'prod.model'] },
      { ...head, type: 'notice', message: 'prod.model is old' },
      { ...head, type: 'tolerated' },
      { ...head, type: 'health_changed', status: 'down', previous: 'ok', reason: 'prod.model fails' },
      { ...head, type: 'refresh_failed', message: 'prod.model', problems: [{ key: 'prod.model' } as never] },
    ];
    for (const event of emitted) for (const listener of listeners) listener(event);
    expect(seen).toEqual([
      emitted[0],
      { ...head, type: 'read' },
      { ...head, type: 'changed', keys: ['dev.model'] },
      { ...head, type: 'notice', message: 'full: a message that this listener may not read' },
      emitted[4],
      { ...head, type: 'health_changed', status: 'down', previous: 'ok' },
      { ...head, type: 'refresh_failed', message: 'full: a message that this listener may not read' },
    ]);
  });

  it('events and changes keep their order while decisions wait', async () => {
    const memory = new MemoryProvider(values);
    const inner = rules({ allow: [{ keys: ['**'] }] });
    let calls = 0;
    const slowFirst: Policy = {
      decide: (ask) => (calls++ === 0 ? Promise.resolve(inner.decide(ask)) : inner.decide(ask)),
    };
    const store = guarded(memory, slowFirst, { identify });
    const keys: (readonly string[] | undefined)[] = [];
    using _ = store.watch?.((change) => keys.push(change.keys), ann) as Disposable;
    await memory.set('dev.a', '1');
    await memory.set('dev.b', '2');
    await new Promise(setImmediate);
    expect(keys).toEqual([['dev.a'], ['dev.b']]);
  });

  it('how long a key was cached is hidden where its existence is', () => {
    const { provider } = fullPort(values);
    expect('status' in guarded(provider, policy, { identify })).toBe(true);
    expect('status' in guarded(provider, policy, { identify, denied: 'refuse' })).toBe(false);
  });
});

describe('loose names', () => {
  const env = (denied: Denied = 'hole', keys = ['db.poolMax']) =>
    guarded(
      new EnvProvider({ prefix: 'APP', env: { APP__DB__POOL_MAX: '9', APP__DB__HOST: 'h' } }),
      developerIn(...keys),
      {
        identify,
        denied,
      },
    );

  it('are decided by the keys to which they are bound', async () => {
    const wanted = { keys: ['db.poolMax', 'db.host'], prefixes: [] };
    const items = await env().list('', { ...ann, wanted });
    expect(items.map((item) => [item.key, 'error' in item])).toEqual([
      ['db.poolMax', false],
      ['db.host', true],
    ]);
    expect(await value(env().get('db.poolMax', ann))).toBe('9');
    expect(await code(env().get('db.host', ann))).toBe('policy_violation');
  });

  it.each([
    ['APP_DB_HOST', 'db.host', 'hole'],
    ['APP_DB_HOST', 'dbHost', 'hole'],
    ['APP__DB__POOL_MAX', 'db.pool-max', 'hole'],
    ['APP__DB__POOL_MAX', 'db.pool_max', 'hole'],
    ['APP__HOSTS__0', 'hosts', 'hole'],
    ['APP_DB_HOST', 'db.host', 'refuse'],
    ['APP__DB__POOL_MAX', 'db.poolMax', 'refuse'],
  ] as const)('%s hides %s of a weaker source without a schema, too: %s', async (name, key, denied) => {
    const env = new EnvProvider({ prefix: 'APP', env: { [name]: 'hidden' } });
    const weaker = new MemoryProvider({ [key]: 'weaker', other: 'x' } as MemoryValues);
    const chain = new ProviderChain([guarded(env, rules({}), { identify, denied }), weaker]);
    expect(await code(chain.get(key, ann))).toBe('policy_violation');
    const items = await chain.list('', ann);
    expect(items.map((item) => ('error' in item ? item.error.code : item.value))).not.toContain('weaker');
    expect(await code(loadConfig(chain, { context: ann.context }))).toBe('validation');
    const models = z.object({ other: z.string().optional() }).catchall(z.any());
    expect(await code(loadConfig(models, chain, { context: ann.context }))).toBe('validation');
    expect(JSON.stringify(items)).not.toContain('hidden');
  });

  it('what may mean several keys is hidden also from a caller that may read all', async () => {
    const env = new EnvProvider({ prefix: 'APP', env: { APP_DB_HOST: 'strong' } });
    const weaker = new MemoryProvider({ db: { host: 'weaker' } });
    const all = rules({ allow: [{ keys: ['**'] }] });
    const inside = new ProviderChain([guarded(env, all, { identify }), weaker]);
    expect(await inside.list('', ann)).toMatchObject([
      { key: 'db.host', error: { code: 'policy_violation' } },
    ]);
    const around = guarded(new ProviderChain([env, weaker]), all, { identify });
    expect(await around.list('', ann)).toMatchObject([{ key: 'db.host', value: 'strong' }]);
    expect(await value(around.get('db.host', ann))).toBe('strong');
  });

  it.each([
    ['APP_DB_PASSWORD', 'db.password'],
    ['APP_DB_PASSWORD', 'db.pass_word'],
    ['APP_DB_PASSWORD', '**.password'],
    ['APP_DB_PASSWORD', 'db.*'],
    ['APP__DB__PASSWORD', 'db.password'],
    ['APP__DB__PASSWORD', '*.Password'],
  ])('%s: a rule that denies %s denies each spelling', async (name, denied) => {
    const env = new EnvProvider({ prefix: 'APP', env: { [name]: 'hidden', APP__DBASE__URL: 'u' } });
    const policy = rules({ allow: [{ keys: ['**'] }], deny: [{ keys: [denied] }] });
    const providers = [env, new ProviderChain([env, new MemoryProvider({ other: 1 })])];
    for (const store of providers.map((provider) => guarded(provider, policy, { identify }))) {
      for (const key of [
        'db.password',
        'dbPassword',
        'dbpassword',
        'db_password',
        'DB.PASS-WORD',
        'db._password',
      ]) {
        expect(await value(store.get(key, ann)).catch((error: ConfigError) => error.code)).not.toBe('hidden');
        const wanted = { keys: [key], prefixes: [] };
        const layers = (await store.layers?.('', { ...ann, wanted })) ?? [];
        expect(
          JSON.stringify([layers, layers.map(({ entries }) => entries.map(({ value }) => value))]),
        ).not.toContain('hidden');
      }
      expect(await value(store.get('dbase.url', ann))).toBe('u');
      for (const key of ['dbPassword', 'DB.PASSWORD', 'db.password']) {
        const items = await store.list('', { ...ann, wanted: { keys: [key, 'dbase.url'], prefixes: [] } });
        const shown = items.map((item) => ('error' in item ? item.error.code : item.value));
        expect(shown.filter((one) => one !== 1).sort()).toEqual(['policy_violation', 'u']);
      }
    }
  });

  it('a key that is denied in one spelling is denied in each', async () => {
    const items = await env('hole', ['db.poolmax', 'db.pool-max', 'db.POOLMAX']).list('', {
      ...ann,
      wanted: { keys: ['db.poolMax'], prefixes: [] },
    });
    expect(items.every((item) => 'error' in item)).toBe(true);
  });
});

describe('what keeps a guard outside', () => {
  it('a chain refuses a provider that omits, inside decorators too', async () => {
    const make = (provider: ConfigProvider) => () => new ProviderChain([provider]);
    expect(make(guard('omit'))).toThrow(
      'memory leaves out what is denied, and a weaker provider would answer',
    );
    expect(make(optional(guard('omit')))).toThrow('leaves out');
    expect(make(guard('hole'))).not.toThrow();
    expect(make(guard('refuse'))).not.toThrow();
  });

  it('a cache refuses a guarded provider, inside decorators too', () => {
    const message =
      'sheltered: memory is guarded, and a cache would share its decisions. ' +
      'Wrap the provider inside: guarded(sheltered(p))';
    expect(() => sheltered(guard() as ConfigProvider)).toThrow(message);
    expect(() => sheltered(optional(guard()) as ConfigProvider)).toThrow('is guarded');
  });

  it('two callers share a cache and no decision', async () => {
    const source = new FakeSource({ 'prod/model': 'big' });
    const store = guarded(sheltered(source), developerIn('dev.**'), { identify });
    expect(await value(store.get('prod.model', ops))).toBe('big');
    expect(await code(store.get('prod.model', ann))).toBe('policy_violation');
    expect(source.asked).toHaveLength(1);
  });
});

describe('the fast path', () => {
  it('known answers calls without options, and hides what is denied', () => {
    const memory = new MemoryProvider(values);
    const policy = rules({ allow: [{ keys: ['dev.**'] }] });
    const store = guarded(memory, policy, { identify: () => ({ id: 'process' }) });
    expect(store.known?.('dev.model')?.entry?.value).toBe('small');
    expect(store.known?.('dev.nothing')).toEqual({ entry: undefined });
    expect(store.known?.('prod.model')).toBeUndefined();
    expect(guarded(memory, policy, { identify }).known?.('dev.model')).toBeUndefined();
  });

  it('a chain reads through it and refuses the same keys', async () => {
    const policy = rules({ allow: [{ keys: ['dev.**'] }] });
    const store = guarded(new MemoryProvider(values), policy, { identify: () => ({ id: 'process' }) });
    const chain = new ProviderChain([store, new MemoryProvider({ prod: { model: 'default' } })]);
    expect(await chain.value('dev.model')).toBe('small');
    expect(await code(chain.value('prod.model'))).toBe('policy_violation');
  });
});

describe('counters', () => {
  it('count and time decisions, for this guard and for the process', async () => {
    const store = guarded(new MemoryProvider(values, { name: 'counted' }), developerIn('dev.**'), {
      identify,
    });
    await store.get('dev.model', ann);
    await store.get('prod.model', ann).catch(() => undefined);
    await store.get('dev.model').catch(() => undefined);
    expect(store.stats()).toMatchObject({ decisions: 3, denied: 2, failed: 1 });
    expect(store.stats().decidingMs).toBeGreaterThan(0);
    expect(livingMetrics().guard?.counted).toMatchObject({ decisions: 3, denied: 2 });
  });
});

describe('arguments', () => {
  const wrong =
    (...args: unknown[]) =>
    () =>
      (guarded as (...all: unknown[]) => unknown)(...args);
  const memory = new MemoryProvider();
  const policy = rules({});
  it.each([
    [[{}, policy, { identify }], 'guarded: the first argument is not a provider'],
    [[memory, {}, { identify }], 'guarded: the second argument is not a policy'],
    [[memory, policy, {}], 'guarded: the option identify is required'],
    [[memory, policy, { identify, denied: 'drop' }], 'the option denied must be one of'],
    [[memory, policy, { identify, validate: {} }], 'the option validate must be a schema'],
    [[memory, policy, { identify, validat: {} }], 'Did you mean validate?'],
  ])('%#', (args, message) => {
    expect(wrong(...args)).toThrow(message);
  });

  it('has the abilities of the provider, and no others', () => {
    const keys = (provider: object): string[] => Object.keys(provider).sort();
    const { provider } = fullPort();
    expect(keys(guarded(provider, policy, { identify }))).toEqual([...keys(provider), 'stats'].sort());
    const least = { name: 'least', get: provider.get, list: provider.list };
    expect(keys(guarded(least, policy, { identify }))).toEqual(['get', 'list', 'name', 'on', 'stats']);
  });
});
