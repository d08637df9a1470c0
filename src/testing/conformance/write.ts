import assert from 'node:assert/strict';
import { holdsExactly, isFrozen } from './assertions.ts';
import type { Chapter } from './sentence.ts';

export const write: Chapter = {
  title: 'write',
  needs: ['write'],
  sentences: [
    {
      says: 'reads back what was written, by get and by list',
      values: { 'service.name': 'inference' },
      async holds({ provider, writable, settled }) {
        assert.strictEqual(await settled(provider.get('database.host')), undefined);
        const entry = await settled(writable.set('database.host', 'db.internal'));
        assert.equal(entry.key, 'database.host');
        assert.equal(entry.value, 'db.internal');
        isFrozen(entry);
        assert.equal((await settled(provider.get('database.host')))?.value, 'db.internal');
        holdsExactly(await settled(provider.list()), {
          'service.name': 'inference',
          'database.host': 'db.internal',
        });
      },
    },
    {
      says: 'replaces a value and leaves its neighbours alone',
      values: { 'database.host': 'old', 'database.pool.size': 'ten' },
      async holds({ provider, writable, settled }) {
        await settled(provider.list());
        await settled(provider.get('database.host'));
        await settled(writable.set('database.host', 'new'));
        assert.equal((await settled(provider.get('database.host')))?.value, 'new');
        holdsExactly(await settled(provider.list()), { 'database.host': 'new', 'database.pool.size': 'ten' });
      },
    },
    {
      says: 'deletes a key, tells whether there was one, and leaves its neighbours alone',
      values: { 'database.host': 'db.internal', 'database.pool.size': 'ten' },
      async holds({ provider, writable, settled }) {
        await settled(provider.get('database.host'));
        assert.strictEqual(await settled(writable.delete('database.host')), true);
        assert.strictEqual(await settled(provider.get('database.host')), undefined);
        assert.strictEqual(await settled(writable.delete('database.host')), false);
        holdsExactly(await settled(provider.list()), { 'database.pool.size': 'ten' });
      },
    },
    {
      says: 'writes again what was deleted',
      values: { 'service.name': 'inference', 'service.zone': 'b' },
      async holds({ provider, writable, settled }) {
        await settled(writable.delete('service.name'));
        await settled(writable.set('service.name', 'training'));
        assert.equal((await settled(provider.get('service.name')))?.value, 'training');
      },
    },
    {
      says: 'writes an empty text, which is a value',
      needs: ['empty'],
      values: { 'service.name': 'inference' },
      async holds({ provider, writable, settled }) {
        await settled(writable.set('service.name', ''));
        assert.strictEqual((await settled(provider.get('service.name')))?.value, '');
      },
    },
    {
      says: 'writes 0, false and lists as they are',
      needs: ['types'],
      values: { 'service.name': 'inference' },
      async holds({ provider, writable, settled }) {
        for (const value of [0, false, ['eu', 'us']]) {
          await settled(writable.set('service.value', value));
          assert.deepStrictEqual((await settled(provider.get('service.value')))?.value, value);
        }
      },
    },
    {
      says: 'does not change with an object that was written',
      needs: ['types'],
      values: {},
      async holds({ provider, writable, settled }) {
        const regions = ['eu', 'us'];
        await settled(writable.set('service.regions', regions));
        regions.push('the writer was here');
        assert.deepStrictEqual((await settled(provider.get('service.regions')))?.value, ['eu', 'us']);
      },
    },
    {
      says: 'loses none of twenty writes at once',
      values: {},
      async holds({ provider, writable, settled }) {
        const values = Object.fromEntries(
          Array.from({ length: 20 }, (_, i) => [`many.item${i}`, `value ${i}`]),
        );
        await settled(Promise.all(Object.entries(values).map(([key, value]) => writable.set(key, value))));
        holdsExactly(await settled(provider.list()), values);
      },
    },
    {
      says: 'takes a key in any spelling when it writes',
      values: {},
      async holds({ provider, writable, settled }) {
        const entry = await settled(writable.set('database/pool/size', 'ten'));
        assert.equal(entry.key, 'database.pool.size');
        assert.equal((await settled(provider.get('database.pool.size')))?.value, 'ten');
        assert.strictEqual(await settled(writable.delete('database/pool.size')), true);
      },
    },
    {
      says: 'refuses to write to what is no key, and writes nothing',
      values: { 'service.name': 'inference' },
      async holds({ provider, writable, settled, refusal }) {
        for (const key of ['..', 'a..b', '__proto__.polluted']) {
          assert.equal((await refusal(writable.set(key, 'x'))).code, 'invalid_key', key);
          assert.equal((await refusal(writable.delete(key))).code, 'invalid_key', key);
        }
        holdsExactly(await settled(provider.list()), { 'service.name': 'inference' });
      },
    },
    {
      says: 'writes nothing when the caller had aborted before it began',
      values: { 'service.name': 'inference' },
      async holds({ provider, writable, settled, promptRefusal }) {
        const signal = AbortSignal.abort();
        assert.equal(
          (await promptRefusal(writable.set('service.name', 'aborted', { signal }))).code,
          'aborted',
        );
        assert.equal((await promptRefusal(writable.delete('service.name', { signal }))).code, 'aborted');
        assert.equal((await settled(provider.get('service.name')))?.value, 'inference');
      },
    },
    {
      says: 'says so when a write was refused, and keeps what stood',
      needs: ['denied'],
      values: { 'service.name': 'inference' },
      async holds({ provider, writable, settled, refusal, fail }) {
        await fail('denied');
        assert.equal((await refusal(writable.set('service.name', 'refused'))).transient, false);
        await refusal(writable.delete('service.name'));
        await fail(undefined);
        assert.equal((await settled(provider.get('service.name', { maxAgeMs: 0 })))?.value, 'inference');
      },
    },
  ],
};
