import assert from 'node:assert/strict';
import { isTree } from '../../value.ts';
import { turns } from '../trial.ts';
import { isAt, isFrozen, keepsQuiet } from './assertions.ts';
import { fakes } from './samples.ts';
import type { Chapter } from './sentence.ts';

export const read: Chapter = {
  title: 'read',
  sentences: [
    {
      says: 'answers a leaf with its key and its value',
      values: { 'database.host': 'db.internal', 'database.port': 'five' },
      async holds({ provider, settled }) {
        const entry = await settled(provider.get('database.host'));
        assert.ok(entry, 'it answered undefined');
        assert.equal(entry.value, 'db.internal');
        assert.ok(
          isAt({ key: entry.key, loose: entry.loose !== undefined }, 'database.host'),
          `the entry says its key is ${entry.key}`,
        );
      },
    },
    {
      says: 'tells who said a value, in the words of the source',
      values: { 'service.name': 'inference' },
      async holds({ provider, settled }) {
        const entry = await settled(provider.get('service.name'));
        assert.ok(entry?.origin.provider, 'the origin names no provider');
        assert.ok(entry.origin.source, 'the origin names no source');
        assert.ok(
          `${entry.origin}`.includes(entry.origin.source),
          'the origin as text leaves the source out',
        );
      },
    },
    {
      says: 'answers undefined, and nothing else, for what is not there',
      values: { 'service.name': 'inference' },
      async holds({ provider, settled }) {
        assert.strictEqual(await settled(provider.get('service.nothing')), undefined);
        assert.strictEqual(await settled(provider.get('nothing.at.all')), undefined);
      },
    },
    {
      says: 'answers undefined when the backend is empty',
      values: {},
      async holds({ provider, settled }) {
        assert.strictEqual(await settled(provider.get('service.name')), undefined);
      },
    },
    {
      says: 'answers undefined below a leaf',
      values: { 'database.host': 'db.internal' },
      async holds({ provider, settled }) {
        assert.strictEqual(await settled(provider.get('database.host.length')), undefined);
        assert.strictEqual(await settled(provider.get('database.host.name')), undefined);
      },
    },
    {
      says: 'answers undefined for names that every object has',
      values: { 'service.name': 'inference' },
      async holds({ provider, settled }) {
        for (const key of ['toString', 'hasOwnProperty', 'service.valueOf', 'service.name.toString'])
          assert.strictEqual(await settled(provider.get(key)), undefined, `it answered ${key}`);
      },
    },
    {
      says: 'never answers a section: undefined, or invalid_key that names tree',
      values: { 'database.host': 'db.internal', 'database.pool.size': 'ten' },
      async holds({ provider, settled }) {
        for (const key of ['database', 'database.pool'])
          try {
            assert.strictEqual(await settled(provider.get(key)), undefined, 'it answered a section');
          } catch (error) {
            if ((error as { code?: unknown }).code !== 'invalid_key') throw error;
            assert.match((error as Error).message, /tree/);
          }
      },
    },
    {
      says: 'takes a key in any spelling: with dots or with slashes',
      values: { 'database.pool.size': 'ten' },
      async holds({ provider, settled }) {
        assert.equal((await settled(provider.get('database/pool/size')))?.value, 'ten');
        assert.equal((await settled(provider.get('database/pool.size')))?.value, 'ten');
      },
    },
    {
      says: 'refuses what is no key with invalid_key, as a rejection',
      values: { 'service.name': 'inference' },
      async holds({ provider, refusal }) {
        for (const key of [
          'service..name',
          '../service',
          'service.\u0000name',
          '__proto__.polluted',
          'a.'.repeat(400),
        ]) {
          let answer: Promise<unknown>;
          try {
            answer = provider.get(key);
          } catch {
            assert.fail('it threw where it had to reject');
          }
          assert.equal((await refusal(answer)).code, 'invalid_key', JSON.stringify(key.slice(0, 20)));
        }
      },
    },
    {
      says: 'answers entries that nobody can change',
      values: { 'service.name': 'inference' },
      async holds({ provider, settled }) {
        const entry = await settled(provider.get('service.name'));
        assert.ok(entry, 'it answered undefined');
        isFrozen(entry);
      },
    },
    {
      says: 'answers a hundred callers at once, each the same',
      values: { 'service.name': 'inference', 'service.zone': 'b' },
      async holds({ provider, settled, values }) {
        const keys = Array.from({ length: 100 }, (_, i) =>
          i % 3 === 2 ? 'service.none' : i % 3 ? 'service.zone' : 'service.name',
        );
        const answers = await settled(Promise.all(keys.map((key) => provider.get(key))));
        const expected = keys.map((key) => values[key]);
        assert.deepStrictEqual(
          answers.map((entry) => entry?.value),
          expected,
        );
      },
    },
    {
      says: 'answers the same twice, and the same to a caller who wants it fresh',
      values: { 'service.name': 'inference' },
      async holds({ provider, settled }) {
        for (const options of [{}, {}, { maxAgeMs: 0 }, { context: { user: 'somebody' } }])
          assert.equal((await settled(provider.get('service.name', options)))?.value, 'inference');
      },
    },
    {
      says: 'asks nobody when the caller had aborted before it began',
      values: { 'service.name': 'inference' },
      async holds({ provider, promptRefusal, cost }) {
        const requests = await cost(async () => {
          const error = await promptRefusal(provider.get('service.name', { signal: AbortSignal.abort() }));
          assert.equal(error.code, 'aborted');
          await turns(5);
        });
        assert.ok(!requests, 'it asked the backend');
      },
    },
    {
      says: 'does not mind an abort that comes after the answer',
      values: { 'service.name': 'inference' },
      async holds({ provider, settled }) {
        const caller = new AbortController();
        await settled(provider.get('service.name', { signal: caller.signal }));
        caller.abort();
        await turns(5);
        assert.equal((await settled(provider.get('service.name')))?.value, 'inference');
      },
    },
    {
      says: 'knows a password for a secret, and never prints it',
      values: { 'database.password': fakes.password },
      async holds({ provider, settled }) {
        const entry = await settled(provider.get('database.password'));
        assert.strictEqual(entry?.value, fakes.password);
        assert.strictEqual(entry.secret, true, 'it is not marked as secret');
        assert.ok(!isTree(entry.value));
        keepsQuiet(entry, fakes.password);
      },
    },
  ],
};
