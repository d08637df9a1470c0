import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import type { ConfigError } from '../../src/errors.ts';
import type { ReadOptions } from '../../src/provider.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { Denials } from '../../src/shelter/cache/denials.ts';
import { down, failing } from '../support/fake-source.ts';
import { code, sheltering, value } from '../support/sheltering.ts';

/** A store that denies `token` until `grant` is called. */
function denying(
  options: Parameters<typeof sheltering>[1] = {},
  more: Parameters<typeof sheltering>[2] = {},
) {
  const set = sheltering({ token: 'fake', other: 'fake' }, options, more);
  set.source.refused.set('token', 'access_denied');
  return { ...set, grant: () => set.source.refused.delete('token'), asked: () => set.source.asked.length };
}

const failure = (reading: Promise<unknown>): Promise<ConfigError> =>
  reading.then(
    () => {
      throw new Error('the read succeeded');
    },
    (error: ConfigError) => error,
  );

describe('a denied document', () => {
  it('200 readers make four requests for a denied document in eight seconds', async () => {
    const { provider, clock, asked } = denying();
    const codes = new Set<string>();
    for (let ms = 0; ms < 8_000; ms += 250) {
      const readers = Array.from({ length: 200 }, () => code(provider.get('token')));
      for (const one of await clock.until(Promise.all(readers), 0)) codes.add(one);
      await clock.advance(250);
    }
    expect([...codes]).toEqual(['access_denied']);
    expect(asked()).toBe(4);
  });

  it('the pause after a denial grows from one second to half a minute', async () => {
    const { provider, source, clock } = denying();
    for (let ms = 0; ms < 200_000; ms += 500) {
      await code(provider.get('token'));
      await clock.advance(500);
    }
    const times = source.asked.map(({ at }) => at);
    expect(times.slice(1).map((at, i) => (at - (times[i] as number)) / 1_000)).toEqual([
      1, 2, 4, 8, 16, 30, 30, 30, 30, 30,
    ]);
  });

  it('an error from memory says when the store is asked again', async () => {
    const { provider, clock } = denying();
    const first = await failure(provider.get('token'));
    expect(first.message).toBe('token is refused');
    expect(first.retryAfterMs).toBeUndefined();
    await clock.advance(400);
    expect(await failure(provider.get('token'))).toMatchObject({
      code: 'access_denied',
      transient: false,
      provider: 'store',
      key: 'token',
      message: 'token is refused; the store is asked again in 1 s',
      retryAfterMs: 600,
    });
  });

  it('a denial is never an absence, so nothing weaker is read', async () => {
    const { provider } = denying();
    const chain = new ProviderChain([provider, new MemoryProvider({ token: 'default' })]);
    for (let i = 0; i < 2; i++) expect(await code(chain.get('token'))).toBe('access_denied');
    expect(await code(provider.list())).toBe('answered');
  });

  it('a grant is seen after the pause, and the next denial pauses for a second again', async () => {
    const { provider, source, clock, grant, asked } = denying({ cache: { ttlMs: 10 } });
    await code(provider.get('token'));
    await clock.advance(1_000);
    await code(provider.get('token'));
    grant();
    await clock.advance(2_000);
    expect(await value(provider.get('token'))).toBe('fake');
    source.refused.set('token', 'access_denied');
    await clock.advance(10);
    await code(provider.get('token'));
    const before = asked();
    await clock.advance(999);
    await code(provider.get('token'));
    expect(asked()).toBe(before);
    await clock.advance(1);
    await code(provider.get('token'));
    expect(asked()).toBe(before + 1);
  });

  it('an outage during the next request keeps the pause', async () => {
    const { provider, source, clock } = denying({ resilience: { attempts: 1 } });
    await code(provider.get('token'));
    await clock.advance(1_000);
    source.befall = down;
    expect(await code(provider.get('token'))).toBe('unavailable');
    source.befall = () => undefined;
    expect(await code(provider.get('token'))).toBe('access_denied');
    await clock.advance(1_999);
    expect(source.asked).toHaveLength(3);
    await code(provider.get('token'));
    expect(source.asked).toHaveLength(3);
  });

  it.each<[string, (provider: ReturnType<typeof denying>['provider']) => Promise<unknown>]>([
    ['maxAgeMs: 0', async () => undefined],
    ['refresh', (provider) => provider.refresh()],
    ['refresh of its key', (provider) => provider.refresh('token')],
    ['renew', (provider) => provider.renew('token')],
  ])('%s asks the store at once', async (how, act) => {
    const { provider, grant, asked } = denying();
    await code(provider.get('token'));
    grant();
    await act(provider);
    const options: ReadOptions = how === 'maxAgeMs: 0' ? { maxAgeMs: 0 } : {};
    expect(await value(provider.get('token', options))).toBe('fake');
    expect(await value(provider.get('token'))).toBe('fake');
    expect(asked()).toBe(2);
  });

  it('a denial of a version is remembered and refreshed by itself', async () => {
    const { provider, asked } = denying();
    for (let i = 0; i < 2; i++) await code(provider.get('token', { version: '1' }));
    await code(provider.get('token'));
    expect(asked()).toBe(2);
    await provider.refresh('token');
    await code(provider.get('token', { version: '1' }));
    await code(provider.get('token'));
    expect(asked()).toBe(4);
  });

  it('refresh of another key keeps the pause', async () => {
    const { provider, asked } = denying();
    await code(provider.get('token'));
    await provider.get('other');
    await provider.refresh('other');
    await code(provider.get('token'));
    expect(asked()).toBe(2);
  });

  it('maxAgeMs limits the age of a remembered denial', async () => {
    const { provider, clock, asked } = denying();
    await code(provider.get('token'));
    await clock.advance(500);
    await code(provider.get('token', { maxAgeMs: 500 }));
    expect(asked()).toBe(1);
    await code(provider.get('token', { maxAgeMs: 499 }));
    expect(asked()).toBe(2);
  });

  it('a denial that was asked for before a refresh is not remembered', async () => {
    const { provider, source, clock, asked } = denying();
    let answer = (): void => {};
    source.befall = () => new Promise<void>((resolve) => (answer = resolve));
    const first = code(provider.get('token'));
    await clock.advance(0);
    await provider.refresh();
    answer();
    expect(await first).toBe('access_denied');
    source.befall = () => undefined;
    await code(provider.get('token'));
    expect(asked()).toBe(2);
  });

  it('a report of the source ends the pause', async () => {
    let rotated = (_: readonly string[]): void => {};
    const { provider, grant } = denying(
      {},
      {
        watch: (changed) => {
          rotated = changed;
          return () => {};
        },
      },
    );
    provider.watch(() => {});
    await code(provider.get('token'));
    grant();
    rotated(['token']);
    expect(await value(provider.get('token'))).toBe('fake');
  });

  it('a new log-in ends the pause', async () => {
    const { provider, source, grant } = denying({}, { batch: 1 });
    source.connect = async () => true;
    await code(provider.get('token'));
    grant();
    let refusals = 1;
    source.befall = ({ operation }) => {
      if (operation === 'read' && refusals-- > 0) failing('unauthenticated')();
    };
    expect(await value(provider.get('other'))).toBe('fake');
    expect(await value(provider.get('token'))).toBe('fake');
  });

  it('a value in memory is served during the pause of a denial', async () => {
    const { provider, source, asked } = denying();
    source.refused.clear();
    await provider.get('token');
    source.refused.set('token', 'access_denied');
    expect(await code(provider.get('token', { maxAgeMs: 0 }))).toBe('access_denied');
    expect(await value(provider.get('token'))).toBe('fake');
    expect(asked()).toBe(2);
  });

  it('with cache: false each read asks the store', async () => {
    const { provider, asked } = denying({ cache: false });
    for (let i = 0; i < 3; i++) await code(provider.get('token'));
    expect(asked()).toBe(3);
  });

  it('a denied listing is remembered like a document', async () => {
    const { provider, source, clock } = denying();
    source.befall = ({ operation }) => operation === 'page' && failing('access_denied')();
    for (let i = 0; i < 10; i++) expect(await code(provider.list())).toBe('access_denied');
    expect(source.count('page')).toBe(1);
    await clock.advance(1_000);
    await code(provider.list());
    expect(source.count('page')).toBe(2);
  });

  it('denials of cache.max documents are remembered, and the oldest is forgotten first', () => {
    const denials = new Denials({ clock: { now: () => 0, after: () => () => {} }, max: 2, epoch: () => 0 });
    const error = { message: 'denied', code: 'access_denied' } as ConfigError;
    for (const id of ['a', 'b', 'a', 'c']) denials.add(id, id, error);
    expect(['a', 'b', 'c'].map((id) => denials.of(id) !== undefined)).toEqual([true, false, true]);
  });
});
