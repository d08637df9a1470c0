import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../src/chain/chain.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { ConfigError } from '../../src/errors.ts';
import type { Change, ConfigProvider } from '../../src/provider.ts';
import type { Key } from '../../src/value.ts';
import { entry, Fixed, failing, hole, variable } from '../support/layers.ts';

const env = (...names: [string, string][]): ConfigProvider => ({
  name: 'env',
  local: true,
  get: async (key) => names.map(([name, value]) => variable(name, value)).find((one) => one.key === key),
  list: async () => names.map(([name, value]) => variable(name, value)),
  where: (key) => `env ${key.toUpperCase().replaceAll('.', '__')}`,
});

afterEach(() => vi.useRealTimers());

describe('get', () => {
  it('returns the value of the first provider that has the key, and calls none below', async () => {
    const [a, b] = [new Fixed('a', { x: 1 }), new Fixed('b', { x: 2, y: 3 })];
    const chain = new ProviderChain([a, b]);
    expect((await chain.get('x'))?.value).toBe(1);
    expect(b.asked).toBe(0);
    expect(await chain.value('y')).toBe(3);
    expect(await chain.get('z')).toBeUndefined();
    expect(await chain.value('z')).toBeUndefined();
  });

  it.each([null, '', 0, false])('treats %j as a value, not as absent', async (value) => {
    expect(
      await new ProviderChain([new Fixed('a', { x: value }), new Fixed('b', { x: 'other' })]).value('x'),
    ).toBe(value);
  });

  it('throws when a provider fails, and calls none below', async () => {
    const below = new Fixed('defaults', { x: 1 });
    const chain = new ProviderChain([failing('vault'), below]);
    await expect(chain.get('x')).rejects.toMatchObject({ code: 'unavailable', provider: 'vault', key: 'x' });
    expect(below.asked).toBe(0);
  });

  it('turns a foreign error of a provider into io, without its message', async () => {
    const chain = new ProviderChain([failing('odd', new Error('token hvs.not-a-real-token refused'))]);
    const error = await chain.get('x').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'io', transient: false, provider: 'odd' });
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain('hvs.');
  });

  it('normalises the spelling of the key', async () => {
    const chain = new ProviderChain([new Fixed('a', { 'acme.db.host': 'x' })]);
    expect(await chain.value('acme/db.host')).toBe('x');
    await expect(chain.get('a..b')).rejects.toMatchObject({ code: 'invalid_key' });
  });

  it('calls no provider when the signal is already aborted', async () => {
    const a = new Fixed('a', { x: 1 });
    const signal = AbortSignal.abort();
    await expect(new ProviderChain([a]).get('x', { signal })).rejects.toMatchObject({ code: 'aborted' });
    await expect(new ProviderChain([a]).tree('x', { signal })).rejects.toMatchObject({ code: 'aborted' });
    expect(a.asked).toBe(0);
  });

  it('getMany lets each key succeed or fail alone', async () => {
    const first = new Fixed('first', { a: 1, broken: new ConfigError('disabled', 'switched off') });
    const batch: ConfigProvider = {
      ...new Fixed('batch', {}),
      name: 'batch',
      get: vi.fn(),
      list: vi.fn(),
      getMany: vi.fn(
        async (keys: readonly Key[]) =>
          new Map(keys.map((key) => [key, key === 'b' ? entry('batch', 'b', 2) : undefined])),
      ),
    };
    const found = await new ProviderChain([first, batch]).getMany(['a', 'b', 'c', 'broken']);
    expect(found.get('a')).toMatchObject({ value: 1 });
    expect(found.get('b')).toMatchObject({ value: 2 });
    expect(found.get('c')).toBeUndefined();
    expect(found.get('broken')).toMatchObject({ code: 'disabled', provider: 'first', key: 'broken' });
    expect(batch.getMany).toHaveBeenCalledWith(['b', 'c'], {});
  });

  it('getMany returns the error of a failed batch for each key', async () => {
    const broken: ConfigProvider = {
      ...failing('store'),
      getMany: () => Promise.reject(new ConfigError('throttled', 'too many')),
    };
    const found = await new ProviderChain([broken]).getMany(['a', 'b']);
    expect([...found.values()].map((one) => (one as ConfigError).code)).toEqual(['throttled', 'throttled']);
  });
});

describe('require', () => {
  it('returns the value of a key', async () => {
    expect(await new ProviderChain([new Fixed('a', { x: 1 })]).require('x')).toBe(1);
  });

  it('lists every searched place, and suggests a similar key of a local provider', async () => {
    const remote = {
      ...failing('vault'),
      get: async () => undefined,
      list: vi.fn(),
      where: () => 'vault secret/acme/llm#apiKey',
    };
    const chain = new ProviderChain([
      env(['LLM__APIKEY', 'x']),
      new ProviderChain([remote], { name: 'inner' }),
      {
        ...new Fixed('plain', {}),
        get: async () => undefined,
        list: async () => [],
        name: 'plain',
        where: undefined,
      } as never,
    ]);
    const error = (await chain.require('llm.apiKeys').catch((thrown: unknown) => thrown)) as ConfigError;
    expect(error.code).toBe('not_found');
    expect(error.message).toBe(
      [
        'no provider has "llm.apiKeys". Looked in:',
        '  env LLM__APIKEYS',
        '  vault secret/acme/llm#apiKey',
        '  plain. ',
        'Did you mean llm.apikey?',
      ].join('\n'),
    );
    expect(remote.list).not.toHaveBeenCalled();
  });

  it('returns the value as a schema transforms it', async () => {
    const chain = new ProviderChain([env(['PORT', '8080'])]);
    expect(await chain.require('port', z.number())).toBe(8080);
    await expect(chain.require('port', z.boolean(), {})).rejects.toMatchObject({
      code: 'validation',
      key: 'port',
    });
  });

  it('refuses a value that is not a schema', async () => {
    class Old {
      parse() {}
    }
    await expect(
      new ProviderChain([new Fixed('a', { port: 1 })]).require('port', new Old() as never),
    ).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringMatching(/^require: the second argument is not a schema\. /),
    });
  });

  it('reports that no provider has a place for the key', async () => {
    await expect(new ProviderChain([]).require('port')).rejects.toThrow(
      /^no provider has "port", and none is configured to look for this key$/,
    );
  });
});

describe('tree, list and layers', () => {
  it('tree and list merge all providers', async () => {
    const chain = new ProviderChain([
      env(['DB__POOL_MAX', '9']),
      new Fixed('file', { db: { poolMax: 5, host: 'x' } }),
    ]);
    expect(await chain.tree('db')).toEqual({ poolMax: '9', host: 'x' });
    expect(await chain.tree()).toEqual({ db: { poolMax: '9', host: 'x' } });
    expect(await chain.tree('nothing')).toBeUndefined();
    expect((await chain.list('db')).map((item) => item.key)).toEqual(['db.poolMax', 'db.host']);
  });

  it('a printed tree leaves out a value that only looks secret', async () => {
    const jwt = 'eyJhbGciOiJmYWtlIn0.eyJzdWIiOiJmYWtlIn0.ZmFrZS1zaWduYXR1cmU';
    const tree = await new ProviderChain([new Fixed('file', { 'a.plain': 'x', 'a.note': jwt })]).tree('a');
    expect(tree).toEqual({ plain: 'x', note: jwt });
    expect(JSON.stringify(tree) + inspect(tree)).not.toContain(jwt);
    expect(JSON.stringify(tree)).toContain('plain');
  });

  it('a schema message does not quote a value that only looks secret', async () => {
    const jwt = 'eyJhbGciOiJmYWtlIn0.eyJzdWIiOiJmYWtlIn0.ZmFrZS1zaWduYXR1cmU';
    const schema = z.string().refine(() => false, { error: ({ input }) => `not accepted: ${input}` });
    const chain = new ProviderChain([new Fixed('file', { note: jwt })]);
    const error = await chain.require('note', schema).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'validation' });
    const loading = loadConfig(z.object({ note: schema }), chain).catch((thrown: unknown) => thrown);
    const failed = await loading;
    expect(failed).toMatchObject({ code: 'validation' });
    expect(JSON.stringify([error, failed]) + inspect([error, failed])).not.toContain('eyJhbGciOi');
  });

  it('tree and list fail when any provider fails', async () => {
    await expect(
      new ProviderChain([new Fixed('a', { x: 1 }), failing('vault')]).tree(),
    ).rejects.toMatchObject({
      code: 'unavailable',
      provider: 'vault',
    });
    await expect(
      new ProviderChain([new Fixed('a', { x: 1 }), failing('vault')]).list(),
    ).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('tree throws the first hole, and list returns it', async () => {
    const chain = new ProviderChain([
      new Fixed('store', { 'db.password': new ConfigError('disabled', 'switched off'), 'db.host': 'x' }),
    ]);
    await expect(chain.tree('db')).rejects.toMatchObject({ code: 'disabled', key: 'db.password' });
    expect(await chain.list()).toEqual([
      expect.objectContaining({ key: 'db.host' }),
      expect.objectContaining({ key: 'db.password', error: expect.any(ConfigError) }),
    ]);
  });

  it('tree prints no secret of nested sections', async () => {
    const password = 'not-a-real-password';
    const vault = {
      ...new Fixed('vault', {}),
      name: 'vault',
      get: async () => undefined,
      list: async () => [entry('vault', 'a.db.password', password, { secret: true })],
    };
    const chain = new ProviderChain([
      vault,
      new Fixed('file', { 'a.db.host': 'x', 'a.db.password': 'y', 'a.port': 1 }),
    ]);
    for (const section of [await chain.tree('a'), await chain.tree()]) {
      const printed = `${inspect(section, { depth: null, showHidden: true })} ${JSON.stringify(section)}`;
      expect(printed).not.toContain(password);
      expect(printed).toMatch(/host: 'x'.*"host":"x"/s);
      expect(Object.isFrozen(section)).toBe(true);
    }
    expect(await chain.tree('a.db')).toEqual({ host: 'x', password });
  });

  it('tree binds loose names below its prefix', async () => {
    expect(await new ProviderChain([env(['LLM_GATEWAY__URL', 'x'])]).tree('llm_gateway')).toEqual({
      url: 'x',
    });
  });

  it('layers returns one layer per provider, with nested chains flattened', async () => {
    const chain = new ProviderChain([
      new Fixed('a', { x: 1 }),
      new ProviderChain([new Fixed('b', { x: 2 }), failing('c')], { name: 'inner' }),
    ]);
    const layers = await chain.layers();
    expect(layers.map(({ name, entries, error }) => [name, entries.length, error?.code])).toEqual([
      ['a', 1, undefined],
      ['b', 1, undefined],
      ['c', 0, 'unavailable'],
    ]);
  });
});

describe('explain', () => {
  it('shows the winner, shadowed, absent and failed providers', async () => {
    const chain = new ProviderChain([
      env(['DB__HOST', 'one']),
      new Fixed('none', {}),
      new Fixed('file', { 'db.host': 'two' }),
      failing('vault'),
    ]);
    const explanation = await chain.explain('db.host');
    expect(explanation.winner).toMatchObject({ provider: 'env', value: '"one"' });
    expect(explanation.shadowed).toMatchObject([{ provider: 'file', value: '"two"' }]);
    expect(explanation.layers.map(({ outcome }) => outcome)).toEqual(['found', 'absent', 'found', 'failed']);
    expect(`${explanation}`).toBe(
      [
        'db.host = "one"',
        '  → env DB__HOST  "one"  wins',
        '    none                 absent',
        '    file db.host  "two"  shadowed',
        '    vault                failed: vault does not answer',
      ].join('\n'),
    );
    expect(inspect(explanation)).toBe(`${explanation}`);
    expect(JSON.parse(JSON.stringify(explanation))).toMatchObject({
      key: 'db.host',
      winner: 'env',
      shadowed: ['file'],
    });
  });

  it('shows no winner when a higher provider fails', async () => {
    const explanation = await new ProviderChain([failing('vault'), new Fixed('file', { x: 1 })]).explain('x');
    expect(explanation.winner).toBeUndefined();
    expect(`${explanation}`).toMatch(/^x cannot be read: vault does not answer/);
  });

  it('names a key inside when the key is a section', async () => {
    const explanation = await new ProviderChain([
      new Fixed('a', { 'db.host': 'x' }),
      new Fixed('b', {}),
    ]).explain('db');
    expect(explanation.error?.code).toBe('invalid_key');
    expect(String(explanation).split('\n')[0]).toBe(
      'db cannot be read: "db" is a section, not a value. Explain a key inside, such as db.host',
    );
  });

  it('masks the values below a hole, which may be the same secret', async () => {
    const chain = new ProviderChain([
      new Fixed('vault', { license: new ConfigError('disabled', 'no') }),
      new Fixed('b', { license: 'fake' }),
    ]);
    expect(String(await chain.explain('license'))).not.toContain('fake');
  });

  it('reports that a key is not set', async () => {
    expect(`${await new ProviderChain([new Fixed('file', {})]).explain('x')}`).toBe(
      'x is not set\n    file    absent',
    );
  });

  it('explain shows the error of a hole', async () => {
    const store: ConfigProvider = {
      name: 'store',
      get: async () => undefined,
      list: async () => [hole('store', 'x')],
    };
    const explanation = await new ProviderChain([store]).explain('x');
    expect(explanation).toMatchObject({ error: { code: 'disabled' }, layers: [{ outcome: 'unreadable' }] });
  });

  it('masks every value when one of them is secret', async () => {
    const vault: ConfigProvider = {
      name: 'vault',
      get: async () => undefined,
      list: async () => [entry('vault', 'db.user', 'not-a-real-user', { secret: true })],
    };
    const explanation = await new ProviderChain([env(['DB__USER', 'another-fake-user']), vault]).explain(
      'db.user',
    );
    const inspected = inspect(explanation, { depth: null, showHidden: true });
    const printed = `${explanation} ${inspected} ${JSON.stringify(explanation)}`;
    expect(explanation.secret).toBe(true);
    expect(printed).not.toMatch(/fake-user|not-a-real/);
    expect(printed).toContain('[redacted]');
  });

  it('shows the age of a cached value and the state of the breaker', async () => {
    vi.useFakeTimers({ now: 100_000 });
    const held = { ...entry('vault', 'x', 1), readAt: 40_000 };
    const vault: ConfigProvider = {
      name: 'vault',
      get: async () => held,
      list: async () => [held],
      status: () => ({ stale: true, breaker: 'open' }),
    };
    expect(`${await new ProviderChain([vault]).explain('x')}`).toContain(
      'wins, read 60 s ago, stale, breaker open',
    );
  });
});

describe('health', () => {
  it('health reports the worst status of the providers, with reasons', async () => {
    const with_ = (name: string, health: NonNullable<ConfigProvider['health']>): ConfigProvider => ({
      ...failing(name),
      health,
    });
    const ok = with_('ok', async () => ({ status: 'ok', latencyMs: 3, checkedAt: 1 }));
    const slow = with_('slow', async () => ({ status: 'degraded', checkedAt: 1 }));
    const dead = with_('dead', () => Promise.reject(new Error('boom')));
    expect(await new ProviderChain([ok, failing('silent')]).health()).toMatchObject({
      status: 'ok',
      latencyMs: 3,
      providers: { silent: { status: 'ok' } },
    });
    expect(await new ProviderChain([ok, slow]).health()).toMatchObject({
      status: 'degraded',
      reason: 'slow: degraded',
    });
    expect(await new ProviderChain([ok, slow, dead]).health()).toMatchObject({
      status: 'down',
      reason: expect.stringContaining('dead: the provider threw an error that is not a ConfigError'),
    });
  });

  it('health gives up after 5 s on a provider that never answers', async () => {
    await new ProviderChain([failing('any')]).health(); // imports its modules before the clock is faked
    vi.useFakeTimers();
    const asked = new ProviderChain([
      { ...failing('hung'), health: () => new Promise<never>(() => {}) },
    ]).health();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await asked).toMatchObject({ status: 'down', reason: 'hung: no answer within 5000 ms' });
  });
});

describe('refresh, close, watch, on, where and local', () => {
  it('refreshes all providers, then throws one error for all failures', async () => {
    const refresh = vi.fn(async () => {});
    const bad = (name: string): ConfigProvider => ({
      ...failing(name),
      refresh: () => Promise.reject(new ConfigError('unavailable', `${name} is down`)),
    });
    await new ProviderChain([{ ...failing('a'), refresh }, failing('no refresh')]).refresh('x');
    expect(refresh).toHaveBeenCalledWith('x', {});
    await expect(new ProviderChain([bad('a'), { ...failing('b'), refresh }]).refresh()).rejects.toMatchObject(
      {
        message: 'a is down',
        provider: 'a',
      },
    );
    await expect(new ProviderChain([bad('a'), bad('b')]).refresh()).rejects.toThrow(
      '2 providers failed: a is down; b is down',
    );
  });

  it('does not throw the error of a provider as it is, also when a method throws at once', async () => {
    const broken: ConfigProvider = {
      ...failing('broken'),
      get: () => {
        throw new TypeError('fake-chain-secret');
      },
      close: () => {
        throw new TypeError('fake-chain-secret');
      },
    };
    const chain = new ProviderChain([broken]);
    const found = await chain.getMany(['x']);
    expect(found.get('x')).toMatchObject({ code: 'io', provider: 'broken', key: 'x' });
    const error = await chain.close().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'io', provider: 'broken' });
    expect(inspect([found, error])).not.toContain('fake-chain-secret');
  });

  it('closes all providers once, even when one fails', async () => {
    const close = vi.fn(async () => {});
    const bad: ConfigProvider = {
      ...failing('bad'),
      close: () => Promise.reject(new ConfigError('io', 'will not close')),
    };
    const chain = new ProviderChain([bad, { ...failing('good'), close }, failing('plain')]);
    await expect(chain.close()).rejects.toThrow('will not close');
    await expect(chain.close()).rejects.toThrow('will not close');
    expect(close).toHaveBeenCalledTimes(1);
  });

  it('closes its own providers, not borrowed ones, at the end of await using', async () => {
    const close = vi.fn(async () => {});
    {
      await using _chain = new ProviderChain([{ ...failing('borrowed'), close }], { closeProviders: false });
    }
    expect(close).not.toHaveBeenCalled();
    {
      await using _chain = new ProviderChain([{ ...failing('own'), close }]);
    }
    expect(close).toHaveBeenCalledTimes(1);
  });

  it('forwards changes and events until disposed', () => {
    const listeners = new Set<(change: Change) => void>();
    const watch = (onChange: (change: Change) => void): Disposable => {
      listeners.add(onChange);
      return { [Symbol.dispose]: () => void listeners.delete(onChange) };
    };
    const chain = new ProviderChain([{ ...failing('a'), watch, on: watch as never }, failing('b')]);
    const seen: Change[] = [];
    const watching = chain.watch((change) => seen.push(change));
    const listening = chain.on(() => {});
    for (const listener of listeners) listener({ provider: 'a', keys: ['x'], time: 1 });
    expect(seen).toEqual([{ provider: 'a', keys: ['x'], time: 1 }]);
    watching[Symbol.dispose]();
    listening[Symbol.dispose]();
    expect(listeners.size).toBe(0);
  });

  it('where lists the places of all providers', () => {
    expect(
      new ProviderChain([
        env(),
        new ProviderChain([new Fixed('b', {})], { name: 'inner' }),
        failing('c'),
      ]).where('db.host'),
    ).toBe('env DB__HOST\nb db.host\nc');
  });

  it('is local only if all its providers are local', () => {
    expect(new ProviderChain([env()]).local).toBe(true);
    expect(new ProviderChain([env(), failing('vault')]).local).toBe(false);
  });
});

describe('the constructor of a chain', () => {
  it('refuses a value that is not a list of providers', () => {
    expect(() => new ProviderChain('x' as never)).toThrow(/must be a list of providers/);
    const [a, b] = [new Fixed('a', {}), new Fixed('b', {})];
    for (const wrong of [[a], [a, b], [[a], b]])
      expect(() => new ProviderChain(...(wrong as [never]))).toThrow(
        'the first argument must be a list of providers. Pass a list: new ProviderChain([a, b])',
      );
    expect(() => new ProviderChain([new Fixed('a', {}), {} as never])).toThrow(
      /item 2 of the list is not a provider/,
    );
    expect(() => new ProviderChain([], { nam: 'x' } as never)).toThrow(/Did you mean name/);
  });

  it('refuses two providers with one name, nested ones included', () => {
    const nested = new ProviderChain([new Fixed('a', {})], { name: 'inner' });
    expect(() => new ProviderChain([new Fixed('a', {}), nested])).toThrow(/two providers are named "a"/);
  });

  it('copies the list of providers', async () => {
    const list = [new Fixed('a', { x: 1 })];
    const chain = new ProviderChain(list);
    list.pop();
    expect(await chain.value('x')).toBe(1);
  });
});
