// Conformance sentences about `get`: what is found, what is absent, what is rejected, and that no caller
// can change an entry.

import assert from 'node:assert/strict';
import { isTree } from '../../value.ts';
import { turns } from '../test-context.ts';
import { assertFrozen, assertNoLeak, matchesKey } from './assertions.ts';
import { fakes } from './samples.ts';
import type { Chapter } from './sentence.ts';

export const read: Chapter = {
  title: 'read',
  sentences: [
    {
      title: 'get returns an entry with the key and the value',
      values: { 'database.host': 'db.internal', 'database.port': 'five' },
      async check({ provider, settled }) {
        const entry = await settled(provider.get('database.host'));
        assert.ok(entry, 'get returned undefined');
        assert.equal(entry.value, 'db.internal');
        assert.ok(
          matchesKey({ key: entry.key, loose: entry.loose }, 'database.host'),
          `the key of the entry is ${entry.key}`,
        );
      },
    },
    {
      title: 'get returns an origin that names the provider and the source',
      values: { 'service.name': 'inference' },
      async check({ provider, settled }) {
        const entry = await settled(provider.get('service.name'));
        assert.ok(entry?.origin.provider, 'the origin names no provider');
        assert.ok(entry.origin.source, 'the origin names no source');
        assert.ok(
          `${entry.origin}`.includes(entry.origin.source),
          'the origin as text does not contain the source',
        );
      },
    },
    {
      title: 'get and list name the same document for a key',
      values: { 'service.name': 'inference' },
      async check({ provider, settled }) {
        const entry = await settled(provider.get('service.name'));
        const listed = await settled(provider.list());
        const documents = listed.map((item) => ('document' in item ? item.document : undefined));
        assert.deepStrictEqual(documents, [entry?.document], 'the documents differ');
      },
    },
    {
      title: 'get returns undefined for a key that does not exist',
      values: { 'service.name': 'inference' },
      async check({ provider, settled }) {
        assert.strictEqual(await settled(provider.get('service.nothing')), undefined);
        assert.strictEqual(await settled(provider.get('nothing.at.all')), undefined);
      },
    },
    {
      title: 'get returns undefined when the backend is empty',
      values: {},
      async check({ provider, settled }) {
        assert.strictEqual(await settled(provider.get('service.name')), undefined);
      },
    },
    {
      title: 'get returns undefined for a key below a leaf',
      values: { 'database.host': 'db.internal' },
      async check({ provider, settled }) {
        assert.strictEqual(await settled(provider.get('database.host.length')), undefined);
        assert.strictEqual(await settled(provider.get('database.host.name')), undefined);
      },
    },
    {
      title: 'get returns undefined for names that every object inherits',
      values: { 'service.name': 'inference' },
      async check({ provider, settled }) {
        for (const key of ['toString', 'hasOwnProperty', 'service.valueOf', 'service.name.toString'])
          assert.strictEqual(await settled(provider.get(key)), undefined, `get returned a value for ${key}`);
      },
    },
    {
      title: 'get returns undefined for a section, or rejects with invalid_key and mentions tree',
      values: { 'database.host': 'db.internal', 'database.pool.size': 'ten' },
      async check({ provider, settled }) {
        for (const key of ['database', 'database.pool'])
          try {
            assert.strictEqual(await settled(provider.get(key)), undefined, 'get returned a section');
          } catch (error) {
            if ((error as { code?: unknown }).code !== 'invalid_key') throw error;
            assert.match((error as Error).message, /tree/);
          }
      },
    },
    {
      title: 'get accepts keys with dots and keys with slashes',
      values: { 'database.pool.size': 'ten' },
      async check({ provider, settled }) {
        assert.equal((await settled(provider.get('database/pool/size')))?.value, 'ten');
        assert.equal((await settled(provider.get('database/pool.size')))?.value, 'ten');
      },
    },
    {
      title: 'get rejects an invalid key with invalid_key and does not throw',
      values: { 'service.name': 'inference' },
      async check({ provider, rejection }) {
        for (const key of [
          'service..name',
          '../service',
          'service.\u0000name',
          '__proto__.polluted',
          'a.'.repeat(400),
        ]) {
          let result: Promise<unknown>;
          try {
            result = provider.get(key);
          } catch {
            assert.fail('get threw, but must reject');
          }
          assert.equal((await rejection(result)).code, 'invalid_key', JSON.stringify(key.slice(0, 20)));
        }
      },
    },
    {
      title: 'get returns entries that callers cannot change',
      values: { 'service.name': 'inference' },
      async check({ provider, settled }) {
        const entry = await settled(provider.get('service.name'));
        assert.ok(entry, 'get returned undefined');
        assertFrozen(entry);
      },
    },
    {
      title: 'get returns the right value to each of a hundred concurrent callers',
      values: { 'service.name': 'inference', 'service.zone': 'b' },
      async check({ provider, settled, values }) {
        const keys = Array.from({ length: 100 }, (_, i) =>
          i % 3 === 2 ? 'service.none' : i % 3 ? 'service.zone' : 'service.name',
        );
        const entries = await settled(Promise.all(keys.map((key) => provider.get(key))));
        const expected = keys.map((key) => values[key]);
        assert.deepStrictEqual(
          entries.map((entry) => entry?.value),
          expected,
        );
      },
    },
    {
      title: 'get returns the same value again, also for a fresh read',
      values: { 'service.name': 'inference' },
      async check({ provider, settled }) {
        for (const options of [{}, {}, { maxAgeMs: 0 }, { context: { user: 'ada' } }])
          assert.equal((await settled(provider.get('service.name', options)))?.value, 'inference');
      },
    },
    {
      title: 'get makes no request when its signal is already aborted',
      values: { 'service.name': 'inference' },
      async check({ provider, promptRejection, requestsIfCounted }) {
        const requests = await requestsIfCounted(async () => {
          const error = await promptRejection(provider.get('service.name', { signal: AbortSignal.abort() }));
          assert.equal(error.code, 'aborted');
          await turns(5);
        });
        assert.ok(!requests, 'get made a request to the backend');
      },
    },
    {
      title: 'get returns the value after the signal of an earlier call is aborted',
      values: { 'service.name': 'inference' },
      async check({ provider, settled }) {
        const caller = new AbortController();
        await settled(provider.get('service.name', { signal: caller.signal }));
        caller.abort();
        await turns(5);
        assert.equal((await settled(provider.get('service.name')))?.value, 'inference');
      },
    },
    {
      title: 'get marks a password as secret, and the entry does not print the value',
      values: { 'database.password': fakes.password },
      async check({ provider, settled }) {
        const entry = await settled(provider.get('database.password'));
        assert.strictEqual(entry?.value, fakes.password);
        assert.strictEqual(entry.secret, true, 'the entry is not marked as secret');
        assert.ok(!isTree(entry.value));
        assertNoLeak(entry, fakes.password);
      },
    },
  ],
};
