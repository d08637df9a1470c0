import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { type Befall, down, hang } from '../support/fake-source.ts';
import { code, sheltering, value } from '../support/sheltering.ts';

afterEach(() => vi.restoreAllMocks());

/** A store after an outage, with one document per request. `answer` ends the probe. */
async function afterAnOutage(resilience: object = {}, more: Parameters<typeof sheltering>[1] = {}) {
  const set = sheltering(
    { a: '{"b":"fake"}', 'a/b/c': 'fake' },
    {
      cache: false,
      resilience: { attempts: 1, breaker: { failures: 1, resetMs: 1_000 }, ...resilience },
      ...more,
    },
    { batch: 1 },
  );
  const { provider, source, clock } = set;
  source.befall = down;
  await code(provider.get('z'));
  await clock.advance(2_000);
  source.asked.length = 0;
  let answer = (_how?: unknown): void => {};
  const probing: Befall = () => {
    source.befall = () => undefined;
    return new Promise<void>((resolve, reject) => {
      answer = (how) => (how ? reject(how) : resolve());
    });
  };
  source.befall = probing;
  return { ...set, answer: (how?: unknown) => answer(how) };
}

describe('while one request probes the store', () => {
  it('other documents of the same key wait, and the first look-up succeeds', async () => {
    const { provider, source, clock, answer } = await afterAnOutage();
    const reading = value(provider.get('a.b'));
    await clock.advance(500);
    expect(provider.status('a.b')?.breaker).toBe('half-open');
    expect(source.asked).toHaveLength(1);
    answer();
    expect(await reading).toBe('fake');
    expect(source.asked.map(({ documents }) => documents)).toEqual([['a'], ['a/b']]);
  });

  it('fifty other requests wait, then run at the usual pace', async () => {
    const { provider, source, clock, answer } = await afterAnOutage({}, { limits: { concurrency: 4 } });
    const all = Array.from({ length: 51 }, (_, i) => code(provider.get(`k${i}`)));
    await clock.advance(500);
    expect(source.asked).toHaveLength(1);
    let running = 0;
    let most = 0;
    source.befall = async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => void clock.after(10, resolve));
      running--;
    };
    answer();
    await clock.advance(500);
    expect(new Set(await Promise.all(all))).toEqual(new Set(['answered']));
    expect(source.asked).toHaveLength(51);
    expect(most).toBe(4);
  });

  it('the others fail with its error when the store is still down', async () => {
    const { provider, source, clock, answer } = await afterAnOutage();
    const all = Array.from({ length: 51 }, (_, i) =>
      provider.get(`k${i}`).catch((error: ConfigError) => error),
    );
    await clock.advance(500);
    answer(new Error('still down'));
    const errors = (await Promise.all(all)) as ConfigError[];
    expect(errors.map(({ code }) => code).sort()).toEqual([...Array(50).fill('circuit_open'), 'unavailable']);
    for (const error of errors)
      if (error.code === 'circuit_open') expect(error.message).toMatch(/may start in [12] s/);
    expect(source.asked).toHaveLength(1);
    expect(provider.status('a')?.breaker).toBe('open');
  });

  it('a waiting caller that aborts is rejected at once', async () => {
    const { provider, source, clock, answer } = await afterAnOutage();
    const caller = new AbortController();
    const probe = code(provider.get('p'));
    await clock.advance(0);
    const waiting = code(provider.get('q', { signal: caller.signal }));
    await clock.advance(100);
    caller.abort();
    expect(await waiting).toBe('aborted');
    expect(source.asked).toHaveLength(1);
    answer();
    expect(await probe).toBe('answered');
  });

  it('a waiting request ends at its own deadline', async () => {
    const { provider, source, clock } = sheltering(
      {},
      {
        cache: false,
        resilience: { attempts: 2, deadlineMs: 3_000, breaker: { failures: 2, resetMs: 1_000 } },
      },
      { batch: 1 },
    );
    source.befall = () => {
      throw new ConfigError('throttled', 'the store says slow down', { retryAfterMs: 2_000 });
    };
    const reading = code(provider.get('early'));
    await clock.advance(100);
    source.befall = down;
    expect(await code(provider.get('other'))).toBe('unavailable');
    await clock.advance(1_400);
    source.befall = hang;
    const probe = code(provider.get('probe'));
    await clock.advance(1_400);
    expect(provider.stats().retries).toBe(1);
    expect(provider.status('probe')?.breaker).toBe('half-open');
    await clock.advance(100);
    expect(await reading).toBe('throttled');
    expect(source.asked).toHaveLength(3);
    await provider.close();
    expect(await probe).toBe('aborted');
  });

  it('closing rejects all waiting requests', async () => {
    const { provider, source, clock } = await afterAnOutage();
    const all = ['p', 'q', 'r'].map((key) => code(provider.get(key)));
    await clock.advance(100);
    await provider.close();
    expect(await Promise.all(all)).toEqual(['aborted', 'aborted', 'aborted']);
    expect(source.asked).toHaveLength(1);
  });

  it('a late failure from before the outage does not end the probe', async () => {
    const { provider, source, clock } = sheltering(
      {},
      {
        cache: false,
        resilience: { attempts: 1, timeoutMs: 5_000, breaker: { failures: 1, resetMs: 1_000 } },
      },
      { batch: 1 },
    );
    source.befall = hang;
    const late = code(provider.get('late'));
    await clock.advance(3_000);
    source.befall = down;
    await code(provider.get('other'));
    await clock.advance(2_000);
    source.befall = hang;
    const probe = code(provider.get('probe'));
    await clock.advance(1_000);
    expect(await late).toBe('timeout');
    expect(provider.status('probe')?.breaker).toBe('half-open');
    const waiting = code(provider.get('waiting'));
    await clock.advance(10_000);
    expect([await probe, await waiting]).toEqual(['timeout', 'circuit_open']);
    expect(source.asked).toHaveLength(3);
  });
});

describe('the moment of a probe', () => {
  /** The next probe, in milliseconds from now. */
  const next = async (provider: ReturnType<typeof sheltering>['provider']): Promise<unknown> =>
    ((await provider.get('z').catch((error: unknown) => error)) as ConfigError).retryAfterMs;

  it.each([
    [0, 1_000, 1_000],
    [0.5, 1_500, 1_050],
    [0.9999, 2_000, 1_100],
  ])(
    'for the random number %d, the first is after %d ms and the second after %d ms',
    async (drawn, first, later) => {
      vi.spyOn(Math, 'random').mockReturnValue(drawn);
      const { provider, source, clock } = sheltering(
        {},
        { resilience: { attempts: 1, breaker: { failures: 1, resetMs: 1_000 } } },
      );
      source.befall = down;
      const outage = async (): Promise<void> => {
        await code(provider.get('z'));
        expect(await next(provider)).toBe(first);
        await clock.advance(first);
        for (let i = 0; i < 2; i++) {
          expect(await code(provider.get('z'))).toBe('unavailable');
          expect(await next(provider)).toBe(later);
          await clock.advance(later);
        }
      };
      await outage();
      source.befall = () => undefined;
      await provider.get('y');
      source.befall = down;
      // a new outage
      await outage();
    },
  );
});
