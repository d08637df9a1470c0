// Conformance sentences about the shelter of a remote provider: cache, retries and circuit breaker. Used
// by `describeShelter`. Time is a manual clock, and the sentences depend on the cache options of
// `describe-shelter.ts`.

import assert from 'node:assert/strict';
import type { ConfigError } from '../../errors.ts';
import type { VersionedRead } from '../../provider.ts';
import type { CacheOptions } from '../../shelter/options.ts';
import type { Key } from '../../value.ts';
import type { TestContext } from '../test-context.ts';
import { knownUntil, renewedRequests } from './renewal.ts';
import type { Chapter, Sentence } from './sentence.ts';

export interface ShelterSentence extends Sentence {
  /** Overrides the default cache options of the suite. */
  readonly cache?: CacheOptions;
}

const values = { 'service.name': 'inference', 'service.zone': 'b', 'service.warm': 'up' };
const minute = 60_000;
const stale = { staleIfErrorMs: 10 * minute };

/** The value that a read of `key` returns. */
const readValue = async (
  { provider, settled }: TestContext,
  key: Key,
  options?: VersionedRead,
): Promise<unknown> => (await settled(provider.get(key, options)))?.value;

/** The error that a read of `key` rejects with. */
const errorOf = (
  { provider, rejection }: TestContext,
  key: Key,
  options?: VersionedRead,
): Promise<ConfigError> => rejection(provider.get(key, options));

/** The number of requests for `callers` concurrent reads of `key`. */
const requestsFor = (
  { provider, settled, countRequests }: TestContext,
  key: Key,
  callers = 1,
): Promise<number> =>
  countRequests(() => settled(Promise.all(Array.from({ length: callers }, () => provider.get(key)))));

/** Logs in and makes all other one-time requests, so that they are not counted. */
const warmUp = (context: TestContext): Promise<unknown> => readValue(context, 'service.warm');

const cached: Chapter<ShelterSentence> = {
  title: 'cache',
  sentences: [
    {
      title: 'get makes no more requests for a hundred concurrent callers than for one',
      values,
      async check(context) {
        await warmUp(context);
        const single = await requestsFor(context, 'service.name');
        assert.ok(single > 0, 'get made no request');
        assert.equal(await requestsFor(context, 'service.zone', 100), single);
      },
    },
    {
      title: 'get makes no request until the cached value expires, and then reads it again',
      needs: ['change'],
      values,
      async check(context) {
        await readValue(context, 'service.name');
        await context.change('service.name', 'training');
        await context.advance(0.9 * minute);
        assert.equal(await requestsFor(context, 'service.name', 10), 0);
        assert.equal(await readValue(context, 'service.name'), 'inference');
        await context.advance(0.2 * minute);
        assert.equal(await readValue(context, 'service.name'), 'training');
      },
    },
    {
      title: 'get caches that a key is absent, and finds a value added later',
      needs: ['change'],
      values,
      async check(context) {
        await warmUp(context);
        assert.ok((await requestsFor(context, 'service.none')) > 0, 'get made no request');
        for (let i = 0; i < 10; i++) assert.equal(await requestsFor(context, 'service.none', 10), 0);
        await context.change('service.none', 'one');
        await context.advance(0.6 * minute);
        assert.equal(await readValue(context, 'service.none'), 'one');
      },
    },
    {
      title: 'a fresh read bypasses the cache, and its result is cached for other callers',
      needs: ['change'],
      values,
      async check(context) {
        await readValue(context, 'service.name');
        await context.change('service.name', 'training');
        assert.equal(await readValue(context, 'service.name', { maxAgeMs: 0 }), 'training');
        assert.equal(await requestsFor(context, 'service.name', 10), 0);
        assert.equal(await readValue(context, 'service.name'), 'training');
      },
    },
    {
      title: 'get serves the other waiting callers when one of them aborts',
      values,
      async check({ provider, settled, promptRejection }) {
        const caller = new AbortController();
        const first = provider.get('service.name', { signal: caller.signal });
        const others = Array.from({ length: 9 }, () => provider.get('service.name'));
        caller.abort();
        assert.equal((await promptRejection(first)).code, 'aborted');
        for (const entry of await settled(Promise.all(others))) assert.equal(entry?.value, 'inference');
      },
    },
    {
      title: 'get caches each version separately',
      needs: ['versions'],
      values,
      async check(context) {
        const before = await context.rotate('service.name', 'training');
        for (let i = 0; i < 3; i++) {
          assert.equal(await readValue(context, 'service.name', { version: before }), 'inference');
          assert.equal(await readValue(context, 'service.name'), 'training');
        }
      },
    },
    {
      title: 'get never returns a value past its expiry, even where stale values are allowed',
      needs: ['expiry', 'unavailable'],
      values,
      cache: { ttlMs: 60 * minute, ...stale, staleWhileRevalidateMs: 10 * minute },
      async check(context) {
        await context.lend('service.lease', 'fleeting', minute);
        assert.equal(await readValue(context, 'service.lease'), 'fleeting');
        await context.fail('unavailable');
        await context.advance(minute + 1_000);
        assert.equal((await errorOf(context, 'service.lease')).transient, true);
      },
    },
  ],
};

const failing: Chapter<ShelterSentence> = {
  title: 'failures',
  sentences: [
    {
      title: 'get retries a throttled request',
      needs: ['throttled'],
      values,
      async check(context) {
        await warmUp(context);
        await context.fail('throttled');
        const result = context.provider.get('service.name');
        result.catch(() => {});
        await context.idle();
        await context.fail(undefined);
        assert.equal((await context.settled(result))?.value, 'inference');
      },
    },
    {
      title: 'get does not retry a denied request, and asks again after a second',
      needs: ['denied'],
      values,
      async check(context) {
        await warmUp(context);
        const single = await requestsFor(context, 'service.name');
        await context.fail('denied');
        let code: string | undefined;
        const denied = await context.countRequests(async () => {
          const error = await errorOf(context, 'service.zone');
          assert.equal(error.transient, false);
          code = error.code;
        });
        assert.ok(denied <= single, `get made ${denied} requests, but a successful read takes ${single}`);
        const again = await context.countRequests(() => errorOf(context, 'service.zone'));
        if (code === 'access_denied') assert.equal(again, 0, 'get asked again within a second of a denial');
        await context.fail(undefined);
        await context.advance(2_000);
        assert.equal(await readValue(context, 'service.zone'), 'b');
      },
    },
    {
      title: 'get returns stale values for staleIfErrorMs during an outage, and then rejects',
      needs: ['unavailable'],
      values,
      cache: stale,
      async check(context) {
        await readValue(context, 'service.name');
        await context.fail('unavailable');
        for (const minutes of [0.5, 1.5, 7]) {
          await context.advance(minutes * minute);
          assert.equal(
            await readValue(context, 'service.name'),
            'inference',
            `the stale value is missing after ${minutes} more minutes`,
          );
        }
        await context.advance(5 * minute);
        assert.equal((await errorOf(context, 'service.name')).transient, true);
      },
    },
    {
      title: 'get returns no stale value when the backend denies access',
      needs: ['denied'],
      values,
      cache: stale,
      async check(context) {
        await readValue(context, 'service.name');
        await context.fail('denied');
        await context.advance(2 * minute);
        assert.equal((await errorOf(context, 'service.name')).transient, false);
      },
    },
    {
      title: 'a failed fresh read or a refresh during an outage keeps the cached values',
      needs: ['unavailable'],
      values,
      cache: stale,
      async check(context) {
        await readValue(context, 'service.name');
        await context.fail('unavailable');
        assert.equal((await errorOf(context, 'service.name', { maxAgeMs: 0 })).transient, true);
        assert.equal(await requestsFor(context, 'service.name'), 0);
        await context.settled(context.with('refresh').refresh());
        assert.equal(await readValue(context, 'service.name'), 'inference');
      },
    },
    {
      title: 'the breaker blocks requests to a failing backend for a minute, then probes',
      needs: ['unavailable'],
      values,
      async check(context) {
        await warmUp(context);
        await context.fail('unavailable');
        for (let i = 0; i < 6; i++) await errorOf(context, 'service.name');
        const requests = await context.countRequests(async () => {
          for (let i = 0; i < 20; i++)
            assert.equal((await errorOf(context, 'service.name')).code, 'circuit_open');
          await context.advance(0.5 * minute);
          assert.equal((await errorOf(context, 'service.name')).code, 'circuit_open');
        });
        assert.equal(requests, 0, `the open breaker let ${requests} requests through`);
        await context.fail(undefined);
        await context.advance(1.5 * minute);
        assert.equal(await readValue(context, 'service.name'), 'inference');
        assert.equal(await readValue(context, 'service.zone'), 'b');
      },
    },
    {
      title: 'get rejects fifty concurrent callers with timeout while the backend hangs, and recovers',
      needs: ['hang'],
      values,
      async check(context) {
        await warmUp(context);
        await context.fail('hang');
        const errors = await Promise.all(Array.from({ length: 50 }, () => errorOf(context, 'service.name')));
        assert.deepStrictEqual([...new Set(errors.map(({ code }) => code))], ['timeout']);
        await context.fail(undefined);
        assert.equal(await readValue(context, 'service.name'), 'inference');
      },
    },
  ],
};

export const shelterChapters: readonly Chapter<ShelterSentence>[] = [
  cached,
  failing,
  renewedRequests,
  knownUntil,
];
