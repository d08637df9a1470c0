// Conformance sentences about `getMany`. A result is an entry, a ConfigError or undefined; a whole batch
// may also reject.

import assert from 'node:assert/strict';
import { isConfigError } from '../../errors.ts';
import { assertFrozen } from './assertions.ts';
import { many } from './samples.ts';
import type { Chapter } from './sentence.ts';

export const batch: Chapter = {
  title: 'batch',
  needs: ['batch'],
  sentences: [
    {
      title: 'getMany returns a result for each key: undefined for one that does not exist',
      values: { 'service.name': 'inference', 'service.zone': 'b' },
      async check({ with: having, settled }) {
        const results = await settled(
          having('getMany').getMany(['service.zone', 'service.none', 'service.name']),
        );
        assert.deepStrictEqual([...results.keys()].sort(), ['service.name', 'service.none', 'service.zone']);
        assert.deepStrictEqual(
          ['service.name', 'service.zone', 'service.none'].map((key) => valueOrCode(results.get(key))),
          ['inference', 'b', undefined],
        );
      },
    },
    {
      title: 'getMany reads more keys than fit in one request, including missing ones',
      values: many,
      async check({ with: having, settled }) {
        const keys = Object.keys(many).flatMap((key, i) => (i % 4 === 0 ? [key, `${key}none`] : [key]));
        const results = await settled(having('getMany').getMany(keys));
        assert.equal(results.size, keys.length);
        for (const key of keys) assert.equal(valueOrCode(results.get(key)), many[key], key);
      },
    },
    {
      title: 'getMany returns the same entries as get',
      values: { 'service.name': 'inference', 'a.b.c': 'deep' },
      async check({ provider, with: having, settled }) {
        const results = await settled(having('getMany').getMany(['service.name', 'a.b.c', 'a.b.d']));
        for (const [key, entry] of results) {
          const alone = await settled(provider.get(key));
          assert.deepStrictEqual(valueOrCode(entry), alone?.value, key);
          if (entry && !isConfigError(entry)) {
            assert.equal(entry.key, alone?.key);
            assertFrozen(entry);
          }
        }
      },
    },
    {
      title: 'getMany accepts the same key twice and an empty list',
      values: { 'service.name': 'inference' },
      async check({ with: having, settled }) {
        const twice = await settled(having('getMany').getMany(['service.name', 'service.name']));
        assert.deepStrictEqual([...twice.keys()], ['service.name']);
        assert.equal((await settled(having('getMany').getMany([]))).size, 0);
      },
    },
    {
      title: 'getMany returns an error for an unreadable key, and the entries of the others',
      needs: ['damage'],
      values: { 'alpha.one': 'first', 'beta.two': 'second', 'gamma.three': 'third' },
      async check({ with: having, settled, damage }) {
        await damage('beta.two');
        const results = await settled(
          having('getMany').getMany(['alpha.one', 'beta.two', 'gamma.three', 'gamma.none']),
        );
        assert.ok(isConfigError(results.get('beta.two')), 'getMany returned no error for the unreadable key');
        assert.deepStrictEqual(
          ['alpha.one', 'gamma.three', 'gamma.none'].map((key) => valueOrCode(results.get(key))),
          ['first', 'third', undefined],
        );
        assert.ok(results.has('gamma.none'), 'getMany returned no result for a requested key');
      },
    },
    {
      title: 'getMany reports no key as absent when the backend denies access',
      needs: ['denied'],
      values: { 'service.name': 'inference' },
      async check({ with: having, rejection, fail }) {
        await fail('denied');
        const error = await rejection(
          rejectIfAllFailed(having('getMany').getMany(['service.name', 'service.none'], { maxAgeMs: 0 })),
        );
        assert.strictEqual(error.transient, false);
      },
    },
    {
      title: 'getMany fails at once when its signal is already aborted',
      values: { 'service.name': 'inference' },
      async check({ with: having, promptRejection }) {
        const results = having('getMany').getMany(['service.name', 'service.none'], {
          signal: AbortSignal.abort(),
        });
        const error = await promptRejection(rejectIfAllFailed(results));
        assert.equal(error.code, 'aborted');
      },
    },
  ],
};

/** Rejects if every key failed: a batch that fails as a whole may reject or return an error for each key. */
async function rejectIfAllFailed(results: Promise<ReadonlyMap<string, unknown>>): Promise<unknown> {
  const each = [...(await results).values()];
  if (each.every(isConfigError)) throw each[0];
  return each;
}

function valueOrCode(result: unknown): unknown {
  if (isConfigError(result)) return result.code;
  return (result as { value?: unknown } | undefined)?.value;
}
