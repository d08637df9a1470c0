import assert from 'node:assert/strict';
import { isFrozen } from './assertions.ts';
import type { Chapter } from './sentence.ts';

const longText = 'one two three '.repeat(200).trim();
const anyText = 'Grüße, 世界 🌍: "double" \'single\' $HOME \\n #5\n\tsecond line';

export const texts: Chapter = {
  title: 'values',
  sentences: [
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
      values: {
        'pool.maxSize': 'camel',
        'pool.max_size': 'snake',
        'pool.max-size': 'kebab',
        'pool.MAXSIZE': 'capitals',
      },
      async holds({ provider, settled, values }) {
        for (const [key, value] of Object.entries(values))
          assert.equal((await settled(provider.get(key)))?.value, value, key);
        assert.strictEqual(await settled(provider.get('pool.maxsize')), undefined);
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
  ],
};
