// `known`: what a chain and its providers answer without waiting. It is never another way around a decision,
// and counts and emits what `get` does.

import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { intercepted } from '../../src/decorators/intercepted.ts';
import { mounted, scoped } from '../../src/decorators/scoped.ts';
import { fallback, optional } from '../../src/decorators/tolerance.ts';
import { makeEntry } from '../../src/entry.ts';
import { makeOrigin } from '../../src/origin.ts';
import type { ConfigProvider, Known } from '../../src/provider.ts';
import { BundleProvider } from '../../src/providers/bundle.ts';
import { DirectoryProvider } from '../../src/providers/directory.ts';
import { DotEnvProvider } from '../../src/providers/dotenv.ts';
import { EncryptedFileProvider } from '../../src/providers/encrypted-file/index.ts';
import { EnvProvider } from '../../src/providers/env.ts';
import { MemoryProvider, type MemoryValues } from '../../src/providers/memory.ts';
import { symmetric } from '../../src/sealing/keys.ts';
import { seal } from '../../src/sealing/seal.ts';
import { unsealed } from '../../src/sealing/unsealed.ts';
import { faulty, sandbox } from '../../src/testing/index.ts';
import { down } from '../support/fake-source.ts';
import { brief, listening } from '../support/listening.ts';
import { code, sheltering, value } from '../support/sheltering.ts';

const memory = (values: MemoryValues, name = 'memory') => new MemoryProvider(values, { name });

/** A provider that records how it is asked. */
function asked(values: MemoryValues, more: Partial<ConfigProvider> = {}, name = 'asked') {
  const inner = memory(values, name);
  const calls: string[] = [];
  const provider: ConfigProvider = {
    name,
    get: (key, options) => {
      calls.push('get');
      return inner.get(key, options);
    },
    list: (prefix, options) => inner.list(prefix, options),
    known: (key, peek) => {
      calls.push(peek ? 'peek' : 'known');
      return inner.known(key);
    },
    ...more,
  };
  return { provider, calls };
}

const answerOf = (known: Known | undefined): unknown => known && (known.entry?.value ?? 'absent');

describe('a chain', () => {
  it('reads known answers in order, and awaits only the providers that know none', async () => {
    const [first, second, third] = [
      asked({ a: 1 }),
      asked({ b: 2 }, {}, 'b'),
      asked({ b: 3, c: 4 }, {}, 'c'),
    ];
    const chain = new ProviderChain([first.provider, second.provider, third.provider]);
    expect(await value(chain.get('b'))).toBe(2);
    expect([first.calls, second.calls, third.calls]).toEqual([['known'], ['known'], []]);
    const waiting = asked({}, { known: () => undefined });
    const mixed = new ProviderChain([waiting.provider, third.provider]);
    expect(await value(mixed.get('c'))).toBe(4);
    expect([waiting.calls, third.calls]).toEqual([['get'], ['known']]);
    expect(await mixed.get('nothing')).toBeUndefined();
  });

  it('reads with options the ordinary way', async () => {
    const one = asked({ a: 1 });
    const chain = new ProviderChain([one.provider]);
    for (const options of [{}, { maxAgeMs: 0 }, { context: 'ada' }, { signal: new AbortController().signal }])
      await chain.get('a', options);
    expect(one.calls).toEqual(['get', 'get', 'get', 'get']);
    expect(await code(chain.get('a', { signal: AbortSignal.abort() }))).toBe('aborted');
  });

  it('rejects, and never throws, for a key that is not one and for a section', async () => {
    const chain = new ProviderChain([memory({ 'a.b': 1 })]);
    expect(await code(chain.get('a..b'))).toBe('invalid_key');
    expect(await code(chain.get(5 as never))).toBe('invalid_key');
    expect(await code(chain.get('a'))).toBe('invalid_key');
  });

  it('names the provider whose known throws', async () => {
    const broken = asked({}, { known: () => down(), name: 'broken' });
    const error = await new ProviderChain([broken.provider]).get('a').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unavailable', provider: 'broken', key: 'a' });
  });

  it('adopts no entry that a provider has made by hand, and reads it with get', async () => {
    const byHand = {
      key: 'a',
      value: 'x',
      secret: false,
      origin: makeOrigin({ provider: 'p', source: 's' }),
    };
    const one = asked({ a: 1 }, { known: () => ({ entry: byHand }) });
    expect(await value(new ProviderChain([one.provider]).get('a'))).toBe(1);
    expect(one.calls).toEqual(['get']);
  });

  it('knows nothing while an interceptor or a listener observes it', async () => {
    const one = asked({ a: 1 });
    const seen: string[] = [];
    const guarded = new ProviderChain([one.provider], {
      intercept: (operation, next) => {
        seen.push(operation.type);
        return next();
      },
    });
    expect(guarded.known('a')).toBeUndefined();
    await guarded.get('a');
    expect([seen, one.calls]).toEqual([['get'], ['get']]);
    const chain = new ProviderChain([one.provider]);
    const { events, stop } = listening(chain);
    expect(chain.known('a')).toBeUndefined();
    await new ProviderChain([chain], { name: 'outer' }).get('a');
    expect(brief(events)).toEqual(['chain read ok a']);
    stop();
    expect(answerOf(chain.known('a'))).toBe(1);
  });

  it('as a provider of another, knows all or nothing, and counts a hit once', async () => {
    const first = asked({}, {}, 'first');
    const second = asked({ a: 1 }, {}, 'second');
    const inner = new ProviderChain([first.provider, second.provider]);
    expect(await value(new ProviderChain([inner], { name: 'outer' }).get('a'))).toBe(1);
    expect([first.calls, second.calls]).toEqual([
      ['peek', 'known'],
      ['peek', 'known'],
    ]);
    const waiting = asked({}, { known: () => undefined }, 'waiting');
    const unsure = new ProviderChain([first.provider, waiting.provider]);
    first.calls.length = 0;
    expect(await new ProviderChain([unsure], { name: 'outer' }).get('b')).toBeUndefined();
    expect([first.calls, waiting.calls]).toEqual([['peek', 'known'], ['get']]);
    expect(answerOf(new ProviderChain([]).known('a'))).toBe('absent');
  });
});

describe('a sheltered provider', () => {
  it('knows what is cached and fresh, as long as get answers it from memory', async () => {
    const { provider, clock, source } = sheltering({ a: 'x' }, { cache: { ttlMs: 1_000, absentTtlMs: 500 } });
    expect(provider.known('a')).toBeUndefined();
    await Promise.all([provider.get('a'), provider.get('none')]);
    expect([answerOf(provider.known('a')), answerOf(provider.known('none'))]).toEqual(['x', 'absent']);
    await clock.advance(500);
    expect([answerOf(provider.known('a')), provider.known('none')]).toEqual(['x', undefined]);
    await provider.refresh('a');
    expect(provider.known('a')).toBeUndefined();
    await provider.get('a');
    await provider.set('a', 'y');
    expect(provider.known('a')).toBeUndefined();
    await provider.get('a');
    expect(answerOf(provider.known('a'))).toBe('y');
    const requests = source.asked.length;
    await clock.advance(1_000);
    expect(provider.known('a')).toBeUndefined();
    expect(source.asked).toHaveLength(requests);
    await provider.get('a');
    await provider.close();
    expect(provider.known('a')).toBeUndefined();
  });

  it('counts and emits a known answer as a hit of get, and a look at it as nothing', async () => {
    const { provider } = sheltering({ a: 'x' });
    const chain = new ProviderChain([provider]);
    await Promise.all([provider.get('a'), provider.get('none')]);
    const before = provider.stats();
    const { events } = listening(provider);
    provider.known('a', true);
    expect(provider.stats()).toEqual(before);
    expect(await value(chain.get('a'))).toBe('x');
    expect(await chain.get('none')).toBeUndefined();
    expect(provider.stats()).toMatchObject({
      hits: before.hits + 1,
      absentHits: before.absentHits + 1,
      misses: before.misses,
    });
    expect(brief(events)).toEqual(['store read ok a', 'store read absent none']);
  });

  it('knows no failure', async () => {
    const { provider, source } = sheltering({ a: 'x' }, { resilience: { attempts: 1 } });
    source.befall = down;
    expect(await code(provider.get('a'))).toBe('unavailable');
    source.befall = () => undefined;
    source.refused.set('a', 'access_denied');
    expect(await code(provider.get('a'))).toBe('access_denied');
    expect(provider.known('a')).toBeUndefined();
  });
});

describe('decorators', () => {
  it('scoped and mounted know under their keys, the same entry as get', async () => {
    const inner = memory({ 'db.host': 'h', 'db.pool.max': 5 });
    for (const [provider, key] of [
      [scoped(inner, 'db'), 'host'],
      [mounted(inner, 'app'), 'app.db.host'],
    ] as const) {
      const entry = await provider.get(key);
      expect(entry?.key).toBe(key);
      expect(provider.known?.(key)?.entry).toBe(entry);
      expect(provider.known?.('other.none')).toEqual({ entry: undefined });
      expect(provider.known?.(key.replace('host', 'pool'))).toBeUndefined();
    }
  });

  it('optional and fallback know what the first provider knows, and remember it', async () => {
    for (const wrap of [optional, (inner: ConfigProvider) => fallback(inner, memory({ a: 'second' }))]) {
      const { provider, source, clock } = sheltering({ a: 'x' }, { resilience: { attempts: 1 } });
      await provider.get('a');
      const tolerant = wrap(provider);
      await tolerant.get('other');
      expect(answerOf(tolerant.known?.('a'))).toBe('x');
      source.befall = down;
      await clock.advance(400_000);
      expect(tolerant.known?.('a')).toBeUndefined();
      if (wrap === optional) expect(await code(tolerant.get('a'))).toBe('unavailable');
      else expect(await value(tolerant.get('a'))).toBe('second');
    }
  });

  it('a numbered provider knows entries with its number', async () => {
    const chain = new ProviderChain([new MemoryProvider({ a: 1 }), new MemoryProvider({ b: 2 })]);
    for (let i = 0; i < 3; i++) expect((await chain.get('b'))?.origin.provider).toBe('memory 2');
    expect(chain.known('b')?.entry).toMatchObject({ origin: { provider: 'memory 2' }, document: 'memory 2' });
  });

  it('unsealed knows an opened value, and never the sealed text', async () => {
    const key = symmetric(Buffer.alloc(32, 7));
    const sealed = await seal('fake-token', { key: 'llm.token', to: key });
    const provider = unsealed(memory({ 'llm.token': sealed, plain: 'p' }), { keys: key });
    expect(provider.known?.('llm.token')).toBeUndefined();
    expect(provider.known?.('none')).toEqual({ entry: undefined });
    const entry = await provider.get('llm.token');
    expect(entry?.value).toBe('fake-token');
    expect(provider.known?.('llm.token')?.entry).toBe(entry);
    await provider.get('plain');
    expect(answerOf(provider.known?.('plain'))).toBe('p');
  });

  it('intercepted and faulty providers know nothing', async () => {
    const inner = memory({ a: 1 });
    expect('known' in intercepted(inner, (_, next) => next())).toBe(false);
    const failing = faulty(inner, ['unavailable']);
    expect('known' in failing).toBe(false);
    expect(await code(new ProviderChain([failing]).get('a'))).toBe('unavailable');
  });
});

describe('local providers', () => {
  it('know a key after its first read, until their content is read again', async () => {
    const box = await sandbox({
      files: { 'base.json': '{"a":"x"}', '.env': 'A=x\n', 'mounted/a': 'x' },
      env: { A: 'x' },
    });
    const encrypted = new EncryptedFileProvider({
      path: box.path('s.json.jwe'),
      keys: symmetric(Buffer.alloc(32, 7)),
      optional: true,
    });
    await encrypted.set('a', 'x');
    const providers = [
      new EnvProvider({ env: box.env }),
      new DotEnvProvider({ directory: box.path('.') }),
      new BundleProvider(box.path('base.json')),
      new DirectoryProvider(box.path('mounted')),
      encrypted,
    ];
    for (const provider of providers) {
      if (provider !== encrypted) expect(provider.known('a'), provider.name).toBeUndefined();
      const entry = await provider.get('a');
      expect(entry?.value, provider.name).toBe('x');
      expect(provider.known('a')?.entry, provider.name).toBe(entry);
      expect(await provider.get('none'), provider.name).toBeUndefined();
      expect(provider.known('none'), provider.name).toMatchObject({ entry: undefined });
      await provider.refresh();
      expect(provider.known('a'), provider.name).toBeUndefined();
    }
    await box.dispose();
  });

  it('memory knows at once, and no section', () => {
    const provider = memory({ 'a.b': 1, empty: {} });
    expect(answerOf(provider.known('a.b'))).toBe(1);
    expect([provider.known('a'), provider.known('empty'), provider.known('')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('keep at most ten thousand answers', async () => {
    const provider = new EnvProvider({ env: { A: 'x' } });
    for (let i = 0; i < 10_001; i++) await provider.get(`none.k${i}`);
    expect(provider.known('none.k0')).toBeUndefined();
    expect(provider.known('none.k10000')).toBeDefined();
  });
});

describe('Entry.document', () => {
  const origin = makeOrigin({ provider: 'argv', source: '--port' });
  const fields = { key: 'port', value: '80', secret: false, origin };

  it('is the name of the provider, or what the entry says', () => {
    expect(makeEntry(fields).document).toBe('argv');
    const own = makeEntry({ ...fields, document: 'argv all' });
    expect([own.document, makeEntry({ ...own, key: 'other' }).document]).toEqual(['argv all', 'argv all']);
    expect(makeEntry({ ...fields, secret: true, document: 'd' }).document).toBe('d');
    expect(Object.keys(makeEntry(fields))).not.toContain('document');
  });

  it('is the same for the leaves of one secret, and another for another secret', async () => {
    const { provider } = sheltering({ db: '{"user":"u","password":"fake"}', other: 'x' });
    const [user, password, other] = await Promise.all(
      ['db.user', 'db.password', 'other'].map((key) => provider.get(key)),
    );
    expect(user?.document).toBe(password?.document);
    expect(user?.document).not.toBe(other?.document);
    const chain = new ProviderChain([memory({ x: 1, y: 2 }), scoped(provider, 'db')]);
    const listed = await chain.list();
    expect(listed.map((item) => [item.key, 'document' in item && item.document])).toEqual([
      ['x', 'memory'],
      ['y', 'memory'],
      ['user', user?.document],
      ['password', user?.document],
    ]);
  });

  it('has the number of a numbered store', async () => {
    const one = sheltering({ a: 'x' }).provider;
    const numbered = (provider: ConfigProvider): ConfigProvider => ({
      name: 'store',
      unnamed: true,
      get: (key) => provider.get(key),
      list: (prefix) => provider.list(prefix),
    });
    const chain = new ProviderChain([memory({}, 'store'), numbered(one)]);
    expect((await chain.get('a'))?.document).toBe('store 2 a');
  });
});
