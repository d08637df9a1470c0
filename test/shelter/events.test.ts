import { channel } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import type { ConfigEvent } from '../../src/events.ts';
import { down, type FakeSource, failing } from '../support/fake-source.ts';
import { brief, listening } from '../support/listening.ts';
import { code, sheltering, value } from '../support/sheltering.ts';

describe('events', () => {
  it('events report reads, requests, retries, the breaker, stale values and refusals', async () => {
    const { provider, source, clock } = sheltering(
      { token: 'fake' },
      {
        cache: { ttlMs: 1_000, staleIfErrorMs: 60_000 },
        resilience: { attempts: 2, breaker: { failures: 2, resetMs: 1_000 } },
      },
    );
    const events: ConfigEvent[] = [];
    const listening = provider.on((event) => events.push(event));
    for (const key of ['token', 'token', 'nothing']) {
      await provider.get(key);
      await clock.advance(0);
    }
    source.befall = down;
    await clock.advance(1_000);
    const reading = provider.get('token');
    await clock.advance(10_000);
    await reading;
    source.befall = failing('access_denied');
    await code(provider.get('denied'));
    await provider.set('denied', 'x').catch(() => {});
    await provider.refresh();
    await clock.advance(0);
    const seen = events.map(({ type, outcome, key }) => [type, key, outcome].filter(Boolean).join(' '));
    expect(seen).toEqual([
      'request ok',
      'read token ok',
      'read token ok',
      'request ok',
      'read nothing absent',
      'request unavailable',
      'retry unavailable',
      'breaker unavailable',
      'health_changed unavailable',
      'request unavailable',
      'stale unavailable',
      'read token ok',
      'breaker unavailable',
      'breaker ok',
      'health_changed ok',
      'request access_denied',
      'read denied access_denied',
      'denied denied access_denied',
      'request access_denied',
      'refreshed ok',
    ]);
    for (const event of events) {
      expect(event).toMatchObject({
        id: expect.any(String),
        time: expect.any(Number),
        provider: 'store',
        layer: 'shelter',
      });
      expect(Object.isFrozen(event)).toBe(true);
    }
    expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
    expect(events.find((event) => event.type === 'request')).toMatchObject({
      attempt: 1,
      documents: 1,
      durationMs: 0,
    });
    const count = events.length;
    listening[Symbol.dispose]();
    await code(provider.get('token'));
    expect(events).toHaveLength(count);
  });

  it('events reach all listeners when one throws', async () => {
    const { provider, clock } = sheltering({ token: 'fake' });
    let count = 0;
    provider.on(() => {
      throw new Error('mine');
    });
    provider.on(() => count++);
    expect(await provider.get('token')).toMatchObject({ value: 'fake' });
    await clock.advance(0);
    expect(count).toBe(2);
  });

  it('events include each notice of a source once', async () => {
    const { sheltered } = await import('../../src/shelter/index.ts');
    const { source } = sheltering();
    source.befall = (_, { notice }) => {
      notice('three names are not keys');
      notice('three names are not keys');
      notice('one secret is not JSON', 'parse');
    };
    const provider = sheltered(source);
    const events: ConfigEvent[] = [];
    provider.on((event) => events.push(event));
    await provider.get('a');
    await provider.get('b');
    const notices = events.filter((event) => event.type === 'notice');
    expect(notices.map((event) => [event.type, event.outcome])).toEqual([
      ['notice', 'ok'],
      ['notice', 'parse'],
    ]);
  });
});

describe('the events of a log-in', () => {
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);

  /** A store that accepts the credentials `accepts`. A log-in gets the credentials `gets`. */
  function guarded(more: Partial<FakeSource> = {}) {
    const set = sheltering(Object.fromEntries(keys.map((key) => [key, 'fake'])), {}, { batch: 1, ...more });
    const state = { accepts: 1, held: 0, gets: 1 as number | 'refused' | 'nothing' };
    set.source.connect = async (refused, call) => {
      await set.source.happen('connect', [], call);
      if (state.gets === 'refused') return failing('unauthenticated')();
      if (state.gets === 'nothing' || (refused && state.held === state.gets)) return false;
      state.held = state.gets;
      return true;
    };
    set.source.befall = ({ operation }) => {
      if (operation === 'read' && state.held !== state.accepts) failing('unauthenticated')();
    };
    const { events } = listening(set.provider);
    const logIns = (): string[] => brief(events.filter(({ type }) => type.startsWith('authenticat')));
    return {
      ...set,
      state,
      logIns,
      readAll: () => Promise.all(keys.map((key) => code(set.provider.get(key)))),
    };
  }

  it('authenticated is emitted once for 20 first reads', async () => {
    const { logIns, readAll } = guarded();
    await readAll();
    expect(logIns()).toEqual(['store authenticated ok']);
  });

  it('authenticated is emitted again after credentials that were revoked', async () => {
    const { provider, logIns, readAll, state } = guarded();
    await provider.get('k0');
    state.accepts = state.gets = 2;
    expect(new Set(await readAll())).toEqual(new Set(['answered']));
    expect(logIns()).toEqual(['store authenticated ok', 'store authenticated ok']);
  });

  it.each(['refused', 'nothing'] as const)(
    'authentication_failed is emitted once for each attempt, when a log-in gets %s',
    async (gets) => {
      const { provider, source, logIns, readAll, state, clock } = guarded();
      await provider.get('k0');
      state.accepts = 9;
      state.gets = gets;
      await readAll();
      await readAll();
      expect(logIns().slice(1)).toEqual(['store authentication_failed unauthenticated']);
      const attempts = source.count('connect');
      for (let i = 0; i < 5; i++) {
        await clock.advance(3_000);
        await readAll();
      }
      const made = source.count('connect') - attempts;
      expect(made).toBeGreaterThan(1);
      expect(logIns().slice(2)).toEqual(Array(made).fill('store authentication_failed unauthenticated'));
    },
  );

  it('authentication_failed is emitted once when new credentials are refused as well', async () => {
    const { provider, logIns, readAll, state, clock } = guarded();
    await provider.get('k0');
    state.accepts = 9;
    state.gets = 2;
    await readAll();
    await readAll();
    expect(logIns()).toEqual([
      'store authenticated ok',
      'store authenticated ok',
      'store authentication_failed unauthenticated',
    ]);
    state.accepts = state.gets = 3;
    await clock.advance(2_000);
    expect(await value(provider.get('k1'))).toBe('fake');
    expect(logIns().slice(3)).toEqual(['store authenticated ok']);
  });

  it('authentication_failed is emitted when a provider has no credentials to renew', async () => {
    const { provider, source } = sheltering({}, {}, { relogin: () => false } as never);
    const { events } = listening(provider);
    source.befall = failing('unauthenticated');
    await code(provider.get('a'));
    await code(provider.get('b'));
    expect(brief(events).filter((one) => one.includes('authent'))).toEqual([
      'store request unauthenticated',
      'store authentication_failed unauthenticated',
      'store read unauthenticated a',
      'store read unauthenticated b',
    ]);
  });

  it('a log-in that meets an outage emits neither', async () => {
    const { provider, source, logIns, clock } = guarded();
    source.befall = down;
    expect(await clock.until(code(provider.get('k0')), 1_000)).not.toBe('answered');
    expect(logIns()).toEqual([]);
  });
});

describe('the events of a background read', () => {
  it('refresh_failed has the message of the failure, without a value', async () => {
    const { provider, source, clock } = sheltering(
      { a: 'hunter2-fake' },
      { cache: { ttlMs: 10, staleWhileRevalidateMs: 60_000 }, resilience: { attempts: 1 } },
    );
    const { events, of } = listening(provider);
    await provider.get('a');
    await clock.advance(20);
    source.befall = () => {
      throw new Error('hunter2-fake');
    };
    expect(await value(provider.get('a'))).toBe('hunter2-fake');
    await clock.advance(0);
    expect(of('refresh_failed')).toMatchObject([{ outcome: 'unavailable', message: 'the store is down' }]);
    expect(JSON.stringify(events)).not.toContain('hunter2');
    expect(of('refresh_failed')[0]).not.toHaveProperty('problems');
  });
});

describe('the tracing channel', () => {
  it('the tracing channel wraps each request, without values or client errors', async () => {
    const { provider, source } = sheltering({ token: 'hunter2-fake' }, { resilience: { attempts: 1 } });
    const names = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;
    const seen: [string, object][] = [];
    const listeners = names.map(
      (name) =>
        [
          `tracing:llm-config-manager:request:${name}`,
          (message: unknown) => seen.push([name, message as object]),
        ] as const,
    );
    for (const [name, listener] of listeners) channel(name).subscribe(listener);
    try {
      expect(await provider.get('token')).toMatchObject({ value: 'hunter2-fake' });
      expect(seen.map(([name]) => name)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
      expect(seen[0]?.[1]).toMatchObject({ v: 1, provider: 'store', type: 'read', documents: 1, attempt: 1 });
      source.befall = () => {
        throw new ConfigError('unavailable', 'hunter2-fake');
      };
      expect(await code(provider.get('other'))).toBe('unavailable');
      expect(seen.slice(4).map(([name]) => name)).toEqual([
        'start',
        'end',
        'error',
        'asyncStart',
        'asyncEnd',
      ]);
      const all = seen
        .map(([, message]) => [JSON.stringify(message), String((message as { error?: unknown }).error)])
        .join();
      expect(all).not.toContain('hunter2-fake');
    } finally {
      for (const [name, listener] of listeners) channel(name).unsubscribe(listener);
    }
  });
});
