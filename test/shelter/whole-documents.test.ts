// A document that is read and replaced as a whole: by a rotation, which keeps the fields that it does not
// know.

import { describe, expect, it } from 'vitest';
import { segments } from '../../src/key.ts';
import { ancestors } from '../../src/shelter/places.ts';
import { code, sheltering } from '../support/sheltering.ts';

const database = '{"user":"app_a","password":"fake-1","host":"db.internal"}';
/** As Vault locates keys: a document has fields only. */
const fieldsOnly = {
  locate: (key: string) => ancestors(key, (at) => segments(at).join('/')).slice(0, -1),
};

describe('getDocument', () => {
  it.each([{}, fieldsOnly])('getDocument reads a section as a tree, in one request', async (more) => {
    const { provider, source } = sheltering({ db: database }, {}, more);
    const entry = await provider.getDocument('db');
    expect(entry).toMatchObject({ key: 'db', value: JSON.parse(database), version: '1', secret: true });
    expect(String(entry)).not.toContain('fake-1');
    expect(source.asked.map(({ operation, documents }) => [operation, ...documents])).toEqual([
      ['read', 'db'],
    ]);
    await provider.getDocument('db');
    expect(source.count('read')).toBe(1);
    await provider.getDocument('db', { maxAgeMs: 0 });
    expect(source.count('read')).toBe(2);
  });

  it('getDocument reads a text, a version and an absent document', async () => {
    const { provider } = sheltering({ token: 'fake-token' });
    expect((await provider.getDocument('token'))?.value).toBe('fake-token');
    expect((await provider.getDocument('token', { version: '1' }))?.value).toBe('fake-token@1');
    expect(await provider.getDocument('none')).toBeUndefined();
  });

  it('getDocument refuses the key of a field', async () => {
    const { provider } = sheltering({}, {}, { places: [{ key: 'db', document: 'd', field: 'inner' }] });
    expect(await code(provider.getDocument('db'))).toBe('invalid_key');
    expect(await code(provider.getDocument('db.user'))).toBe('invalid_key');
  });
});

describe('setDocument', () => {
  it.each([{}, fieldsOnly])(
    'setDocument replaces all fields, if the version is the expected one',
    async (more) => {
      const { provider, source } = sheltering({ db: database }, {}, more);
      const next = { user: 'app_b', password: 'fake-2' };
      const entry = await provider.setDocument('db', next, { ifVersion: '1' });
      expect(entry).toMatchObject({ key: 'db', value: next, version: '2' });
      expect(source.store.get('db')?.text).toBe(JSON.stringify(next));
      expect((await provider.getDocument('db'))?.value).toEqual(next);
      expect(await code(provider.setDocument('db', next, { ifVersion: '1' }))).toBe('conflict');
    },
  );

  it('of two documents with ifAbsent, one is written', async () => {
    const { provider, source } = sheltering();
    const writes = ['fake-1', 'fake-2'].map((value) =>
      provider.setDocument('token', value, { ifAbsent: true }),
    );
    const settled = await Promise.allSettled(writes);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(await code(writes[1] as Promise<unknown>)).toBe('conflict');
    expect(source.store.get('token')).toMatchObject({ text: 'fake-1', version: 1 });
  });

  it('with ifAbsent, another process that is faster wins', async () => {
    const { provider, source } = sheltering();
    source.befall = ({ operation }) => {
      if (operation === 'write' && !source.store.has('token')) source.put('token', 'theirs');
    };
    expect(await code(provider.setDocument('token', 'ours', { ifAbsent: true }))).toBe('conflict');
    expect(source.store.get('token')?.text).toBe('theirs');
  });
});
