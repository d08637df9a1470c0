// Conformance sentences about `list`. A provider may list leaves alone or inside trees, so
// `assertions.ts` compares leaves.

import assert from 'node:assert/strict';
import { isTree } from '../../value.ts';
import {
  assertFrozen,
  assertLists,
  assertListsAtLeast,
  assertNoLeak,
  leaves,
  matchesKey,
} from './assertions.ts';
import { fakes, many } from './samples.ts';
import type { Chapter } from './sentence.ts';

const small = { 'database.host': 'db.internal', 'database.pool.size': 'ten', 'service.name': 'inference' };

export const list: Chapter = {
  title: 'list',
  sentences: [
    {
      title: 'list returns every leaf with its value exactly once, and nothing else',
      values: small,
      async check({ provider, settled }) {
        assertLists(await settled(provider.list()), small);
        assertLists(await settled(provider.list('')), small);
      },
    },
    {
      title: 'list returns more leaves than fit in one page',
      values: many,
      async check({ provider, settled }) {
        assertLists(await settled(provider.list()), many);
        assertLists(await settled(provider.list('many')), many);
      },
    },
    {
      title: 'list returns nothing when the backend is empty',
      values: {},
      async check({ provider, settled }) {
        assert.deepStrictEqual(leaves(await settled(provider.list())), []);
        assert.deepStrictEqual(leaves(await settled(provider.list('service'))), []);
      },
    },
    {
      title: 'get returns the same value and taint for each key that list returns',
      values: {
        ...small,
        'database.password': fakes.password,
        'rateLimits.perMinute': 'sixty',
        'a.b.c.d.e.f': 'deep',
      },
      async check({ provider, settled, values }) {
        const listed = leaves(await settled(provider.list()));
        assert.equal(listed.length, Object.keys(values).length);
        for (const leaf of listed) {
          const entry = await settled(provider.get(leaf.key));
          assert.deepStrictEqual(entry?.value, leaf.value, leaf.key);
          assert.equal(entry?.secret, leaf.secret, `get and list differ in whether ${leaf.key} is secret`);
        }
      },
    },
    {
      title: 'list keeps the spelling of each key',
      needs: ['spelling'],
      values: {
        'service.maxTokens': 'many',
        'service.max_wait': 'long',
        'service.max-size': 'big',
        'service.URL': 'somewhere',
      },
      async check({ provider, settled, values }) {
        assert.deepStrictEqual(
          leaves(await settled(provider.list()))
            .map((leaf) => leaf.key)
            .sort(),
          Object.keys(values).sort(),
        );
      },
    },
    {
      title: 'list matches a prefix by whole segments',
      values: {
        'data.host': 'inside',
        'data.pool.size': 'inside too',
        database: 'outside',
        'dat.a': 'outside',
        other: 'outside',
      },
      async check({ provider, settled }) {
        assertLists(await settled(provider.list('data')), {
          'data.host': 'inside',
          'data.pool.size': 'inside too',
        });
        assertLists(await settled(provider.list('data/pool')), { 'data.pool.size': 'inside too' });
      },
    },
    {
      title: 'list returns a single leaf when the prefix is its key',
      values: small,
      async check({ provider, settled }) {
        assertLists(await settled(provider.list('database.host')), { 'database.host': 'db.internal' });
      },
    },
    {
      title: 'list returns nothing below a key that does not exist',
      values: small,
      async check({ provider, settled }) {
        for (const prefix of ['nothing', 'database.nothing', 'database.host.below', 'toString'])
          assert.deepStrictEqual(leaves(await settled(provider.list(prefix))), [], prefix);
      },
    },
    {
      title: 'list accepts a prefix of several words',
      values: { 'rateLimits.perMinute': 'sixty', 'rate.other': 'else' },
      async check({ provider, settled }) {
        assertLists(await settled(provider.list('rateLimits')), { 'rateLimits.perMinute': 'sixty' });
      },
    },
    {
      title: 'list returns at least the wanted keys',
      values: small,
      async check({ provider, settled }) {
        const exact = { keys: ['database.host', 'service.none'], prefixes: [] };
        assertListsAtLeast(await settled(provider.list('', { wanted: exact })), {
          'database.host': 'db.internal',
        });
        const prefixed = { keys: ['service.name'], prefixes: ['database'] };
        assertListsAtLeast(await settled(provider.list('', { wanted: prefixed })), small);
      },
    },
    {
      title: 'list rejects an invalid prefix with invalid_key and does not throw',
      values: small,
      async check({ provider, rejection }) {
        for (const prefix of ['..', 'a..b', '__proto__']) {
          let result: Promise<unknown>;
          try {
            result = provider.list(prefix);
          } catch {
            assert.fail('list threw, but must reject');
          }
          assert.equal((await rejection(result)).code, 'invalid_key', prefix);
        }
      },
    },
    {
      title: 'list returns entries that callers cannot change',
      values: small,
      async check({ provider, settled }) {
        const items = await settled(provider.list());
        assert.ok(items.length > 0, 'list returned nothing');
        for (const item of items) assertFrozen(item);
        try {
          (items as unknown[]).length = 0;
        } catch {}
        assertLists(await settled(provider.list()), small);
      },
    },
    {
      title: 'list returns an origin for each leaf',
      values: small,
      async check({ provider, settled }) {
        const listed = leaves(await settled(provider.list()));
        assert.equal(listed.length, 3);
        for (const leaf of listed)
          assert.ok(leaf.source.length > 0, `the origin of ${leaf.key} names no source`);
      },
    },
    {
      title: 'list marks secrets, and the listing does not print them',
      values: {
        'database.password': fakes.password,
        'service.apiKey': fakes.apiKey,
        'service.name': 'inference',
      },
      async check({ provider, settled }) {
        const items = await settled(provider.list());
        const secret = leaves(items).filter((leaf) =>
          ['database.password', 'service.apiKey'].some((key) => matchesKey(leaf, key)),
        );
        assert.deepStrictEqual(
          secret.map((leaf) => leaf.secret),
          [true, true],
          'a secret leaf is not marked as secret',
        );
        for (const item of items) assertNoLeak(item, fakes.password, fakes.apiKey);
        assertNoLeak(items, fakes.password, fakes.apiKey);
        assert.ok(
          items.every((item) => !('value' in item) || !isTree(item.value) || item.secret || item.leaf),
          'a tree does not mark the taint of its leaves',
        );
      },
    },
    {
      title: 'list rejects at once when its signal is already aborted',
      values: small,
      async check({ provider, promptRejection }) {
        assert.equal(
          (await promptRejection(provider.list('', { signal: AbortSignal.abort() }))).code,
          'aborted',
        );
      },
    },
  ],
};
