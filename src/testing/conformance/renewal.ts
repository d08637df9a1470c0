// Conformance sentences about `renew`, and about `known`, which must never differ from `get`. A provider
// without `known` has nothing to agree about. Used by `describeProvider` and, for requests, by
// `describeShelter`.

import assert from 'node:assert/strict';
import type { Entry } from '../../entry.ts';
import { isConfigError } from '../../errors.ts';
import type { Key } from '../../value.ts';
import type { TestContext } from '../test-context.ts';
import type { Chapter, Sentence } from './sentence.ts';

const values = { 'service.name': 'inference', 'service.zone': 'b' };

export const renew: Chapter = {
  title: 'renew',
  needs: ['renew'],
  sentences: [
    {
      title: 'renew returns the value of a key, and undefined for one that does not exist',
      values,
      async check({ with: having, settled }) {
        assert.equal((await settled(having('renew').renew('service.name')))?.value, 'inference');
        assert.strictEqual(await settled(having('renew').renew('service.none')), undefined);
      },
    },
    {
      title: 'renew returns a changed value, and so does get afterwards',
      needs: ['change'],
      values,
      async check({ provider, with: having, settled, change }) {
        await settled(provider.get('service.name'));
        await change('service.name', 'training');
        assert.equal((await settled(having('renew').renew('service.name')))?.value, 'training');
        assert.equal((await settled(provider.get('service.name')))?.value, 'training');
        await change('service.name', undefined);
        assert.strictEqual(await settled(having('renew').renew('service.name')), undefined);
        assert.strictEqual(await settled(provider.get('service.name')), undefined);
      },
    },
    {
      title: 'renew returns the right value to each of a hundred concurrent callers',
      values,
      async check({ with: having, settled }) {
        const keys = Array.from({ length: 100 }, (_, i) => (i % 2 ? 'service.name' : 'service.zone'));
        const entries = await settled(Promise.all(keys.map((key) => having('renew').renew(key))));
        for (const [i, entry] of entries.entries()) assert.equal(entry?.value, i % 2 ? 'inference' : 'b');
      },
    },
    {
      title: 'renew rejects while the backend is unavailable',
      needs: ['unavailable'],
      values,
      async check({ provider, with: having, settled, rejection, fail }) {
        await settled(provider.get('service.name'));
        await fail('unavailable');
        await rejection(having('renew').renew('service.name'));
      },
    },
    {
      title: 'renew rejects an invalid key, an unreadable one and an aborted call',
      needs: ['damage'],
      values,
      async check({ with: having, rejection, promptRejection, damage }) {
        const { renew } = { renew: (key: Key, options?: object) => having('renew').renew(key, options) };
        assert.equal((await rejection(renew('service..name'))).code, 'invalid_key');
        const signal = AbortSignal.abort();
        assert.equal((await promptRejection(renew('service.name', { signal }))).code, 'aborted');
        await damage('service.name');
        await rejection(renew('service.name'));
      },
    },
  ],
};

export const known: Chapter = {
  title: 'known',
  sentences: [
    {
      title: 'known agrees with get: for values, absent keys and sections',
      values: { ...values, 'database.pool.size': 'ten' },
      async check(context) {
        for (let i = 0; i < 3; i++)
          await agree(context, [
            'service.name',
            'service.none',
            'service',
            'database.pool',
            'service.name.x',
          ]);
      },
    },
    {
      title: 'known agrees with get after a change and a refresh, and for a watching provider',
      needs: ['change', 'refresh'],
      values,
      async check(context) {
        const keys = ['service.name', 'service.zone', 'service.none'];
        const watching = context.provider.watch?.(() => {});
        await agree(context, keys);
        await context.change('service.name', 'training');
        await context.change('service.zone', undefined);
        await context.change('service.none', 'new');
        await agree(context, keys);
        await context.settled(context.with('refresh').refresh());
        await agree(context, keys);
        watching?.[Symbol.dispose]();
      },
    },
    {
      title: 'known agrees with get after a write',
      needs: ['write'],
      values,
      async check(context) {
        const keys = ['service.name', 'service.none'];
        await agree(context, keys);
        await context.settled(context.writable.set('service.name', 'training'));
        await context.settled(context.writable.set('service.none', 'new'));
        await agree(context, keys);
        await context.settled(context.writable.delete('service.name'));
        await agree(context, keys);
        assert.strictEqual(context.provider.known?.('service.name')?.entry, undefined);
      },
    },
    {
      title: 'known never answers what get rejects',
      needs: ['damage'],
      values,
      async check(context) {
        await context.damage('service.name');
        await agree(context, ['service.name', 'service.zone']);
        await agree(context, ['service.name', 'service.zone']);
      },
    },
  ],
};

/** Compares what is known of each key with what `get` returns in the same turn, before and after a read. */
async function agree({ provider, settled }: TestContext, keys: readonly Key[]): Promise<void> {
  for (const key of keys)
    for (let i = 0; i < 2; i++) {
      const peeked = provider.known?.(key, true);
      const answer = provider.known?.(key);
      assert.equal(answer === undefined, peeked === undefined, `known(${key}) depends on peek`);
      const found = await settled(
        provider.get(key).catch((error: unknown) => {
          if (!isConfigError(error)) throw error;
          return error;
        }),
      );
      if (!answer) continue;
      assert.ok(!isConfigError(found), `known(${key}) answered, but get rejects`);
      assert.deepStrictEqual(facts(answer.entry), facts(found), `known(${key}) differs from get`);
    }
}

const facts = (entry: Entry | undefined): object | undefined =>
  entry && {
    value: entry.value,
    key: entry.key,
    secret: entry.secret,
    origin: `${entry.origin}`,
    version: entry.version,
    readAt: entry.readAt,
  };

/** What `describeShelter` adds: the number of requests, and values that end. */
export const renewedRequests: Chapter<Sentence> = {
  title: 'renew',
  needs: ['renew'],
  sentences: [
    {
      title: 'renew reads a cached value again, once for a hundred concurrent callers',
      values,
      async check({ provider, with: having, settled, countRequests }) {
        await settled(provider.get('service.name'));
        const renewBy = (callers: number): Promise<number> =>
          countRequests(() =>
            settled(
              Promise.all(Array.from({ length: callers }, () => having('renew').renew('service.name'))),
            ),
          );
        const single = await renewBy(1);
        assert.ok(single > 0, 'renew made no request');
        assert.equal(await renewBy(100), single);
        assert.equal(await countRequests(() => settled(provider.get('service.name'))), 0);
      },
    },
  ],
};

export const knownUntil: Chapter<Sentence> = {
  title: 'known',
  sentences: [
    {
      title: 'known agrees with get after a value has expired',
      needs: ['expiry'],
      values,
      async check(context) {
        await context.lend('service.name', 'lent', 30_000);
        await agree(context, ['service.name']);
        await context.advance(31_000);
        assert.notEqual(context.provider.known?.('service.name')?.entry?.value, 'lent');
        await agree(context, ['service.name']);
      },
    },
  ],
};
