// Conformance sentences about `set` and `delete`, which must leave every other key unchanged. Used by
// `chapters.ts`; left out for a provider that only reads.

import assert from 'node:assert/strict';
import { assertFrozen, assertLists } from './assertions.ts';
import type { Chapter } from './sentence.ts';

export const write: Chapter = {
  title: 'write',
  needs: ['write'],
  sentences: [
    {
      title: 'get and list return a value that set has written',
      values: { 'service.name': 'inference' },
      async check({ provider, writable, settled }) {
        assert.strictEqual(await settled(provider.get('database.host')), undefined);
        const entry = await settled(writable.set('database.host', 'db.internal'));
        assert.equal(entry.key, 'database.host');
        assert.equal(entry.value, 'db.internal');
        assertFrozen(entry);
        assert.equal((await settled(provider.get('database.host')))?.value, 'db.internal');
        assertLists(await settled(provider.list()), {
          'service.name': 'inference',
          'database.host': 'db.internal',
        });
      },
    },
    {
      title: 'set replaces one value and leaves the others unchanged',
      values: { 'database.host': 'old', 'database.pool.size': 'ten' },
      async check({ provider, writable, settled }) {
        await settled(provider.list());
        await settled(provider.get('database.host'));
        await settled(writable.set('database.host', 'new'));
        assert.equal((await settled(provider.get('database.host')))?.value, 'new');
        assertLists(await settled(provider.list()), { 'database.host': 'new', 'database.pool.size': 'ten' });
      },
    },
    {
      title: 'delete removes one key only, and returns whether the key existed',
      values: { 'database.host': 'db.internal', 'database.pool.size': 'ten' },
      async check({ provider, writable, settled }) {
        await settled(provider.get('database.host'));
        assert.strictEqual(await settled(writable.delete('database.host')), true);
        assert.strictEqual(await settled(provider.get('database.host')), undefined);
        assert.strictEqual(await settled(writable.delete('database.host')), false);
        assertLists(await settled(provider.list()), { 'database.pool.size': 'ten' });
      },
    },
    {
      title: 'set can write a key that was deleted',
      values: { 'service.name': 'inference', 'service.zone': 'b' },
      async check({ provider, writable, settled }) {
        await settled(writable.delete('service.name'));
        await settled(writable.set('service.name', 'training'));
        assert.equal((await settled(provider.get('service.name')))?.value, 'training');
      },
    },
    {
      title: 'set writes an empty string',
      needs: ['empty'],
      values: { 'service.name': 'inference' },
      async check({ provider, writable, settled }) {
        await settled(writable.set('service.name', ''));
        assert.strictEqual((await settled(provider.get('service.name')))?.value, '');
      },
    },
    {
      title: 'set writes 0, false and lists unchanged',
      needs: ['types'],
      values: { 'service.name': 'inference' },
      async check({ provider, writable, settled }) {
        for (const value of [0, false, ['eu', 'us']]) {
          await settled(writable.set('service.value', value));
          assert.deepStrictEqual((await settled(provider.get('service.value')))?.value, value);
        }
      },
    },
    {
      title: 'set is not affected by later changes to the written object',
      needs: ['types'],
      values: {},
      async check({ provider, writable, settled }) {
        const regions = ['eu', 'us'];
        await settled(writable.set('service.regions', regions));
        regions.push('the writer was here');
        assert.deepStrictEqual((await settled(provider.get('service.regions')))?.value, ['eu', 'us']);
      },
    },
    {
      title: 'set loses none of twenty concurrent writes',
      values: {},
      async check({ provider, writable, settled }) {
        const values = Object.fromEntries(
          Array.from({ length: 20 }, (_, i) => [`many.item${i}`, `value ${i}`]),
        );
        await settled(Promise.all(Object.entries(values).map(([key, value]) => writable.set(key, value))));
        assertLists(await settled(provider.list()), values);
      },
    },
    {
      title: 'set and delete accept keys with slashes',
      values: {},
      async check({ provider, writable, settled }) {
        const entry = await settled(writable.set('database/pool/size', 'ten'));
        assert.equal(entry.key, 'database.pool.size');
        assert.equal((await settled(provider.get('database.pool.size')))?.value, 'ten');
        assert.strictEqual(await settled(writable.delete('database/pool.size')), true);
      },
    },
    {
      title: 'set and delete reject an invalid key with invalid_key and write nothing',
      values: { 'service.name': 'inference' },
      async check({ provider, writable, settled, rejection }) {
        for (const key of ['..', 'a..b', '__proto__.polluted']) {
          assert.equal((await rejection(writable.set(key, 'x'))).code, 'invalid_key', key);
          assert.equal((await rejection(writable.delete(key))).code, 'invalid_key', key);
        }
        assertLists(await settled(provider.list()), { 'service.name': 'inference' });
      },
    },
    {
      title: 'set and delete write nothing when their signal is already aborted',
      values: { 'service.name': 'inference' },
      async check({ provider, writable, settled, promptRejection }) {
        const signal = AbortSignal.abort();
        assert.equal(
          (await promptRejection(writable.set('service.name', 'aborted', { signal }))).code,
          'aborted',
        );
        assert.equal((await promptRejection(writable.delete('service.name', { signal }))).code, 'aborted');
        assert.equal((await settled(provider.get('service.name')))?.value, 'inference');
      },
    },
    {
      title: 'set and delete reject when the backend denies access, and change nothing',
      needs: ['denied'],
      values: { 'service.name': 'inference' },
      async check({ provider, writable, settled, rejection, fail }) {
        await fail('denied');
        assert.equal((await rejection(writable.set('service.name', 'refused'))).transient, false);
        await rejection(writable.delete('service.name'));
        await fail(undefined);
        assert.equal((await settled(provider.get('service.name', { maxAgeMs: 0 })))?.value, 'inference');
      },
    },
  ],
};
