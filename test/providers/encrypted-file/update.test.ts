// Several values of an encrypted file that change in one step.

import { EncryptedFileProvider, parseKeys } from 'llm-config-manager/encrypted-file';
import { type Sandbox, sandbox } from 'llm-config-manager/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newKey } from '../../../src/sealing/keys.ts';

const key = parseKeys(JSON.stringify(newKey('symmetric', 'ci')), 'it');
const keys = (): typeof key => key;
let box: Sandbox;
beforeEach(async () => {
  box = await sandbox();
});
afterEach(() => box[Symbol.asyncDispose]());

const made = async (name: string, text: string): Promise<EncryptedFileProvider> => {
  const file = new EncryptedFileProvider({ path: box.path(name), keys });
  await file.edit(() => text);
  return file;
};
const textOf = async (file: EncryptedFileProvider): Promise<string> => {
  let seen = '';
  await file.edit((text) => (seen = text));
  return seen;
};
const treeOf = async (file: EncryptedFileProvider): Promise<unknown> => {
  const [all] = await file.list();
  return all && 'value' in all ? all.value : undefined;
};

describe('update of an encrypted file', () => {
  it.each([
    ['a.yaml.jwe', '# kept\ndatabase:\n  user: app_a # kept too\n  password: fake-1\n'],
    ['a.json.jwe', '{ "database": { "user": "app_a", "password": "fake-1" } }'],
    ['a.toml.jwe', '# kept\n[database]\nuser = "app_a" # kept too\npassword = "fake-1"\n'],
  ])('update changes, adds and deletes several keys of %s, and keeps comments', async (name, text) => {
    const file = await made(name, text);
    const written = await file.update(() => ({
      'database.user': 'app_b',
      'database.password': undefined,
      'rotation.database.pending.user': 'app_c',
      'rotation.database.at': 5,
    }));
    expect(written).toBe(true);
    expect(await treeOf(file)).toEqual({
      database: { user: 'app_b' },
      rotation: { database: { pending: { user: 'app_c' }, at: 5 } },
    });
    expect((await textOf(file)).match(/kept/g)?.length ?? 0).toBe(text.match(/kept/g)?.length ?? 0);
  });

  it('update receives the newest document, so that none of ten changes is lost', async () => {
    const file = await made('n.json.jwe', '{ "n": 0 }');
    const other = new EncryptedFileProvider({ path: box.path('n.json.jwe'), keys });
    await other.get('n');
    const changes = Array.from({ length: 10 }, (_, i) =>
      (i % 2 === 0 ? file : other).update(({ n }) => ({ n: Number(n) + 1 })),
    );
    await Promise.all(changes);
    expect((await file.get('n', { maxAgeMs: 0 }))?.value).toBe(10);
    expect((await other.get('n', { maxAgeMs: 0 }))?.value).toBe(10);
  });

  it('update writes nothing without a difference, and all or nothing with an error', async () => {
    const file = await made('n.json.jwe', '{ "n": 0, "section": { "a": 1 } }');
    const before = await textOf(file);
    expect(await file.update(() => ({}))).toBe(false);
    expect(await file.update(() => ({ n: 0, none: undefined }))).toBe(false);
    await expect(file.update(() => ({ n: 1, section: 2 }))).rejects.toMatchObject({ code: 'invalid_key' });
    await expect(file.update(() => ({ n: 1, tree: { a: 1 } }))).rejects.toMatchObject({
      code: 'validation',
    });
    await expect(file.update((() => undefined) as never)).rejects.toMatchObject({
      code: 'validation',
      message: expect.stringMatching(
        /the function given to update returned no object. Return the new values/,
      ),
    });
    const failure = new Error('changed my mind');
    await expect(file.update(() => Promise.reject(failure))).rejects.toBe(failure);
    expect(await textOf(file)).toBe(before);
  });

  it('update replaces a value by a section, and creates a file', async () => {
    const file = new EncryptedFileProvider({ path: box.path('new.json.jwe'), keys, optional: true });
    await file.update((tree) => ({ empty: Object.keys(tree).length }));
    await file.update(() => ({ 'empty.not': true, empty: undefined }));
    expect(await treeOf(file)).toEqual({ empty: { not: true } });
  });
});
