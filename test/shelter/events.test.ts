import { channel } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import type { ConfigEvent } from '../../src/events.ts';
import { down, failing } from '../support/fake-source.ts';
import { code, sheltering } from '../support/sheltering.ts';

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
