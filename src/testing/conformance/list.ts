import assert from 'node:assert/strict';
import { isTree } from '../../value.ts';
import { holdsAtLeast, holdsExactly, isAt, isFrozen, keepsQuiet, leaves } from './assertions.ts';
import { fakes, many } from './samples.ts';
import type { Chapter } from './sentence.ts';

const small = { 'database.host': 'db.internal', 'database.pool.size': 'ten', 'service.name': 'inference' };

export const list: Chapter = {
  title: 'list',
  sentences: [
    {
      says: 'lists every leaf with its value, each once, and nothing else',
      values: small,
      async holds({ provider, settled }) {
        holdsExactly(await settled(provider.list()), small);
        holdsExactly(await settled(provider.list('')), small);
      },
    },
    {
      says: 'lists more leaves than a page or a batch holds',
      values: many,
      async holds({ provider, settled }) {
        holdsExactly(await settled(provider.list()), many);
        holdsExactly(await settled(provider.list('many')), many);
      },
    },
    {
      says: 'lists nothing when the backend is empty',
      values: {},
      async holds({ provider, settled }) {
        assert.deepStrictEqual(leaves(await settled(provider.list())), []);
        assert.deepStrictEqual(leaves(await settled(provider.list('service'))), []);
      },
    },
    {
      says: 'reads back each key that it lists, with the same value and taint',
      values: {
        ...small,
        'database.password': fakes.password,
        'rateLimits.perMinute': 'sixty',
        'a.b.c.d.e.f': 'deep',
      },
      async holds({ provider, settled, values }) {
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
      says: 'keeps the case and the words of a key when it lists it',
      needs: ['spelling'],
      values: {
        'service.maxTokens': 'many',
        'service.max_wait': 'long',
        'service.max-size': 'big',
        'service.URL': 'somewhere',
      },
      async holds({ provider, settled, values }) {
        assert.deepStrictEqual(
          leaves(await settled(provider.list()))
            .map((leaf) => leaf.key)
            .sort(),
          Object.keys(values).sort(),
        );
      },
    },
    {
      says: 'lists what stands below a prefix, and not what only begins alike',
      values: {
        'data.host': 'inside',
        'data.pool.size': 'inside too',
        database: 'outside',
        'dat.a': 'outside',
        other: 'outside',
      },
      async holds({ provider, settled }) {
        holdsExactly(await settled(provider.list('data')), {
          'data.host': 'inside',
          'data.pool.size': 'inside too',
        });
        holdsExactly(await settled(provider.list('data/pool')), { 'data.pool.size': 'inside too' });
      },
    },
    {
      says: 'lists a leaf alone when the prefix is its key',
      values: small,
      async holds({ provider, settled }) {
        holdsExactly(await settled(provider.list('database.host')), { 'database.host': 'db.internal' });
      },
    },
    {
      says: 'lists nothing below what is not there',
      values: small,
      async holds({ provider, settled }) {
        for (const prefix of ['nothing', 'database.nothing', 'database.host.below', 'toString'])
          assert.deepStrictEqual(leaves(await settled(provider.list(prefix))), [], prefix);
      },
    },
    {
      says: 'finds a prefix of several words',
      values: { 'rateLimits.perMinute': 'sixty', 'rate.other': 'else' },
      async holds({ provider, settled }) {
        holdsExactly(await settled(provider.list('rateLimits')), { 'rateLimits.perMinute': 'sixty' });
      },
    },
    {
      says: 'lists at least what is wanted',
      values: small,
      async holds({ provider, settled }) {
        const closed = { keys: ['database.host', 'service.none'], prefixes: [] };
        holdsAtLeast(await settled(provider.list('', { wanted: closed })), {
          'database.host': 'db.internal',
        });
        const open = { keys: ['service.name'], prefixes: ['database'] };
        holdsAtLeast(await settled(provider.list('', { wanted: open })), small);
      },
    },
    {
      says: 'refuses a prefix that is no key with invalid_key, as a rejection',
      values: small,
      async holds({ provider, refusal }) {
        for (const prefix of ['..', 'a..b', '__proto__']) {
          let answer: Promise<unknown>;
          try {
            answer = provider.list(prefix);
          } catch {
            assert.fail('it threw where it had to reject');
          }
          assert.equal((await refusal(answer)).code, 'invalid_key', prefix);
        }
      },
    },
    {
      says: 'lists entries that nobody can change',
      values: small,
      async holds({ provider, settled }) {
        const items = await settled(provider.list());
        assert.ok(items.length > 0, 'it listed nothing');
        for (const item of items) isFrozen(item);
        try {
          (items as unknown[]).length = 0;
        } catch {}
        holdsExactly(await settled(provider.list()), small);
      },
    },
    {
      says: 'tells for each leaf who said it',
      values: small,
      async holds({ provider, settled }) {
        const listed = leaves(await settled(provider.list()));
        assert.equal(listed.length, 3);
        for (const leaf of listed) assert.ok(leaf.source.length > 0, `nobody said ${leaf.key}`);
      },
    },
    {
      says: 'prints no secret of a listing',
      values: {
        'database.password': fakes.password,
        'service.apiKey': fakes.apiKey,
        'service.name': 'inference',
      },
      async holds({ provider, settled }) {
        const items = await settled(provider.list());
        const secret = leaves(items).filter((leaf) =>
          ['database.password', 'service.apiKey'].some((key) => isAt(leaf, key)),
        );
        assert.deepStrictEqual(
          secret.map((leaf) => leaf.secret),
          [true, true],
          'a secret leaf is not marked as secret',
        );
        for (const item of items) keepsQuiet(item, fakes.password, fakes.apiKey);
        keepsQuiet(items, fakes.password, fakes.apiKey);
        assert.ok(
          items.every((item) => !('value' in item) || !isTree(item.value) || item.secret || item.leaf),
          'a tree tells no leaf’s taint',
        );
      },
    },
    {
      says: 'ends at once when the caller had aborted before it began',
      values: small,
      async holds({ provider, promptRefusal }) {
        assert.equal(
          (await promptRefusal(provider.list('', { signal: AbortSignal.abort() }))).code,
          'aborted',
        );
      },
    },
  ],
};
