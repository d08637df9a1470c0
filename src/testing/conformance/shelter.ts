import assert from 'node:assert/strict';
import type { ConfigError } from '../../errors.ts';
import type { CacheOptions } from '../../shelter/options.ts';
import type { VersionedRead } from '../../shelter/sheltered.ts';
import type { Key } from '../../value.ts';
import type { Trial } from '../trial.ts';
import type { Chapter, Sentence } from './sentence.ts';

export interface ShelterSentence extends Sentence {
  /** Other than usual. */
  readonly cache?: CacheOptions;
}

const values = { 'service.name': 'inference', 'service.zone': 'b', 'service.warm': 'up' };
const minute = 60_000;
const stale = { staleIfErrorMs: 10 * minute };

/** What a key's value is found to be. */
const found = async ({ provider, settled }: Trial, key: Key, options?: VersionedRead): Promise<unknown> =>
  (await settled(provider.get(key, options)))?.value;

/** The error that a key's read ends with. */
const refused = ({ provider, refusal }: Trial, key: Key, options?: VersionedRead): Promise<ConfigError> =>
  refusal(provider.get(key, options));

/** How many requests it takes when as many ask for a key at once. */
const asked = ({ provider, settled, requests }: Trial, key: Key, times = 1): Promise<number> =>
  requests(() => settled(Promise.all(Array.from({ length: times }, () => provider.get(key)))));

/** The log-in and whatever else comes once, before requests are counted. */
const warm = (trial: Trial): Promise<unknown> => found(trial, 'service.warm');

const cached: Chapter<ShelterSentence> = {
  title: 'cache',
  sentences: [
    {
      says: 'costs no more for a hundred callers at once than for one',
      values,
      async holds(trial) {
        await warm(trial);
        const one = await asked(trial, 'service.name');
        assert.ok(one > 0, 'it asked nobody');
        assert.equal(await asked(trial, 'service.zone', 100), one);
      },
    },
    {
      says: 'asks nobody again while an answer lives, and asks again when its life is over',
      needs: ['change'],
      values,
      async holds(trial) {
        await found(trial, 'service.name');
        await trial.change('service.name', 'training');
        await trial.pass(0.9 * minute);
        assert.equal(await asked(trial, 'service.name', 10), 0);
        assert.equal(await found(trial, 'service.name'), 'inference');
        await trial.pass(0.2 * minute);
        assert.equal(await found(trial, 'service.name'), 'training');
      },
    },
    {
      says: 'remembers for a while that there is none, and notices when there is one',
      needs: ['change'],
      values,
      async holds(trial) {
        await warm(trial);
        assert.ok((await asked(trial, 'service.none')) > 0, 'it asked nobody');
        for (let i = 0; i < 10; i++) assert.equal(await asked(trial, 'service.none', 10), 0);
        await trial.change('service.none', 'one');
        await trial.pass(0.6 * minute);
        assert.equal(await found(trial, 'service.none'), 'one');
      },
    },
    {
      says: 'asks again for who wants it fresh, and remembers that answer for the others',
      needs: ['change'],
      values,
      async holds(trial) {
        await found(trial, 'service.name');
        await trial.change('service.name', 'training');
        assert.equal(await found(trial, 'service.name', { maxAgeMs: 0 }), 'training');
        assert.equal(await asked(trial, 'service.name', 10), 0);
        assert.equal(await found(trial, 'service.name'), 'training');
      },
    },
    {
      says: 'answers the others when one of those who wait aborts',
      values,
      async holds({ provider, settled, promptRefusal }) {
        const caller = new AbortController();
        const first = provider.get('service.name', { signal: caller.signal });
        const others = Array.from({ length: 9 }, () => provider.get('service.name'));
        caller.abort();
        assert.equal((await promptRefusal(first)).code, 'aborted');
        for (const entry of await settled(Promise.all(others))) assert.equal(entry?.value, 'inference');
      },
    },
    {
      says: 'keeps versions apart, however often they are asked for',
      needs: ['versions'],
      values,
      async holds(trial) {
        const before = await trial.rotate('service.name', 'training');
        for (let i = 0; i < 3; i++) {
          assert.equal(await found(trial, 'service.name', { version: before }), 'inference');
          assert.equal(await found(trial, 'service.name'), 'training');
        }
      },
    },
    {
      says: 'never serves what has ended, whatever else is allowed',
      needs: ['expiry', 'unavailable'],
      values,
      cache: { ttlMs: 60 * minute, ...stale, staleWhileRevalidateMs: 10 * minute },
      async holds(trial) {
        await trial.lend('service.lease', 'fleeting', minute);
        assert.equal(await found(trial, 'service.lease'), 'fleeting');
        await trial.fail('unavailable');
        await trial.pass(minute + 1_000);
        assert.equal((await refused(trial, 'service.lease')).transient, true);
      },
    },
  ],
};

const failing: Chapter<ShelterSentence> = {
  title: 'failures',
  sentences: [
    {
      says: 'asks again, a little later, what was throttled',
      needs: ['throttled'],
      values,
      async holds(trial) {
        await warm(trial);
        await trial.fail('throttled');
        const answer = trial.provider.get('service.name');
        answer.catch(() => {});
        await trial.idle();
        await trial.fail(undefined);
        assert.equal((await trial.settled(answer))?.value, 'inference');
      },
    },
    {
      says: 'does not ask again what was denied, and does not remember it',
      needs: ['denied'],
      values,
      async holds(trial) {
        await warm(trial);
        const one = await asked(trial, 'service.name');
        await trial.fail('denied');
        const denied = await trial.requests(async () =>
          assert.equal((await refused(trial, 'service.zone')).transient, false),
        );
        assert.ok(denied <= one, `it asked ${denied} times, where an answer takes ${one}`);
        await trial.fail(undefined);
        assert.equal(await found(trial, 'service.zone'), 'b');
      },
    },
    {
      says: 'serves what it has, as old as it is allowed to be, while its backend is down; then it fails',
      needs: ['unavailable'],
      values,
      cache: stale,
      async holds(trial) {
        await found(trial, 'service.name');
        await trial.fail('unavailable');
        for (const minutes of [0.5, 1.5, 7]) {
          await trial.pass(minutes * minute);
          assert.equal(await found(trial, 'service.name'), 'inference', `not after ${minutes} more minutes`);
        }
        await trial.pass(5 * minute);
        assert.equal((await refused(trial, 'service.name')).transient, true);
      },
    },
    {
      says: 'serves nothing old once it is denied',
      needs: ['denied'],
      values,
      cache: stale,
      async holds(trial) {
        await found(trial, 'service.name');
        await trial.fail('denied');
        await trial.pass(2 * minute);
        assert.equal((await refused(trial, 'service.name')).transient, false);
      },
    },
    {
      says: 'keeps what it has when a fresh read fails, and when it is refreshed during an outage',
      needs: ['unavailable'],
      values,
      cache: stale,
      async holds(trial) {
        await found(trial, 'service.name');
        await trial.fail('unavailable');
        assert.equal((await refused(trial, 'service.name', { maxAgeMs: 0 })).transient, true);
        assert.equal(await asked(trial, 'service.name'), 0);
        await trial.settled(trial.with('refresh').refresh());
        assert.equal(await found(trial, 'service.name'), 'inference');
      },
    },
    {
      says: 'leaves a backend that is down in peace for a minute, and then probes it once',
      needs: ['unavailable'],
      values,
      async holds(trial) {
        await warm(trial);
        await trial.fail('unavailable');
        for (let i = 0; i < 6; i++) await refused(trial, 'service.name');
        const quiet = await trial.requests(async () => {
          for (let i = 0; i < 20; i++)
            assert.equal((await refused(trial, 'service.name')).code, 'circuit_open');
          await trial.pass(0.5 * minute);
          assert.equal((await refused(trial, 'service.name')).code, 'circuit_open');
        });
        assert.equal(quiet, 0, `it asked ${quiet} times`);
        await trial.fail(undefined);
        await trial.pass(minute);
        assert.equal(await found(trial, 'service.name'), 'inference');
        assert.equal(await found(trial, 'service.zone'), 'b');
      },
    },
    {
      says: 'tells fifty callers in good time that its backend hangs, and recovers',
      needs: ['hang'],
      values,
      async holds(trial) {
        await warm(trial);
        await trial.fail('hang');
        const errors = await Promise.all(Array.from({ length: 50 }, () => refused(trial, 'service.name')));
        assert.deepStrictEqual([...new Set(errors.map(({ code }) => code))], ['timeout']);
        await trial.fail(undefined);
        assert.equal(await found(trial, 'service.name'), 'inference');
      },
    },
  ],
};

export const shelter: readonly Chapter<ShelterSentence>[] = [cached, failing];
