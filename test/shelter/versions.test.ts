// `versions` of a sheltered source: which document is asked, pages, order, and what a source may return.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import type { ComparingProvider, VersionedProvider, WritableProvider } from '../../src/provider.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import {
  type Call,
  type DocumentSource,
  type ShelteredProvider,
  sheltered,
  type VersionPage,
  type WritableShelteredProvider,
} from '../../src/shelter/index.ts';
import { manualClock } from '../../src/testing/clock.ts';
import { type Asked, down, FakeSource, failing, hang } from '../support/fake-source.ts';
import { fullPort } from '../support/port.ts';
import { code } from '../support/sheltering.ts';

type Versions = (document: string, cursor: string | undefined, call: Call) => unknown;
const three = [{ version: '3' }, { version: '2' }, { version: '1' }];

/** A store whose `versions` returns what `answer` returns. */
function keeping(
  answer: Versions,
  documents: Readonly<Record<string, string>> = { a: 'x' },
  more: Partial<FakeSource> = {},
) {
  const clock = manualClock();
  const asked: [document: string, cursor: string | undefined][] = [];
  const source = Object.assign(new FakeSource(documents, more), {
    async versions(document: string, cursor: string | undefined, call: Call): Promise<VersionPage> {
      asked.push([document, cursor]);
      await source.befall({ operation: 'read', documents: [document], at: 0, id: call.id } as Asked, call);
      return (await answer(document, cursor, call)) as VersionPage;
    },
  });
  return { asked, clock, source, provider: sheltered(source, { clock }) };
}

const fixed = (): VersionPage => ({ versions: three });

describe('the document that versions asks', () => {
  it('versions asks the one document of a key without reading it', async () => {
    const { asked, provider, source } = keeping(fixed);
    expect(await provider.versions('a')).toEqual(three);
    expect([asked, source.count('read')]).toEqual([[['a', undefined]], 0]);
  });

  it('versions asks the document that has the key now, of several', async () => {
    const { asked, provider } = keeping(fixed, { a: '{"b":"1"}', 'a/b': '{"c":"2"}', 'a/b/c': '{"x":"3"}' });
    await provider.versions('a.b.c');
    expect(asked).toEqual([['a/b', undefined]]);
  });

  it('versions asks the last document that exists, if none has the key', async () => {
    const { asked, provider } = keeping(fixed, { a: '{"x":"1"}', 'a/b': '{"x":"2"}' });
    await provider.versions('a.b.c');
    expect(asked).toEqual([['a/b', undefined]]);
  });

  it('versions asks the document of a new key, if no document exists', async () => {
    const { asked, provider } = keeping(() => ({ versions: [] }), {});
    expect(await provider.versions('a.b.c')).toEqual([]);
    expect(asked).toEqual([['a/b/c', undefined]]);
  });

  it.each([
    ['disabled', 'a/b', undefined],
    ['crypto', 'a/b', undefined],
    ['access_denied', undefined, 'access_denied'],
    ['unauthenticated', undefined, 'unauthenticated'],
  ] as const)(
    'versions of a key whose document is refused with %s asks %s',
    async (refusal, document, error) => {
      const { asked, provider, source } = keeping(fixed, { 'a/b': 'x' });
      source.refused.set('a/b', refusal);
      expect(await code(provider.versions('a.b'))).toBe(error ?? 'answered');
      expect(asked).toEqual(document ? [[document, undefined]] : []);
    },
  );

  it('versions is empty without a request for a key that has no place', async () => {
    const { asked, provider } = keeping(fixed, {}, { places: [{ key: 'a', document: 'a', field: '' }] });
    expect(await provider.versions('b')).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('versions of a lease is refused without a request', async () => {
    const places = [{ key: 'a', document: 'a', field: '', leased: true as const }];
    const { asked, provider } = keeping(fixed, {}, { places });
    await expect(provider.versions('a.user')).rejects.toMatchObject({ code: 'invalid_key', key: 'a.user' });
    expect(asked).toEqual([]);
  });
});

describe('the pages of versions', () => {
  const numbered = (from: number, to: number) =>
    Array.from({ length: from - to + 1 }, (_, i) => ({ version: `${from - i}` }));

  it('versions reads pages until it has as many as its limit', async () => {
    const pages: Versions = (_, cursor = '1') => ({
      versions: numbered(100 - 10 * (Number(cursor) - 1), 91 - 10 * (Number(cursor) - 1)),
      ...(Number(cursor) < 10 && { next: `${Number(cursor) + 1}` }),
    });
    const { asked, provider } = keeping(pages);
    expect(await provider.versions('a', { limit: 15 })).toEqual(numbered(100, 86));
    expect(asked.map(([, cursor]) => cursor)).toEqual([undefined, '2']);
    expect(await provider.versions('a', { limit: 1_000 })).toEqual(numbered(100, 1));
  });

  it('versions sorts all pages of a store that lists in another order', async () => {
    const pages: Versions = (_, cursor) =>
      cursor === undefined
        ? {
            unsorted: true,
            next: '2',
            versions: [
              { version: 'a', modifiedAt: 10 },
              { version: 'b', modifiedAt: 30 },
            ],
          }
        : {
            unsorted: true,
            versions: [{ version: 'c', modifiedAt: 30 }, { version: 'd', modifiedAt: 20 }, { version: 'e' }],
          };
    const { provider } = keeping(pages);
    const names = (await provider.versions('a')).map(({ version }) => version);
    expect(names).toEqual(['c', 'b', 'd', 'a', 'e']);
    expect(await provider.versions('a', { limit: 1 })).toMatchObject([{ version: 'c' }]);
  });

  it('versions of equal times are sorted by their numbers', async () => {
    const at = { modifiedAt: 10 };
    const versions = ['1', '10', '9'].map((version) => ({ version, ...at }));
    const { provider } = keeping(() => ({ unsorted: true, versions }));
    expect((await provider.versions('a')).map(({ version }) => version)).toEqual(['10', '9', '1']);
  });

  it('versions lists a version once that is on two pages', async () => {
    const { provider } = keeping((_, cursor) =>
      cursor ? { versions: numbered(2, 1) } : { versions: numbered(3, 2), next: '2' },
    );
    expect(await provider.versions('a')).toEqual(three);
  });

  it('the answer of versions is never cached', async () => {
    const { asked, provider } = keeping(fixed);
    await provider.versions('a');
    await provider.versions('a');
    expect(asked).toHaveLength(2);
  });

  it('versions retries a page of a store that was down, with the same id', async () => {
    let failures = 2;
    const ids = new Set<string>();
    const { asked, clock, provider } = keeping((_, __, { id }) => {
      ids.add(id);
      return failures-- > 0 ? down() : fixed();
    });
    expect(await clock.until(provider.versions('a'))).toEqual(three);
    expect([asked.length, ids.size, provider.stats().retries]).toEqual([3, 1, 2]);
  });

  it('versions opens the breaker, and is refused by it', async () => {
    const { clock, provider } = keeping(down);
    for (let i = 0; i < 2; i++) await clock.until(code(provider.versions('a')));
    expect(await code(provider.versions('a'))).toBe('circuit_open');
    expect(await code(provider.get('a'))).toBe('circuit_open');
  });

  it('versions of a store that never answers times out, and aborts with its caller', async () => {
    const { clock, provider } = keeping(hang);
    expect(await clock.until(code(provider.versions('a')))).toBe('timeout');
    const caller = new AbortController();
    const listing = code(provider.versions('a', { signal: caller.signal }));
    caller.abort();
    expect(await listing).toBe('aborted');
  });

  it('an aborted caller gets no further page requested', async () => {
    const caller = new AbortController();
    const { asked, provider } = keeping((_, cursor = '0') => {
      if (cursor === '2') caller.abort();
      return { versions: [{ version: cursor }], next: `${Number(cursor) + 1}` };
    });
    expect(await code(provider.versions('a', { signal: caller.signal }))).toBe('aborted');
    for (let turn = 0; turn < 20; turn++) await new Promise((done) => setImmediate(done));
    expect(asked).toHaveLength(3);
  });

  it('a thousand callers are paced, and closing ends them', async () => {
    let running = 0;
    let most = 0;
    const { provider } = keeping(async () => {
      most = Math.max(most, ++running);
      await new Promise((done) => setImmediate(done));
      running--;
      return fixed();
    });
    await Promise.all(Array.from({ length: 1_000 }, () => provider.versions('a')));
    expect(most).toBe(16);
    await provider.close();
    expect(await code(provider.versions('a'))).toBe('aborted');
  });
});

describe('what a source returns for versions', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'fake'],
    ['no list', { versions: { 1: '2' } }],
    ['a list of texts', { versions: ['1'] }],
    ['a version that is a number', { versions: [{ version: 1 }] }],
    ['an empty name', { versions: [{ version: '' }] }],
    ['a hole', { versions: new Array(2) }],
    ['a cursor that is a number', { versions: three, next: 2 }],
    ['a trap', { versions: [Object.defineProperty({}, 'version', { get: () => failing('io')() })] }],
    [
      'a list that throws',
      {
        versions: new Proxy([], {
          get: () => {
            throw new TypeError('fake-secret-9');
          },
        }),
      },
    ],
  ])('%s is io and names the provider', async (_, answer) => {
    const { provider } = keeping(() => answer);
    const error: ConfigError = await provider.versions('a').then(
      () => expect.unreachable(),
      (thrown) => thrown,
    );
    expect([error.code, error.provider, error.key]).toEqual(['io', 'store', 'a']);
    expect(error.message).not.toContain('fake-secret-9');
  });

  it.each<[string, Versions]>([
    ['the same cursor again', () => ({ versions: [], next: 'x' })],
    ['two cursors in turn', (_, cursor) => ({ versions: [], next: cursor === 'x' ? 'y' : 'x' })],
    ['new cursors without an end', (_, cursor = '0') => ({ versions: [], next: `${Number(cursor) + 1}` })],
    [
      'new versions without an end',
      (_, cursor = '0') => ({
        versions: [{ version: cursor }],
        next: `${Number(cursor) + 1}`,
        unsorted: true,
      }),
    ],
  ])('%s is io', async (_, answer) => {
    const { asked, provider } = keeping(answer);
    await expect(provider.versions('a')).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/^store: the versions of a never end/),
    });
    expect(asked.length).toBeLessThanOrEqual(1_001);
  });

  it('what does not belong into a version is left out, and callers cannot change the list', async () => {
    const own = { version: '1', modifiedAt: 'soon', stages: ['live', 5], author: {}, reason: '', value: 'x' };
    const { provider } = keeping(() => ({ versions: [own] }));
    const found = await provider.versions('a');
    expect(found).toEqual([{ version: '1', stages: ['live'] }]);
    expect([found, found[0], found[0]?.stages].every(Object.isFrozen)).toBe(true);
  });
});

describe('who observes versions', () => {
  it('versions is a read and a request in the tracing channels', async () => {
    const { provider } = keeping(fixed);
    const seen: unknown[] = [];
    const note = (context: unknown): void => void seen.push({ ...(context as object) });
    const channels = ['read', 'request'].map((name) => `tracing:llm-config-manager:${name}:asyncEnd`);
    for (const channel of channels) subscribe(channel, note);
    try {
      await provider.versions('a');
    } finally {
      for (const channel of channels) unsubscribe(channel, note);
    }
    expect(seen).toMatchObject([
      { provider: 'store', type: 'versions', documents: 1, outcome: 'ok' },
      { provider: 'store', type: 'versions', key: 'a', outcome: 'ok' },
    ]);
  });

  it('the events of a request have the operation of versions', async () => {
    const { provider } = keeping(fixed);
    const events: { type: string; operations?: readonly string[] }[] = [];
    provider.on((event) => events.push(event));
    await provider.versions('a');
    expect(events).toMatchObject([{ type: 'request', outcome: 'ok', operations: [expect.any(String)] }]);
  });
});

describe('the abilities of sheltered providers', () => {
  const readOnly = { ...new FakeSource(), write: undefined } as unknown as DocumentSource;

  it('a provider has no method that its source lacks', () => {
    const least: DocumentSource = {
      name: 'least',
      batch: 1,
      locate: () => [],
      read: async () => new Map(),
      classify: () => new ConfigError('unavailable', 'least is down'),
    };
    const versions = async (): Promise<VersionPage> => ({ versions: [] });
    const write = async (): Promise<undefined> => undefined;
    const has = (source: DocumentSource): string[] =>
      ['set', 'delete', 'versions', 'compares'].filter((name) => name in sheltered(source));
    expect(has(least)).toEqual([]);
    expect(has({ ...least, versions })).toEqual(['versions']);
    expect(has({ ...least, write })).toEqual(['set', 'delete']);
    expect(has({ ...least, write, compares: true })).toEqual(['set', 'delete', 'compares']);
    expect(has({ ...least, write, versions, compares: true })).toEqual([
      'set',
      'delete',
      'versions',
      'compares',
    ]);
    expect(has({ ...least, versions, compares: true })).toEqual(['versions']);
    expect('versions' in sheltered(new MemoryProvider({}))).toBe(false);
  });

  it('types compose', () => {
    type Write = Required<Pick<DocumentSource, 'write'>>;
    type Versions = Required<Pick<DocumentSource, 'versions'>>;
    const given = <S>(): S => readOnly as S;
    const plain = sheltered(given<DocumentSource>());
    const versioned = sheltered(given<DocumentSource & Versions>());
    const writable = sheltered(given<DocumentSource & Write>());
    const both = sheltered(given<DocumentSource & Write & Versions>());
    const comparing = sheltered(given<DocumentSource & Write & Versions & { compares: true }>());
    expectTypeOf(plain).toEqualTypeOf<ShelteredProvider>();
    expectTypeOf(plain).not.toExtend<VersionedProvider>();
    expectTypeOf(versioned).toExtend<VersionedProvider>();
    expectTypeOf(versioned).not.toExtend<WritableProvider>();
    expectTypeOf(writable).toEqualTypeOf<WritableShelteredProvider>();
    expectTypeOf(writable).not.toExtend<VersionedProvider>();
    expectTypeOf(both).toExtend<WritableProvider & VersionedProvider>();
    expectTypeOf(both).not.toExtend<ComparingProvider>();
    expectTypeOf(comparing).toExtend<ComparingProvider & VersionedProvider>();
    expectTypeOf<VersionedProvider>().not.toExtend<WritableProvider>();
    // @ts-expect-error a read-only store with versions has no set
    void versioned.set;
  });

  it('a sheltered provider passes version and limit on', async () => {
    const { provider, given } = fullPort({ a: 'x' });
    const { layers: _, ...inner } = provider;
    const store = sheltered(inner, { identity: { store: 'full', view: '' }, cache: false });
    await store.get('a', { version: '1' });
    expect(await store.versions('a', { limit: 1 })).toEqual([{ version: '2' }]);
    expect(given.filter(([method]) => method !== 'on')).toMatchObject([
      ['get', { version: '1', maxAgeMs: 0 }],
      ['versions', { limit: 100, maxAgeMs: 0 }],
    ]);
  });

  it('a sheltered provider asks for more versions until it has enough', async () => {
    const limits: unknown[] = [];
    const all = Array.from({ length: 250 }, (_, i) => ({ version: `${250 - i}` }));
    const inner = Object.assign(new MemoryProvider({ a: 'x' }), {
      versions: async (_: string, { limit = 0 } = {}) => {
        limits.push(limit);
        return all.slice(0, limit);
      },
    });
    expect(await sheltered(inner).versions('a', { limit: 1_000 })).toEqual(all);
    expect(limits).toEqual([100, 200, 400]);
  });

  it.each([
    ['a text', 'vault'],
    ['no view', { store: 'x' }],
    ['an empty store', { store: '', view: '' }],
    ['a number', { store: 'x', view: 1 }],
  ])('an identity that is %s is refused', (_, identity) => {
    expect(() => sheltered(new MemoryProvider({}), { identity: identity as never })).toThrow(
      /memory: the option identity must be an object with the strings store and view/,
    );
  });

  it('the option identity is refused for a source', () => {
    const identity = { store: 'x', view: '' };
    expect(() => sheltered(new FakeSource(), { identity })).toThrow(/identity is for providers only/);
  });
});
