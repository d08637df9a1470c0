import assert from 'node:assert/strict';
import { isTree } from '../../entry.ts';
import { turns } from '../trial.ts';
import { isAt, isFrozen, keepsQuiet } from './assertions.ts';
import { fakes } from './samples.ts';
import type { Chapter } from './sentence.ts';

const longText = 'one two three '.repeat(200).trim();
const anyText = 'Grüße, 世界 🌍: "double" \'single\' $HOME \\n #5\n\tsecond line';

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
        assert.ok(isAt({ key: entry.key, loose: entry.loose !== undefined }, 'database.host'), `the entry says its key is ${entry.key}`);
      },
    },
    {
      says: 'tells who said a value, in the words of the source',
      values: { 'service.name': 'inference' },
      async holds({ provider, settled }) {
        const entry = await settled(provider.get('service.name'));
        assert.ok(entry?.origin.provider, 'the origin names no provider');
        assert.ok(entry.origin.source, 'the origin names no source');
        assert.ok(`${entry.origin}`.includes(entry.origin.source), 'the origin as text leaves the source out');
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
      says: 'keeps an empty text, which is a value',
      needs: ['empty'],
      values: { 'service.suffix': '', 'service.name': 'inference' },
      async holds({ provider, settled }) {
        assert.strictEqual((await settled(provider.get('service.suffix')))?.value, '');
      },
    },
    {
      says: 'keeps 0 and false, which are values',
      needs: ['types'],
      values: { 'limits.retries': 0, 'limits.strict': false },
      async holds({ provider, settled }) {
        assert.strictEqual((await settled(provider.get('limits.retries')))?.value, 0);
        assert.strictEqual((await settled(provider.get('limits.strict')))?.value, false);
      },
    },
    {
      says: 'keeps null, which is a value',
      needs: ['types', 'null'],
      values: { 'service.proxy': null },
      async holds({ provider, settled }) {
        assert.strictEqual((await settled(provider.get('service.proxy')))?.value, null);
      },
    },
    {
      says: 'keeps a list whole, as one leaf',
      needs: ['types'],
      values: { 'service.regions': ['eu', 'us', 'ap'] },
      async holds({ provider, settled }) {
        assert.deepStrictEqual((await settled(provider.get('service.regions')))?.value, ['eu', 'us', 'ap']);
      },
    },
    {
      says: 'keeps a text that looks like a number a text, zeros and all',
      values: { 'service.zip': '01234', 'service.version': '1.10' },
      async holds({ provider, settled }) {
        assert.strictEqual((await settled(provider.get('service.zip')))?.value, '01234');
        assert.strictEqual((await settled(provider.get('service.version')))?.value, '1.10');
      },
    },
    {
      says: 'keeps quotes, line breaks and every letter there is',
      needs: ['anyText'],
      values: { 'service.motto': anyText },
      async holds({ provider, settled }) {
        assert.strictEqual((await settled(provider.get('service.motto')))?.value, anyText);
      },
    },
    {
      says: 'keeps a long text whole',
      values: { 'service.story': longText },
      async holds({ provider, settled }) {
        assert.strictEqual((await settled(provider.get('service.story')))?.value, longText);
      },
    },
    {
      says: 'keeps keys apart that differ in their sections alone',
      values: { 'first.part': 'two sections', firstPart: 'one section', 'first.part2': 'another' },
      async holds({ provider, settled }) {
        assert.equal((await settled(provider.get('first.part')))?.value, 'two sections');
        assert.equal((await settled(provider.get('firstPart')))?.value, 'one section');
        assert.equal((await settled(provider.get('first.part2')))?.value, 'another');
      },
    },
    {
      says: 'keeps keys apart that differ in case, - or _ alone',
      needs: ['spelling'],
      values: { 'pool.maxSize': 'camel', 'pool.max_size': 'snake', 'pool.max-size': 'kebab', 'pool.MAXSIZE': 'capitals' },
      async holds({ provider, settled, values }) {
        for (const [key, value] of Object.entries(values)) assert.equal((await settled(provider.get(key)))?.value, value, key);
        assert.strictEqual(await settled(provider.get('pool.maxsize')), undefined);
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
        for (const key of ['service..name', '../service', 'service.\u0000name', '__proto__.polluted', 'a.'.repeat(400)]) {
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
      says: 'answers lists that nobody can change',
      needs: ['types'],
      values: { 'service.regions': ['eu', 'us'] },
      async holds({ provider, settled }) {
        const entry = await settled(provider.get('service.regions'));
        assert.ok(entry, 'it answered undefined');
        isFrozen(entry);
        try {
          (entry.value as string[]).push('a caller was here');
        } catch {}
        assert.deepStrictEqual((await settled(provider.get('service.regions')))?.value, ['eu', 'us']);
      },
    },
    {
      says: 'does not change with the object that its values came from',
      needs: ['types'],
      values: { 'service.regions': ['eu', 'us'] },
      async holds({ provider, settled, values }) {
        (values['service.regions'] as string[]).push('the owner was here');
        assert.deepStrictEqual((await settled(provider.get('service.regions')))?.value, ['eu', 'us']);
      },
    },
    {
      says: 'answers a hundred callers at once, each the same',
      values: { 'service.name': 'inference', 'service.zone': 'b' },
      async holds({ provider, settled, values }) {
        const keys = Array.from({ length: 100 }, (_, i) => (i % 3 === 2 ? 'service.none' : i % 3 ? 'service.zone' : 'service.name'));
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
