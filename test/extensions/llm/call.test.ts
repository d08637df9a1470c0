// Calls: which endpoint is asked, how often, and what the caller gets.

import { getEventListeners } from 'node:events';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { ConfigError } from '../../../src/errors.ts';
import type { LlmData } from '../../../src/extensions/llm/data.ts';
import { reveal } from '../../../src/reveal.ts';
import { manualClock } from '../../../src/testing/clock.ts';
import { code } from '../../support/sheltering.ts';
import { backend, http, type Loaded, loaded, two } from './loaded.ts';

const failed = (work: Promise<unknown>): Promise<ConfigError> =>
  work.then(
    () => {
      throw new Error('the call has been answered');
    },
    (error: ConfigError) => error,
  );
const withTask = (use: LlmData['tasks'][string], endpoints: object = {}): LlmData => ({
  endpoints: {
    first: { ...two.endpoints.first, ...(endpoints as { first?: object }).first },
    second: { ...two.endpoints.second, ...(endpoints as { second?: object }).second },
  },
  tasks: { chat: use },
});

describe('failover', () => {
  it('asks the first endpoint, with a signal and its number', async () => {
    await using it = await loaded();
    const answer = await it.ai.task('chat').run(async ({ name, model }, { signal, attempt }) => {
      expect(signal.aborted).toBe(false);
      return `${name} ${model} ${attempt}`;
    });
    expect(answer).toBe('first gpt-x 1');
    expect(it.events.map(({ type, level }) => `${type} ${level}`)).toEqual(['attempt debug']);
  });

  it('a throttled endpoint is left at once, and rests as long as it says', async () => {
    await using it = await loaded();
    const ask = backend({ first: [http(429, {}, { 'retry-after': '7' }), 'back'], second: 'b' });
    const task = it.ai.task('chat');
    expect([await task.run(ask), await task.run(ask)]).toEqual(['b', 'b']);
    expect(ask.asked).toEqual(['first', 'second', 'second']);
    expect(it.ai.explain('chat').endpoints[0]).toMatchObject({ state: 'cooling', forMs: 7_000 });
    await it.clock.advance(7_001);
    expect(await task.run(ask)).toBe('back');
  });

  it('endpoints of one quota rest together, also of other tasks, and others do not', async () => {
    const { first, second } = two.endpoints;
    await using it = await loaded({
      endpoints: {
        first,
        same: { ...first, model: 'gpt-z' },
        other: { ...first, auth: { type: 'ambient' } },
        second,
      },
      tasks: { chat: { use: ['first', 'second'] }, more: { use: ['same', 'other'] } },
    });
    const ask = backend({ first: http(429), second: 'b', same: 'c', other: 'd' });
    await it.ai.task('chat').run(ask);
    expect(await it.ai.task('more').run(ask)).toBe('d');
  });

  it('spent quota rests for five minutes, and is an event at the level of errors', async () => {
    await using it = await loaded();
    const ask = backend({ first: [http(429, { code: 'insufficient_quota' }), 'back'], second: 'b' });
    await it.ai.task('chat').run(ask);
    expect(it.events.filter(({ level }) => level === 'error')).toMatchObject([
      { type: 'resting', endpoint: 'first', outcome: 'quota_exceeded', forMs: 300_000 },
      { type: 'attempt', endpoint: 'first', outcome: 'quota_exceeded' },
    ]);
    await it.clock.advance(299_000);
    expect(await it.ai.task('chat').run(ask)).toBe('b');
    await it.clock.advance(1_001);
    expect(await it.ai.task('chat').run(ask)).toBe('back');
  });

  it('a server error is repeated once, then the next endpoint is asked', async () => {
    await using it = await loaded();
    const ask = backend({ first: [http(503)], second: 'b' });
    expect(await it.clock.until(it.ai.task('chat').run(ask))).toBe('b');
    expect(ask.asked).toEqual(['first', 'first', 'second']);
    expect(it.events.map(({ type }) => type)).toEqual(['attempt', 'attempt', 'failover', 'attempt']);
  });

  it('a server that asks for a long pause is not repeated', async () => {
    await using it = await loaded();
    const ask = backend({ first: [http(503, {}, { 'retry-after': '30' })], second: 'b' });
    expect(await it.ai.task('chat').run(ask)).toBe('b');
    await it.ai.task('chat').run(ask);
    expect(ask.asked).toEqual(['first', 'second', 'second']);
  });

  it('twenty calls ask a broken endpoint three times; later, one of ten probes it', async () => {
    await using it = await loaded(withTask(two.tasks.chat, { first: { retries: 0 } }));
    const ask = backend({ first: [http(500), http(500), http(500), http(500), 'back'], second: 'b' });
    const task = it.ai.task('chat');
    for (let n = 0; n < 20; n++) expect(await task.run(ask)).toBe('b');
    const times = () => ask.asked.filter((name) => name === 'first').length;
    expect(times()).toBe(3);
    expect(it.events.filter(({ type }) => type === 'breaker')).toMatchObject([
      { state: 'open', level: 'error' },
    ]);
    await it.clock.advance(120_001);
    await Promise.all(Array.from({ length: 10 }, () => task.run(ask)));
    expect(times()).toBe(4);
    await it.clock.advance(120_001);
    expect(await task.run(ask)).toBe('back');
  });

  const breakers = ({ events }: Loaded) =>
    events.flatMap((event) => (event.type === 'breaker' ? [event.state] : []));

  it.for<[string, Error, boolean]>([
    ['a timeout', http(408), true],
    ['an absent model', http(404, { code: 'model_not_found' }), true],
    ['a refused key', http(401), true],
    ['a failed server', http(500), true],
    ['too many requests', http(429, {}, { 'retry-after': '0' }), false],
    ['spent quota', http(402, {}, { 'retry-after': '0' }), false],
    ['a long input', http(400, { code: 'context_length_exceeded' }), false],
    ['a content filter', http(400, { code: 'content_filter' }), false],
    ['a wrong request', http(400), false],
    ['an error of your own', new Error('mine'), false],
  ])('three times %s: the circuit opens is %s', async ([, error, opens], { expect }) => {
    await using it = await loaded();
    const ask = backend({ first: error, second: 'b' });
    for (let n = 0; n < 3; n++)
      await it.clock.until(
        it.ai
          .task('chat')
          .run(ask)
          .catch(() => undefined),
      );
    expect(breakers(it)).toEqual(opens ? ['open'] : []);
  });

  it('models with the same key have circuits of their own', async () => {
    await using it = await loaded(
      withTask(two.tasks.chat, { second: { ...two.endpoints.first, model: 'b' } }),
    );
    const ask = backend({ first: http(500), second: 'b' });
    for (let n = 0; n < 4; n++) expect(await it.clock.until(it.ai.task('chat').run(ask))).toBe('b');
    expect(it.ai.explain('chat').endpoints.map(({ state }) => state)).toEqual(['cooling', 'in use']);
  });

  it('a probe that is refused closes the circuit, and one that is aborted does not', async () => {
    await using it = await loaded();
    const chat = it.ai.task('chat');
    const down = backend({ first: http(408), second: 'b' });
    for (let n = 0; n < 3; n++) await chat.run(down);
    await it.clock.advance(120_001);
    const aborted = new AbortController();
    const asked: string[] = [];
    const left = chat.run(
      ({ name }) => {
        asked.push(name);
        aborted.abort();
        return new Promise(() => undefined);
      },
      { signal: aborted.signal },
    );
    await expect(left).rejects.toMatchObject({ code: 'aborted' });
    expect(asked).toEqual(['first']);
    expect(breakers(it)).not.toContain('closed');
    await it.clock.advance(600_001);
    await expect(chat.run(backend({ first: http(400) }))).rejects.toMatchObject({ status: 400 });
    expect(breakers(it).at(-1)).toBe('closed');
    expect(await chat.run(backend({ first: 'a' }))).toBe('a');
  });

  it('a stopped primary is left within one attempt when nothing listens there', async () => {
    await using it = await loaded(withTask(two.tasks.chat, { first: { retries: 0 } }));
    const refused = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
    const ask = backend({ first: refused, second: 'b' });
    expect(await it.ai.task('chat').run(ask)).toBe('b');
    expect(ask.asked).toEqual(['first', 'second']);
  });

  it('an error about the request is the client’s own, and no other endpoint is asked', async () => {
    await using it = await loaded();
    for (const error of [
      http(400),
      http(400, { code: 'content_filter' }),
      http(403),
      new TypeError('a bug'),
    ]) {
      const ask = backend({ first: error, second: 'b' });
      expect(
        await it.ai
          .task('chat')
          .run(ask)
          .catch((thrown: unknown) => thrown),
      ).toBe(error);
      expect(ask.asked).toEqual(['first']);
    }
  });

  it('what is too long goes only to a larger context', async () => {
    const tooLong = http(400, { code: 'context_length_exceeded' });
    const ask = () => backend({ first: tooLong, second: 'b' });
    await using larger = await loaded(
      withTask(two.tasks.chat, { first: { contextTokens: 8 }, second: { contextTokens: 9 } }),
    );
    expect(await larger.ai.task('chat').run(ask())).toBe('b');
    for (const second of [{ contextTokens: 8 }, {}]) {
      await using same = await loaded(withTask(two.tasks.chat, { first: { contextTokens: 8 }, second }));
      const asked = ask();
      expect(
        await same.ai
          .task('chat')
          .run(asked)
          .catch((thrown: unknown) => thrown),
      ).toBe(tooLong);
      expect(asked.asked).toEqual(['first']);
    }
  });

  it('without an endpoint left, the error has a line for each endpoint and attempt', async () => {
    await using it = await loaded();
    const ask = backend({
      first: [http(500, { type: 'server_error', message: 'fake-Zq83-first' })],
      second: http(429, { type: 'rate_limit_error' }, { 'retry-after': '9' }),
    });
    const error = await failed(it.clock.until(it.ai.task('chat').run(ask)));
    expect(error).toMatchObject({ code: 'unavailable', transient: true, retryAfterMs: 9_000 });
    expect(error.message).toMatchInlineSnapshot(`
      "chat: no endpoint has answered:
        first (gpt-x), attempt 1: it is not able to answer, HTTP 500, server_error
        first (gpt-x), attempt 2: it is not able to answer, HTTP 500, server_error
        second (claude-y), attempt 3: it is throttled, HTTP 429, rate_limit_error"
    `);
    expect(it.events.at(-1)).toMatchObject({ type: 'exhausted', level: 'error', endpoint: 'second' });
    const again = await failed(it.clock.until(it.ai.task('chat').run(ask)));
    expect(again.message).toContain(
      'second, not asked: it rests, because it is throttled, HTTP 429, rate_limit_error',
    );
  });

  it('an error that classify knows is treated as it says', async () => {
    await using it = await loaded(two, {
      classify: (error) =>
        (error as { status?: number }).status === 418
          ? { reason: 'throttled', retryAfterMs: 60_000 }
          : undefined,
    });
    const ask = backend({ first: http(418), second: 'b' });
    expect(await it.ai.task('chat').run(ask)).toBe('b');
    expect(it.ai.explain('chat').endpoints[0]).toMatchObject({ state: 'cooling', forMs: 60_000 });
  });
});

describe('the choice of an endpoint', () => {
  const weighted = withTask({ use: [[{ endpoint: 'first', weight: 9 }, 'second']] });
  const ask = async ({ name }: { readonly name: string }): Promise<string> => name;

  it('follows the weights, and one subject gets the same endpoint', async () => {
    await using it = await loaded(weighted);
    const task = it.ai.task('chat');
    let first = 0;
    for (let n = 0; n < 1_000; n++) if ((await task.run(ask, { subject: `user ${n}` })) === 'first') first++;
    expect(first / 1_000).toBeCloseTo(0.9, 1);
    const seen = new Set<string>();
    for (let n = 0; n < 20; n++) seen.add(await task.run(ask, { subject: 'ann' }));
    expect(seen.size).toBe(1);
    let random = 0;
    for (let n = 0; n < 1_000; n++) if ((await task.run(ask)) === 'first') random++;
    expect(random / 1_000).toBeCloseTo(0.9, 1);
  });

  it('a weight of zero is only asked after the others', async () => {
    await using it = await loaded(withTask({ use: [[{ endpoint: 'first', weight: 0 }, 'second']] }));
    const plan = backend({ first: 'a', second: [http(429), 'b'] });
    expect(await it.ai.task('chat').run(plan)).toBe('a');
    expect(plan.asked).toEqual(['second', 'first']);
  });

  it('a subject whose endpoint is down gets the other one, and returns', async () => {
    await using it = await loaded(weighted);
    const task = it.ai.task('chat');
    const own = await task.run(ask, { subject: 'ann' });
    const plan = backend({ [own]: http(429), first: 'x', second: 'x', ...{ [own]: http(429) } });
    expect(await task.run(plan, { subject: 'ann' })).toBe('x');
    await it.clock.advance(5_001);
    expect(await task.run(ask, { subject: 'ann' })).toBe(own);
  });

  it('needs skip who cannot, and the error says so', async () => {
    await using it = await loaded(withTask(two.tasks.chat, { second: { supports: ['json'] } }));
    const task = it.ai.task('chat');
    expect(await task.run(ask, { needs: ['json'] })).toBe('second');
    const error = await failed(task.run(ask, { needs: ['json', 'vision'] }));
    expect(error.message).toContain('second, not asked: it does not support vision');
    expect(error.hint).toBe('The call needs json, vision');
  });

  it('a pinned endpoint is asked alone, and the error says why', async () => {
    await using it = await loaded({ ...two, tasks: { chat: { use: ['second'] } } });
    const plan = backend({ first: http(429), second: 'b' });
    const error = await failed(it.ai.task('chat').run(plan, { pin: 'first' }));
    expect(error).toMatchObject({
      code: 'unavailable',
      hint: 'The call is pinned to it, so no other endpoint was asked',
    });
    expect(plan.asked).toEqual(['first']);
    expect(await code(it.ai.task('chat').run(plan, { pin: 'frist' }))).toBe('invalid_key');
  });

  it('an unknown task names the nearest one', async () => {
    await using it = await loaded();
    expect(() => it.ai.task('chta')).toThrow('Did you mean chat?');
    expect(() => it.ai.task('__proto__')).toThrow('has no task "__proto__"');
  });
});

describe('limits', () => {
  const limited = (limits: object, second: object = {}): LlmData =>
    withTask(two.tasks.chat, { first: { limits }, second });

  it('a full endpoint is passed over, until the minute is over', async () => {
    await using it = await loaded(limited({ requestsPerMinute: 3 }));
    const plan = backend({ first: 'a', second: 'b' });
    const task = it.ai.task('chat');
    for (let n = 0; n < 5; n++) await task.run(plan);
    expect(plan.asked.filter((name) => name === 'first')).toHaveLength(3);
    expect(it.ai.explain('chat').endpoints[0]).toMatchObject({ state: 'over limit', forMs: 60_000 });
    await it.clock.advance(60_001);
    expect(await task.run(plan)).toBe('a');
  });

  it('the last endpoint is waited for, and no minute has more than its limit', async () => {
    await using it = await loaded({
      ...limited({ requestsPerMinute: 3 }),
      tasks: { chat: { use: ['first'] } },
    });
    const at: number[] = [];
    const calls = Array.from({ length: 5 }, () =>
      it.ai.task('chat').run(async () => void at.push(it.clock.now())),
    );
    await it.clock.until(Promise.all(calls), 1_000);
    expect(at.map((time) => Math.round((time - (at[0] ?? 0)) / 1_000))).toEqual([0, 0, 0, 60, 60]);
  });

  it('a wait that is longer than the timeout is an error', async () => {
    await using it = await loaded({
      ...limited({ requestsPerMinute: 1 }),
      endpoints: {
        ...two.endpoints,
        first: { ...two.endpoints.first, timeoutMs: 1_000, limits: { requestsPerMinute: 1 } },
      },
      tasks: { chat: { use: ['first'] } },
    });
    const task = it.ai.task('chat');
    await task.run(async () => 'a');
    expect((await failed(task.run(async () => 'a'))).message).toContain('its limit per minute is used up');
  });

  it('an aborted wait ends at once', async () => {
    await using it = await loaded({
      ...limited({ requestsPerMinute: 1 }),
      tasks: { chat: { use: ['first'] } },
    });
    const task = it.ai.task('chat');
    await task.run(async () => 'a');
    const { signal, abort } = ((controller = new AbortController()) => ({
      signal: controller.signal,
      abort: () => controller.abort(),
    }))();
    const waiting = code(task.run(async () => 'a', { signal }));
    await it.clock.advance(10);
    abort();
    expect(await waiting).toBe('aborted');
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('tokens count as the answers say, and as estimated before', async () => {
    await using it = await loaded(limited({ tokensPerMinute: 100 }));
    const task = it.ai.task('chat');
    const ask = async ({ name }: { readonly name: string }) => ({
      name,
      usage: { prompt_tokens: 30, completion_tokens: 30 },
    });
    const asked = async (estimatedTokens: number) => (await task.run(ask, { estimatedTokens })).name;
    expect([await asked(10), await asked(50), await asked(30), await asked(0)]).toEqual([
      'first',
      'second',
      'first',
      'second',
    ]);
  });
});

describe('an abort and a timeout', () => {
  it('an aborted call is not repeated, and its client is', async () => {
    await using it = await loaded();
    const controller = new AbortController();
    let inner: AbortSignal | undefined;
    let asked = 0;
    const call = it.ai.task('chat').run(
      (_, { signal }) => {
        asked++;
        inner = signal;
        return new Promise(() => undefined);
      },
      { signal: controller.signal },
    );
    await it.clock.advance(1);
    controller.abort(new Error('enough'));
    expect(await code(call)).toBe('aborted');
    expect(inner?.reason).toEqual(new Error('enough'));
    expect(asked).toBe(1);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    const late = it.ai.task('chat').run(async () => 'a', { signal: controller.signal });
    expect(await code(late)).toBe('aborted');
  });

  it('a function that ignores its signal is not waited for', async () => {
    await using it = await loaded(withTask(two.tasks.chat, { first: { timeoutMs: 500 } }));
    const call = it.ai
      .task('chat')
      .run(({ name }) => (name === 'first' ? new Promise(() => undefined) : name));
    expect(await it.clock.until(call)).toBe('second');
    expect(it.events[0]).toMatchObject({ type: 'attempt', endpoint: 'first', outcome: 'timeout' });
  });

  it('an abort leaves no timer, also where the client ignores it', async () => {
    const clock = manualClock();
    let timers = 0;
    const after = (ms: number, then: () => void) => {
      timers++;
      let isOver = false;
      const over = (): void => {
        if (!isOver) timers--;
        isOver = true;
      };
      const cancel = clock.after(ms, () => {
        over();
        then();
      });
      return () => {
        over();
        cancel();
      };
    };
    await using it = await loaded(two, { clock: { now: clock.now, after } });
    const stop = new AbortController();
    const call = it.ai.task('chat').run(() => new Promise(() => undefined), { signal: stop.signal });
    await clock.advance(0);
    expect(timers).toBe(1);
    stop.abort();
    await expect(call).rejects.toMatchObject({ code: 'aborted' });
    expect(timers).toBe(0);
  });

  it('a thousand calls leave no listener at a signal that lives long', async () => {
    await using it = await loaded();
    const { signal } = new AbortController();
    const ask = backend({ first: 'a' });
    await Promise.all(Array.from({ length: 1_000 }, () => it.ai.task('chat').run(ask, { signal })));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('a refused credential', () => {
  const rotate = (
    it: { readonly store: { set(key: string, value: string): Promise<unknown> } },
    key = 'fake-Zq83-new',
  ) => it.store.set('llm.endpoints.first.auth.apiKey', key);

  it('is read again, and the same endpoint is asked with the new one', async () => {
    await using it = await loaded();
    await rotate(it);
    const seen: string[] = [];
    const answer = await it.ai.task('chat').run(async ({ name, auth }) => {
      seen.push(name);
      if (reveal(auth.apiKey) === 'fake-Zq83-first') throw http(401);
      return 'a';
    });
    expect([answer, seen]).toEqual(['a', ['first', 'first']]);
    expect(it.events.filter(({ type }) => type === 'reloaded')).toMatchObject([{ outcome: 'ok' }]);
  });

  it('without a new one, the next endpoint is asked, and the store at most once a second', async () => {
    await using it = await loaded();
    let reloads = 0;
    it.ai.config.on(({ type }) => void (type === 'refreshed' && reloads++));
    const ask = backend({ first: http(401), second: 'b' });
    const calls = await Promise.all(Array.from({ length: 2 }, () => it.ai.task('chat').run(ask)));
    expect(calls).toEqual(['b', 'b']);
    await it.ai.task('chat').run(ask);
    expect(reloads).toBe(1);
  });

  it('with another model, the call goes to the next endpoint', async () => {
    await using it = await loaded();
    await rotate(it);
    await it.store.set('llm.endpoints.first.model', 'gpt-other');
    const ask = backend({ first: http(401), second: 'b' });
    expect(await it.ai.task('chat').run(ask)).toBe('b');
    expect(ask.asked).toEqual(['first', 'second']);
  });

  it('1,000 concurrent calls survive a rotation, with one reload', async () => {
    const only = { ...two, tasks: { chat: { use: ['first'] } } };
    await using it = await loaded(only);
    let good = 'fake-Zq83-first';
    let reloads = 0;
    it.ai.config.on(({ type }) => void (type === 'refreshed' && reloads++));
    const calls = Array.from({ length: 1_000 }, (_, n) =>
      it.ai.task('chat').run(async ({ auth }) => {
        for (let turn = 0; turn < n % 7; turn++) await new Promise(setImmediate);
        if (reveal(auth.apiKey) !== good) throw http(401);
        return 'a';
      }),
    );
    await new Promise(setImmediate);
    await rotate(it);
    good = 'fake-Zq83-new';
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['a']));
    expect(reloads).toBe(1);
  });

  it('keys that an error quotes are masked, in the error that is thrown too', async () => {
    await using it = await loaded();
    const key = 'fake-Zq83-first';
    const quoting = Object.assign(new Error(`wrong key ${key}`), {
      status: 400,
      error: { message: `Incorrect API key provided: fake-Zq***rst, ${key}` },
      request: { headers: { authorization: `Bearer ${key}`, url: encodeURIComponent(key) } },
    });
    const error = await it.ai
      .task('chat')
      .run(async () => {
        throw quoting;
      })
      .catch((thrown: unknown) => thrown);
    expect(error).toBe(quoting);
    expect(inspect(error, { depth: 9 })).not.toContain('Zq');
    expect(inspect(error, { depth: 9 })).toContain('wrong key [redacted]');
    const frozen = Object.freeze(Object.assign(new Error('x'), { status: 400 }));
    expect(
      await it.ai
        .task('chat')
        .run(async () => {
          throw frozen;
        })
        .catch((thrown: unknown) => thrown),
    ).toBe(frozen);
  });
});
