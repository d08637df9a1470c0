import assert from 'node:assert/strict';
import type { CacheOptions } from '../../shelter/options.ts';
import type { VersionedRead } from '../../shelter/sheltered.ts';
import type { Trial } from '../trial.ts';
import type { Chapter, Sentence } from './sentence.ts';

export interface ShelterSentence extends Sentence {
  /** Other than usual. */
  readonly cache?: CacheOptions;
}

const two = { 'service.name': 'inference', 'service.zone': 'b', 'service.warm': 'up' };
const minute = 60_000;
const stale = { staleIfErrorMs: 10 * minute };

/** The log-in and whatever else comes once, before requests are counted. */
const warm = ({ settled, provider }: Trial): Promise<unknown> => settled(provider.get('service.warm'));

const asking =
  ({ provider, settled }: Trial, key: string, times: number) =>
  (): Promise<unknown> =>
    settled(Promise.all(Array.from({ length: times }, () => provider.get(key))));

const cached: Chapter<ShelterSentence> = {
  title: 'cache',
  sentences: [
    {
      says: 'costs no more for a hundred callers at once than for one',
      values: two,
      async holds(trial) {
        await warm(trial);
        const one = await trial.requests(asking(trial, 'service.name', 1));
        assert.ok(one > 0, 'it asked nobody');
        assert.equal(await trial.requests(asking(trial, 'service.zone', 100)), one);
      },
    },
    {
      says: 'asks nobody again while an answer lives, and asks again when its life is over',
      needs: ['change'],
      values: two,
      async holds(trial) {
        const { provider, settled, change, requests, pass } = trial;
        await settled(provider.get('service.name'));
        await change('service.name', 'training');
        await pass(0.9 * minute);
        assert.equal(await requests(asking(trial, 'service.name', 10)), 0);
        assert.equal((await settled(provider.get('service.name')))?.value, 'inference');
        await pass(0.2 * minute);
        assert.equal((await settled(provider.get('service.name')))?.value, 'training');
      },
    },
    {
      says: 'remembers for a while that there is none, and notices when there is one',
      needs: ['change'],
      values: two,
      async holds(trial) {
        const { provider, settled, change, requests, pass } = trial;
        await warm(trial);
        assert.ok((await requests(asking(trial, 'service.none', 1))) > 0, 'it asked nobody');
        for (let i = 0; i < 10; i++) assert.equal(await requests(asking(trial, 'service.none', 10)), 0);
        await change('service.none', 'one');
        await pass(0.6 * minute);
        assert.equal((await settled(provider.get('service.none')))?.value, 'one');
      },
    },
    {
      says: 'asks again for who wants it fresh, and remembers that answer for the others',
      needs: ['change'],
      values: two,
      async holds(trial) {
        const { provider, settled, change, requests } = trial;
        await settled(provider.get('service.name'));
        await change('service.name', 'training');
        assert.equal((await settled(provider.get('service.name', { maxAgeMs: 0 })))?.value, 'training');
        assert.equal(await requests(asking(trial, 'service.name', 10)), 0);
        assert.equal((await settled(provider.get('service.name')))?.value, 'training');
      },
    },
    {
      says: 'answers the others when one of those who wait aborts',
      values: two,
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
      values: two,
      async holds({ provider, settled, rotate }) {
        const before = await rotate('service.name', 'training');
        const versioned: VersionedRead = { version: before };
        for (let i = 0; i < 3; i++) {
          assert.equal((await settled(provider.get('service.name', versioned)))?.value, 'inference');
          assert.equal((await settled(provider.get('service.name')))?.value, 'training');
        }
      },
    },
    {
      says: 'never serves what has ended, whatever else is allowed',
      needs: ['expiry', 'unavailable'],
      values: two,
      cache: { ttlMs: 60 * minute, ...stale, staleWhileRevalidateMs: 10 * minute },
      async holds({ provider, settled, lend, fail, pass, refusal }) {
        await lend('service.lease', 'fleeting', minute);
        const asking = (): ReturnType<typeof provider.get> => provider.get('service.lease');
        assert.equal((await settled(asking()))?.value, 'fleeting');
        await fail('unavailable');
        await pass(minute + 1_000);
        assert.equal((await refusal(asking())).transient, true);
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
      values: two,
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
      values: two,
      async holds(trial) {
        const { provider, settled, refusal, fail, requests } = trial;
        await warm(trial);
        const one = await requests(asking(trial, 'service.name', 1));
        await fail('denied');
        const denied = await requests(async () => assert.equal((await refusal(provider.get('service.zone'))).transient, false));
        assert.ok(denied <= one, `it asked ${denied} times, where an answer takes ${one}`);
        await fail(undefined);
        assert.equal((await settled(provider.get('service.zone')))?.value, 'b');
      },
    },
    {
      says: 'serves what it has, as old as it is allowed to be, while its backend is down; then it fails',
      needs: ['unavailable'],
      values: two,
      cache: stale,
      async holds({ provider, settled, refusal, fail, pass }) {
        await settled(provider.get('service.name'));
        await fail('unavailable');
        for (const minutes of [0.5, 1.5, 7]) {
          await pass(minutes * minute);
          assert.equal((await settled(provider.get('service.name')))?.value, 'inference', `not after ${minutes} more minutes`);
        }
        await pass(5 * minute);
        assert.equal((await refusal(provider.get('service.name'))).transient, true);
      },
    },
    {
      says: 'serves nothing old once it is denied',
      needs: ['denied'],
      values: two,
      cache: stale,
      async holds({ provider, settled, refusal, fail, pass }) {
        await settled(provider.get('service.name'));
        await fail('denied');
        await pass(2 * minute);
        assert.equal((await refusal(provider.get('service.name'))).transient, false);
      },
    },
    {
      says: 'keeps what it has when a fresh read fails, and when it is refreshed during an outage',
      needs: ['unavailable'],
      values: two,
      cache: stale,
      async holds(trial) {
        const { provider, settled, refusal, fail, requests } = trial;
        await settled(provider.get('service.name'));
        await fail('unavailable');
        assert.equal((await refusal(provider.get('service.name', { maxAgeMs: 0 }))).transient, true);
        assert.equal(await requests(asking(trial, 'service.name', 1)), 0);
        await settled(trial.with('refresh').refresh());
        assert.equal((await settled(provider.get('service.name')))?.value, 'inference');
      },
    },
    {
      says: 'leaves a backend that is down in peace for a minute, and then probes it once',
      needs: ['unavailable'],
      values: two,
      async holds(trial) {
        const { provider, settled, refusal, fail, requests, pass } = trial;
        await warm(trial);
        await fail('unavailable');
        for (let i = 0; i < 6; i++) await refusal(provider.get('service.name'));
        const quiet = await requests(async () => {
          for (let i = 0; i < 20; i++) assert.equal((await refusal(provider.get('service.name'))).code, 'circuit_open');
          await pass(0.5 * minute);
          assert.equal((await refusal(provider.get('service.name'))).code, 'circuit_open');
        });
        assert.equal(quiet, 0, `it asked ${quiet} times`);
        await fail(undefined);
        await pass(minute);
        assert.equal((await settled(provider.get('service.name')))?.value, 'inference');
        assert.equal((await settled(provider.get('service.zone')))?.value, 'b');
      },
    },
    {
      says: 'tells fifty callers in good time that its backend hangs, and recovers',
      needs: ['hang'],
      values: two,
      async holds(trial) {
        const { provider, settled, refusal, fail } = trial;
        await warm(trial);
        await fail('hang');
        const errors = await Promise.all(Array.from({ length: 50 }, () => refusal(provider.get('service.name'))));
        assert.deepStrictEqual([...new Set(errors.map(({ code }) => code))], ['timeout']);
        await fail(undefined);
        assert.equal((await settled(provider.get('service.name')))?.value, 'inference');
      },
    },
  ],
};

export const shelter: readonly Chapter<ShelterSentence>[] = [cached, failing];
