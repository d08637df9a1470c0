// Requests that a policy of the user makes: policies of cockatiel, and policies that do anything at all.

import { tracingChannel } from 'node:diagnostics_channel';
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  ConsecutiveBreaker,
  ConstantBackoff,
  circuitBreaker,
  fallback,
  handleAll,
  handleWhen,
  type IPolicy,
  noop,
  retry,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { ConfigError, isConfigError } from '../../src/errors.ts';
import type { ConfigEvent } from '../../src/events.ts';
import { type RequestPolicy, type ShelterOptions, sheltered } from '../../src/shelter/index.ts';
// imported up front, so that the manual clock never overtakes the import
import '../../src/shelter/request/policy.ts';
import { type Befall, down, type FakeSource, failing, hang } from '../support/fake-source.ts';
import { code, sheltering, value } from '../support/sheltering.ts';

type Attempt = (context?: unknown) => Promise<unknown>;
type Execute = (request: Attempt, signal: AbortSignal) => unknown;

/** A policy from a function that may do anything. */
const policy = (execute: Execute): RequestPolicy => ({ execute: execute as never });
const never = new AbortController().signal;
const transient = handleWhen((error) =>
  isConfigError(error) ? error.transient : error instanceof TaskCancelledError,
);

function under(
  execute: Execute,
  befall?: Befall,
  more: Partial<FakeSource> = {},
  options: ShelterOptions = {},
) {
  const made = sheltering({ a: 'A', b: 'B' }, { resilience: policy(execute), ...options }, more);
  if (befall) made.source.befall = befall;
  const events: ConfigEvent[] = [];
  made.provider.on((event) => void events.push(event));
  return { ...made, events };
}

const lost: unknown[] = [];
const note = (reason: unknown): void => void lost.push(reason);
const turn = (): Promise<void> => new Promise((done) => void setImmediate(done));
beforeEach(() => {
  lost.length = 0;
  process.on('unhandledRejection', note);
});
afterEach(async () => {
  await turn();
  process.off('unhandledRejection', note);
  expect(lost).toEqual([]);
});

/** A store that fails some times, and then answers. */
const recovering = (failures: number): Befall => {
  let left = failures;
  return () => (left-- > 0 ? down() : undefined);
};

describe('a policy of cockatiel', () => {
  it('policies are assignable, and no policy that replaces a failure by a value', () => {
    const breaker = circuitBreaker(transient, { halfOpenAfter: 1, breaker: new ConsecutiveBreaker(5) });
    const wrapped = wrap(
      retry(transient, { maxAttempts: 2 }),
      breaker,
      timeout(1, TimeoutStrategy.Aggressive),
    );
    for (const one of [wrapped, breaker, bulkhead(1), noop, retry(handleAll, {})])
      expectTypeOf(one).toExtend<RequestPolicy>();
    expectTypeOf<IPolicy>().toExtend<RequestPolicy>();
    expectTypeOf(fallback(handleAll, 5)).not.toExtend<RequestPolicy>();
    const options: ShelterOptions = { resilience: wrapped };
    expect(sheltering({}, options).provider.name).toBe('store');
  });

  it('wrap(retry, breaker, timeout) repeats requests, and its open circuit refuses them', async () => {
    const breaker = circuitBreaker(transient, { halfOpenAfter: 60_000, breaker: new ConsecutiveBreaker(4) });
    const wrapped = wrap(
      retry(transient, { maxAttempts: 2, backoff: new ConstantBackoff(0) }),
      breaker,
      timeout(60_000, TimeoutStrategy.Aggressive),
    );
    const { provider, source } = sheltering({ a: 'A' }, { resilience: wrapped });
    source.befall = recovering(1);
    expect(await value(provider.get('a'))).toBe('A');
    source.befall = down;
    expect(await code(provider.get('a', { maxAgeMs: 0 }))).toBe('unavailable');
    expect(await code(provider.get('a', { maxAgeMs: 0 }))).toBe('unavailable');
    expect(source.count('read')).toBe(6);
    const open = await provider.get('a', { maxAgeMs: 0 }).catch((error: unknown) => error);
    expect(open).toMatchObject({ code: 'circuit_open', transient: true, provider: 'store' });
    expect((open as ConfigError).cause).toMatchObject({ code: 'unavailable' });
    expect(source.count('read')).toBe(6);
    expect(await value(provider.get('a'))).toBe('A');
  });

  it.each([TimeoutStrategy.Aggressive, TimeoutStrategy.Cooperative])(
    'a timeout (%s) ends the attempt, frees its turn, and the retry gets the answer',
    async (strategy) => {
      const signals: AbortSignal[] = [];
      const { provider, source } = sheltering(
        { a: 'A' },
        {
          limits: { concurrency: 1 },
          resilience: wrap(
            retry(transient, { maxAttempts: 1, backoff: new ConstantBackoff(0) }),
            timeout(5, strategy),
          ),
        },
      );
      source.befall = (_, call) => {
        signals.push(call.signal);
        return signals.length === 1 ? hang() : undefined;
      };
      expect(await value(provider.get('a'))).toBe('A');
      expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
      expect(signals[0]?.reason).toMatchObject({ code: 'timeout' });
    },
  );

  it('a timeout without a retry is a timeout, and a full bulkhead throttles', async () => {
    const timed = sheltering({ a: 'A' }, { resilience: timeout(5, TimeoutStrategy.Aggressive) });
    timed.source.befall = hang;
    expect(await code(timed.provider.get('a'))).toBe('timeout');
    const full = sheltering({ a: 'A', b: 'B' }, { resilience: bulkhead(1, 0) }, { batch: 1 });
    full.source.befall = turn;
    expect(await Promise.all([code(full.provider.get('a')), code(full.provider.get('b'))])).toEqual([
      'answered',
      'throttled',
    ]);
  });

  it('a fallback to a value is a failure, and never an absence', async () => {
    const { provider, source } = sheltering(
      { a: 'A' },
      { resilience: fallback(handleAll, undefined) as never },
    );
    source.befall = down;
    expect(await code(provider.get('a'))).toBe('unavailable');
  });
});

describe('attempts of a policy', () => {
  const twice: Execute = async (request) => {
    try {
      return await request({ signal: never });
    } catch {
      return request({ signal: never });
    }
  };

  it('each attempt is counted, emitted and traced with its number', async () => {
    const { provider, source, events } = under(twice, recovering(1));
    const traced: unknown[] = [];
    const channel = tracingChannel('llm-config-manager:request');
    const subscriber = {
      start: (context: object) => void traced.push((context as { attempt: number }).attempt),
    };
    channel.subscribe(subscriber as never);
    expect(await value(provider.get('a'))).toBe('A');
    await turn();
    channel.unsubscribe(subscriber as never);
    expect(traced).toEqual([1, 2]);
    expect(source.asked.map(({ id }) => id)).toEqual(Array(2).fill(source.asked[0]?.id));
    expect(events.filter(({ type }) => type === 'request')).toMatchObject([
      { attempt: 1, outcome: 'unavailable' },
      { attempt: 2, outcome: 'ok' },
    ]);
    expect(events.filter(({ type }) => type === 'retry')).toMatchObject([
      { attempt: 2, delayMs: 0, outcome: 'unavailable' },
    ]);
    expect(provider.stats()).toMatchObject({ requests: 2, retries: 1, errors: 1 });
  });

  it('the failure of an attempt is a ConfigError, and the policy may pass it on', async () => {
    const seen: unknown[] = [];
    const { provider } = under(async (request) => {
      await request({ signal: never }).catch((error: unknown) => {
        seen.push(isConfigError(error) && [error.code, error.transient]);
        throw error;
      });
    }, failing('access_denied'));
    expect(await code(provider.get('a'))).toBe('access_denied');
    expect(seen).toEqual([['access_denied', false]]);
  });

  it('attempts wait for their turn', async () => {
    let [inFlight, most] = [0, 0];
    const { provider } = under(
      (request) => Promise.race([request(), request(), request()]),
      async () => {
        most = Math.max(most, ++inFlight);
        await turn();
        await turn();
        inFlight--;
      },
      {},
      { limits: { concurrency: 2 } },
    );
    expect(await value(provider.get('a'))).toBe('A');
    expect(most).toBe(2);
  });

  it('the first answer of hedged attempts counts, and the others end', async () => {
    const signals: AbortSignal[] = [];
    const { provider, events } = under(
      (request) => Promise.any([request(), request()]),
      (_, call) => {
        signals.push(call.signal);
        return signals.length === 1 ? hang() : undefined;
      },
    );
    expect(await value(provider.get('a'))).toBe('A');
    await turn();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(signals[0]?.reason).toMatchObject({ code: 'aborted' });
    expect(events.filter(({ type }) => type === 'retry')).toEqual([]);
    expect(await provider.health()).toMatchObject({ status: 'ok' });
  });

  it('when all hedged attempts fail, the request has the failure of one', async () => {
    const { provider } = under((request) => Promise.any([request(), request()]), down);
    expect(await code(provider.get('a'))).toBe('unavailable');
  });

  it('hedged pages list each entry once', async () => {
    const { provider } = under((request) => Promise.all([request(), request()]), turn, { freePages: true });
    expect((await provider.list()).map(({ key }) => key).sort()).toEqual(['a', 'b']);
  });

  it('hedged batches answer each document, also where each attempt has a part of it', async () => {
    const { provider, source } = under((request) => Promise.any([request(), request()]));
    let calls = 0;
    source.read = async (documents) => {
      const answered = ++calls === 1 ? 'a' : 'b';
      await turn();
      await turn();
      return new Map(
        documents.map((document) => [
          document,
          document === answered ? source.outcome(document) : new ConfigError('throttled', 'slow'),
        ]),
      );
    };
    const found = await provider.getMany(['a', 'b']);
    expect([...found.values()].map((one) => (one as { value?: unknown }).value)).toEqual(['A', 'B']);
  });

  it('a log-in goes through the policy, and is not sent twice at a time', async () => {
    let logins = 0;
    const types: number[] = [];
    const { provider } = under(
      (request) => {
        types.push(1);
        return Promise.all([request(), request()]);
      },
      undefined,
      {
        connect: async () => {
          logins++;
          await turn();
          return true;
        },
      },
    );
    expect(await value(provider.get('a'))).toBe('A');
    expect([logins, types.length]).toEqual([1, 2]);
  });

  it('a refused log-in is not repeated, whatever the policy does', async () => {
    let logins = 0;
    const { provider } = under(twice, undefined, {
      connect: async () => {
        logins++;
        throw new ConfigError('access_denied', 'no');
      },
    });
    expect(await code(provider.get('a'))).toBe('access_denied');
    expect(logins).toBe(1);
  });

  it('an expired log-in is renewed around the policy', async () => {
    let refused = true;
    const { provider, source } = under(
      (request) => request(),
      (asked) => (asked.operation === 'read' && refused ? failing('unauthenticated')() : undefined),
      {
        connect: async (error) => {
          refused = error === undefined;
          return true;
        },
      },
    );
    expect(await value(provider.get('a'))).toBe('A');
    expect(source.count('read')).toBe(2);
  });
});

describe('a write under a policy', () => {
  const stubborn: Execute = async (request) => {
    let last: unknown;
    for (let i = 0; i < 4; i++)
      try {
        return await request({ signal: never });
      } catch (error) {
        last = error;
      }
    throw last;
  };
  const onWrite =
    (befall: Befall): Befall =>
    (asked, call) =>
      asked.operation === 'write' ? befall(asked, call) : undefined;

  it('a write is repeated after throttled', async () => {
    let left = 2;
    const throttled = onWrite(() => (left-- > 0 ? failing('throttled')() : undefined));
    const { provider, source } = under(stubborn, throttled);
    await (provider as ReturnType<typeof sheltering>['provider']).set('a', 'X');
    expect(source.count('write')).toBe(3);
  });

  it.each(['timeout', 'unavailable', 'conflict'] as const)(
    'a write is not repeated after %s, whatever the policy does',
    async (failure) => {
      const { provider, source } = under(stubborn, onWrite(failing(failure)));
      expect(await code(provider.set('a', 'X', { ifVersion: '1' }))).toBe(failure);
      expect(source.count('write')).toBe(1);
    },
  );

  it('a write that the policy has timed out is not repeated', async () => {
    const { provider, source } = sheltering(
      { a: 'A' },
      {
        resilience: wrap(
          retry(handleAll, { maxAttempts: 3, backoff: new ConstantBackoff(0) }),
          timeout(5, TimeoutStrategy.Aggressive),
        ),
      },
    );
    source.befall = onWrite(hang);
    expect(await code(provider.set('a', 'X'))).toBe('timeout');
    expect(source.count('write')).toBe(1);
  });

  it('a hedged write is sent once, and both calls have its result', async () => {
    const { provider, source } = under((request) => Promise.all([request(), request(), request()]), turn);
    await provider.set('a', 'X');
    expect(source.count('write')).toBe(1);
    expect(await value(provider.get('a'))).toBe('X');
  });
});

describe('a policy that misbehaves', () => {
  const error = (name: string): Error => Object.assign(new Error('fake-secret'), { name });
  const untouchable = new Proxy(
    {},
    {
      get: () => {
        throw new Error('must not be accessed');
      },
    },
  );

  it.each<[string, unknown, string]>([
    ['an open circuit of cockatiel', new BrokenCircuitError(), 'circuit_open'],
    ['a hydrating circuit', { isHydratingCircuitError: true }, 'circuit_open'],
    ['a cancelled task', new TaskCancelledError(), 'timeout'],
    ['a full bulkhead', new BulkheadRejectedError(1, 0), 'throttled'],
    ['a TimeoutError', error('TimeoutError'), 'timeout'],
    ['an AbortError', error('AbortError'), 'timeout'],
    ['a ConfigError', new ConfigError('quota_exceeded', 'enough'), 'quota_exceeded'],
    ['another error', error('TypeError'), 'io'],
    ['a string', 'fake-secret', 'io'],
    ['nothing', undefined, 'io'],
    ['what throws when it is read', untouchable, 'io'],
  ])('%s that is thrown without an attempt has its code', async (_, thrown, expected) => {
    for (const execute of [
      () => {
        throw thrown;
      },
      () => Promise.reject(thrown),
    ]) {
      const { provider, source } = under(execute);
      const failure = await provider.get('a').catch((one: unknown) => one);
      expect(failure).toMatchObject({ code: expected, provider: 'store', key: 'a' });
      expect((failure as ConfigError).message).not.toContain('fake-secret');
      expect(source.asked).toEqual([]);
    }
  });

  it.each<[string, Execute]>([
    ['returns undefined', () => undefined],
    ['returns a value', () => 5],
    ['returns null', async () => null],
    [
      'returns a thenable that throws',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: a policy may return anything
        get then() {
          throw new Error('x');
        },
      }),
    ],
    ['starts an attempt and does not wait', (request) => void request()],
  ])('a policy that %s fails the request with io', async (_, execute) => {
    const { provider } = under(execute, turn);
    expect(await code(provider.get('a'))).toBe('io');
    expect(await code(provider.list())).toBe('io');
    expect(await code(provider.set('a', 'X'))).toBe('io');
  });

  it('a policy that swallows the failure does not make a key absent', async () => {
    const { provider } = under(async (request) => {
      await request().catch(() => undefined);
      return undefined;
    }, down);
    expect(await code(provider.get('a'))).toBe('unavailable');
    expect(await code(provider.list())).toBe('unavailable');
  });

  it('what a policy returns or throws after an answer does not matter', async () => {
    for (const execute of [
      (request: Attempt) => request().then(() => 'garbage'),
      async (request: Attempt) => {
        await request();
        throw new Error('late');
      },
      async (request: Attempt) => {
        await request();
        return hang();
      },
    ]) {
      const { provider } = under(execute);
      expect(await value(provider.get('a'))).toBe('A');
      await provider.close();
    }
  });

  it.each<[string, unknown]>([
    ['no context', undefined],
    ['an empty context', {}],
    ['a signal that is not one', { signal: 'x' }],
  ])('an attempt with %s ends with the request', async (_, context) => {
    const { provider } = under((request) => request(context));
    expect(await value(provider.get('a'))).toBe('A');
  });

  it('an attempt whose signal has fired already makes no request', async () => {
    const { provider, source } = under((request) => request({ signal: AbortSignal.abort() }));
    expect(await code(provider.get('a'))).toBe('timeout');
    expect(source.asked).toEqual([]);
  });

  it('a policy that never settles is ended by the deadline, on the clock of the shelter', async () => {
    let given: AbortSignal | undefined;
    const { provider, clock } = under((_, signal) => {
      given = signal;
      return hang();
    });
    const reading = code(provider.get('a'));
    await clock.advance(14_999);
    expect(given?.aborted).toBe(false);
    await clock.advance(1);
    expect(await reading).toBe('timeout');
    expect(given?.aborted).toBe(true);
  });

  it('deadlineMs of a policy replaces the default', async () => {
    const { provider, clock } = under(
      hang,
      undefined,
      {},
      { resilience: { execute: hang, deadlineMs: 100 } },
    );
    const reading = code(provider.get('a'));
    await clock.advance(100);
    expect(await reading).toBe('timeout');
  });

  it('an attempt in flight ends with the deadline', async () => {
    let signal: AbortSignal | undefined;
    const { provider, clock } = under(
      (request) => request(),
      (_, call) => {
        signal = call.signal;
        return hang();
      },
    );
    const reading = code(provider.get('a'));
    await clock.advance(15_000);
    expect(await reading).toBe('timeout');
    expect(signal?.aborted).toBe(true);
  });

  it('a policy that repeats without end and without a pause is ended by the deadline', async () => {
    let stop = false;
    const { provider, clock } = under(async (request) => {
      while (!stop) await request().catch(() => undefined);
    }, down);
    const reading = code(provider.get('a'));
    await clock.advance(15_000);
    expect(await reading).toBe('unavailable');
    stop = true;
  });

  it('an attempt after an answer makes no request', async () => {
    const { provider, source } = under(async (request) => {
      await request();
      await request();
    });
    expect(await value(provider.get('a'))).toBe('A');
    await turn();
    await turn();
    expect(source.count('read')).toBe(1);
  });

  it('an attempt after the end of the request makes no request', async () => {
    let request: Attempt | undefined;
    const { provider, source } = under((given) => {
      request = given;
      return given();
    });
    expect(await value(provider.get('a'))).toBe('A');
    await turn();
    await expect(request?.()).rejects.toMatchObject({ code: 'aborted' });
    expect(source.count('read')).toBe(1);
  });

  it('close ends what a policy does, and later attempts fail', async () => {
    let request: Attempt | undefined;
    let finish: () => void = () => undefined;
    const { provider, source } = under((given) => {
      request = given;
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    });
    const reading = code(provider.get('a'));
    await turn();
    await provider.close();
    expect(await reading).toBe('aborted');
    finish();
    await expect(request?.()).rejects.toMatchObject({ code: 'aborted' });
    expect(source.asked).toEqual([]);
  });

  it('a thousand readers under a policy leave no listener and no warning', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warn);
    const documents = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, 'v']));
    const { provider } = sheltering(
      documents,
      {
        resilience: policy((request, signal) =>
          Promise.any(Array.from({ length: 20 }, () => request({ signal }))),
        ),
        limits: { concurrency: 100 },
      },
      { batch: 1 },
    );
    const found = await provider.getMany(Object.keys(documents));
    expect([...found.values()].every((one) => (one as { value?: unknown }).value === 'v')).toBe(true);
    await turn();
    process.off('warning', warn);
    expect(warnings).toEqual([]);
  });
});

describe('options and state', () => {
  it('the state of the breaker is unknown, and the provider is healthy', async () => {
    const { provider } = under((request) => request());
    expect(await value(provider.get('a'))).toBe('A');
    expect(provider.status('a')).not.toHaveProperty('breaker');
    const health = await provider.health();
    expect(health.status).toBe('ok');
    expect(health).not.toHaveProperty('breaker');
  });

  it('a ping is sent once', async () => {
    let pings = 0;
    const { provider } = under(async (request) => request().catch(() => request()), undefined, {
      ping: async () => {
        pings++;
        down();
      },
    });
    expect(await provider.health()).toMatchObject({ status: 'down' });
    expect(pings).toBe(1);
  });

  it.each<[string, unknown, string]>([
    ['attempts', { execute: hang, attempts: 3 }, 'execute and attempts exclude each other'],
    ['breaker', { execute: hang, breaker: false }, 'execute and breaker exclude each other'],
    ['execute that is no function', { execute: 5 }, 'execute must be a function'],
    ['a deadline that is no number', { execute: hang, deadlineMs: '5' }, 'deadlineMs must be a number'],
    ['a function', hang, 'resilience must be an object or false'],
  ])('%s is refused', (_, resilience, message) => {
    const make = () => sheltering({}, { resilience: resilience as never });
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_option' }));
    expect(make).toThrow(message);
  });

  it('a policy keeps its own this', async () => {
    class Own {
      calls = 0;
      execute<T>(request: (context: { signal: AbortSignal }) => Promise<T>): Promise<T> {
        this.calls++;
        return request({ signal: never });
      }
    }
    const own = new Own();
    const provider = sheltered(sheltering({ a: 'A' }).source, { resilience: own });
    expect(await value(provider.get('a'))).toBe('A');
    expect(own.calls).toBe(1);
  });
});
