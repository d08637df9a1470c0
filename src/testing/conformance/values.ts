// Conformance sentences about values: strings of every kind, numbers, null and lists, and keys that look
// alike.

import assert from 'node:assert/strict';
import { assertFrozen } from './assertions.ts';
import type { Chapter } from './sentence.ts';

const longText = 'one two three '.repeat(200).trim();
const anyText = 'Grüße, 世界 🌍: "double" \'single\' $HOME \\n #5\n\tsecond line';

export const values: Chapter = {
  title: 'values',
  sentences: [
    {
      title: 'keeps an empty string',
      needs: ['empty'],
      values: { 'service.suffix': '', 'service.name': 'inference' },
      async check({ provider, settled }) {
        assert.strictEqual((await settled(provider.get('service.suffix')))?.value, '');
      },
    },
    {
      title: 'keeps 0 and false',
      needs: ['types'],
      values: { 'limits.retries': 0, 'limits.strict': false },
      async check({ provider, settled }) {
        assert.strictEqual((await settled(provider.get('limits.retries')))?.value, 0);
        assert.strictEqual((await settled(provider.get('limits.strict')))?.value, false);
      },
    },
    {
      title: 'keeps null',
      needs: ['types', 'null'],
      values: { 'service.proxy': null },
      async check({ provider, settled }) {
        assert.strictEqual((await settled(provider.get('service.proxy')))?.value, null);
      },
    },
    {
      title: 'keeps a list as one leaf',
      needs: ['types'],
      values: { 'service.regions': ['eu', 'us', 'ap'] },
      async check({ provider, settled }) {
        assert.deepStrictEqual((await settled(provider.get('service.regions')))?.value, ['eu', 'us', 'ap']);
      },
    },
    {
      title: 'keeps a string that looks like a number as a string',
      values: { 'service.zip': '01234', 'service.version': '1.10' },
      async check({ provider, settled }) {
        assert.strictEqual((await settled(provider.get('service.zip')))?.value, '01234');
        assert.strictEqual((await settled(provider.get('service.version')))?.value, '1.10');
      },
    },
    {
      title: 'keeps quotes, line breaks and all Unicode characters',
      needs: ['anyText'],
      values: { 'service.motto': anyText },
      async check({ provider, settled }) {
        assert.strictEqual((await settled(provider.get('service.motto')))?.value, anyText);
      },
    },
    {
      title: 'keeps a long string',
      values: { 'service.story': longText },
      async check({ provider, settled }) {
        assert.strictEqual((await settled(provider.get('service.story')))?.value, longText);
      },
    },
    {
      title: 'distinguishes keys that differ only in their sections',
      values: { 'first.part': 'two sections', firstPart: 'one section', 'first.part2': 'another' },
      async check({ provider, settled }) {
        assert.equal((await settled(provider.get('first.part')))?.value, 'two sections');
        assert.equal((await settled(provider.get('firstPart')))?.value, 'one section');
        assert.equal((await settled(provider.get('first.part2')))?.value, 'another');
      },
    },
    {
      title: 'distinguishes keys that differ only in case, - or _',
      needs: ['spelling'],
      values: {
        'pool.maxSize': 'camel',
        'pool.max_size': 'snake',
        'pool.max-size': 'kebab',
        'pool.MAXSIZE': 'capitals',
      },
      async check({ provider, settled, values }) {
        for (const [key, value] of Object.entries(values))
          assert.equal((await settled(provider.get(key)))?.value, value, key);
        assert.strictEqual(await settled(provider.get('pool.maxsize')), undefined);
      },
    },
    {
      title: 'returns lists that callers cannot change',
      needs: ['types'],
      values: { 'service.regions': ['eu', 'us'] },
      async check({ provider, settled }) {
        const entry = await settled(provider.get('service.regions'));
        assert.ok(entry, 'get returned undefined');
        assertFrozen(entry);
        try {
          (entry.value as string[]).push('a caller was here');
        } catch {}
        assert.deepStrictEqual((await settled(provider.get('service.regions')))?.value, ['eu', 'us']);
      },
    },
    {
      title: 'is not affected by changes to the object that its values came from',
      needs: ['types'],
      values: { 'service.regions': ['eu', 'us'] },
      async check({ provider, settled, values }) {
        (values['service.regions'] as string[]).push('the owner was here');
        assert.deepStrictEqual((await settled(provider.get('service.regions')))?.value, ['eu', 'us']);
      },
    },
  ],
};
