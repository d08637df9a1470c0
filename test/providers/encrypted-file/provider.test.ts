import { readdirSync, readFileSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import {
  type EncryptedFileOptions,
  EncryptedFileProvider,
  parseKeys,
  password,
} from 'llm-config-manager/encrypted-file';
import { type Sandbox, sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { secret } from '../../../src/entry.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';
import { makeEnvelope } from '../../../src/sealing/envelope.ts';
import { newKey } from '../../../src/sealing/keys.ts';

const key = parseKeys(JSON.stringify(newKey('symmetric', 'ci')), 'it');
const keys = (): typeof key => key;
const fake = 'fake-hunter-22';

const yaml = `# who may read this
database:
  host: db.internal # the primary
  password: ${fake}

ports: [80, 443]
`;

async function encrypted(
  text: string,
  options: Partial<EncryptedFileOptions> = {},
): Promise<{ box: Sandbox; file: EncryptedFileProvider; path: string }> {
  const box = await sandbox();
  const path = box.path(options.path ?? 'secrets.yaml.jwe');
  const file = new EncryptedFileProvider({ keys, ...options, path });
  await file.edit(() => text);
  return { box, file, path };
}
const textOf = async (file: EncryptedFileProvider): Promise<string> => {
  let seen = '';
  await file.edit((text) => (seen = text));
  return seen;
};

describe('reading an encrypted file', () => {
  it('get and list return secrets with their lines in the document', async () => {
    const { box, file } = await encrypted(yaml);
    await using _ = box;
    const entry = await file.get('database.password');
    expect(entry).toMatchObject({ key: 'database.password', value: fake, secret: true });
    expect(entry?.text).toBeUndefined();
    expect(`${entry?.origin}`).toBe(`${box.path('secrets.yaml.jwe')}:4:13`);
    expect(inspect(entry) + JSON.stringify(entry)).not.toContain(fake);
    const [all] = await file.list();
    expect(all && 'leaf' in all && all.leaf?.('database.host')).toMatchObject({
      secret: true,
      origin: { line: 3 },
    });
    expect((await file.get('ports'))?.value).toEqual([80, 443]);
  });

  it('the file on disk is unreadable and belongs to its owner alone', async () => {
    const { box, path } = await encrypted(yaml);
    await using _ = box;
    const text = readFileSync(path, 'utf8');
    for (const word of ['database', 'internal', fake]) expect(text).not.toContain(word);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('a missing file is an error unless optional; a broken file always is', async () => {
    await using box = await sandbox({ files: { broken: '{', empty: '' } });
    const missing = new EncryptedFileProvider({ path: box.path('none'), keys });
    await expect(missing.get('a')).rejects.toMatchObject({ code: 'io' });
    await expect(missing.list()).rejects.toMatchObject({ code: 'io' });
    const optional = new EncryptedFileProvider({ path: box.path('none'), keys, optional: true });
    expect([await optional.get('a'), await optional.list()]).toEqual([undefined, []]);
    for (const name of ['broken', 'empty']) {
      const file = new EncryptedFileProvider({ path: box.path(name), keys, optional: true });
      await expect(file.list()).rejects.toMatchObject({
        code: 'parse',
        message: expect.stringContaining(box.path(name)),
      });
    }
  });

  it('the key comes from the variable LLM_CONFIG_KEY by default', async () => {
    const { box, path } = await encrypted('a: 1\n', {
      keys: { env: 'LLM_CONFIG_KEY' },
      env: { LLM_CONFIG_KEY: Buffer.alloc(32, 3).toString('hex') },
    });
    await using _ = box;
    const file = new EncryptedFileProvider({
      path,
      env: { LLM_CONFIG_KEY: Buffer.alloc(32, 3).toString('base64') },
    });
    expect((await file.get('a'))?.value).toBe(1);
    const without = new EncryptedFileProvider({ path, env: {} });
    await expect(without.get('a')).rejects.toMatchObject({
      code: 'crypto',
      message: expect.stringContaining('the variable LLM_CONFIG_KEY is not set'),
    });
  });

  it('a key from another provider opens the file', async () => {
    const { box, path } = await encrypted('a: 1\n', { keys: () => Buffer.alloc(32, 3) });
    await using _ = box;
    const provider = new MemoryProvider({ 'keys.config': Buffer.alloc(32, 3).toString('hex') });
    expect(
      (await new EncryptedFileProvider({ path, keys: { provider, key: 'keys.config' } }).get('a'))?.value,
    ).toBe(1);
  });

  it('the old or the new key opens the file during a rotation', async () => {
    const { box, path } = await encrypted('a: 1\n');
    await using _ = box;
    const [next] = parseKeys(JSON.stringify(newKey('symmetric', 'next')), 'it');
    expect((await new EncryptedFileProvider({ path, keys: [() => next, keys] }).get('a'))?.value).toBe(1);
  });

  it('the file opens in its own context only', async () => {
    const { box, path } = await encrypted('a: 1\n', { context: 'acme/staging' });
    await using _ = box;
    expect((await new EncryptedFileProvider({ path, keys, context: 'acme/staging' }).get('a'))?.value).toBe(
      1,
    );
    for (const context of ['acme/production', undefined]) {
      const file = new EncryptedFileProvider({ path, keys, ...(context && { context }) });
      await expect(file.get('a')).rejects.toMatchObject({
        code: 'crypto',
        message: expect.stringContaining('acme/staging'),
      });
    }
  });

  it.each([
    ['secrets.json.jwe', '{"a": {"b": 1}}'],
    ['secrets.jwe', '{"a": {"b": 1}}'],
    ['secrets.toml.enc', '[a]\nb = 1\n'],
    ['secrets.yml', 'a:\n  b: 1\n'],
    ['secrets.jsonc.jwe', '{ /* one */ "a": {"b": 1} }'],
  ])('the format follows the file name: %s', async (path, text) => {
    const { box, file } = await encrypted(text, { path });
    await using _ = box;
    expect((await file.get('a.b'))?.value).toBe(1);
    expect((await new EncryptedFileProvider({ path: box.path(path), keys }).get('a.b'))?.value).toBe(1);
  });

  it('the content type overrides the name, and must match the option format', async () => {
    const { box, path } = await encrypted('a = 1\n', { path: 'anything', format: 'toml' });
    await using _ = box;
    expect((await new EncryptedFileProvider({ path, keys }).get('a'))?.value).toBe(1);
    await expect(new EncryptedFileProvider({ path, keys, format: 'yaml' }).get('a')).rejects.toThrow(
      /holds toml, not yaml/,
    );
    const envelope = (contentType: string) =>
      makeEnvelope(Buffer.from('a: 1\n'), key, { contentType, context: undefined, where: 'it' });
    await writeFile(path, await envelope('text/plain'));
    await expect(new EncryptedFileProvider({ path, keys }).get('a')).rejects.toThrow(
      /holds the unknown format "text\/plain"/,
    );
    expect((await new EncryptedFileProvider({ path, keys, format: 'yaml' }).get('a'))?.value).toBe(1);
  });

  it('a parse error quotes nothing of the document', async () => {
    const { box, path } = await encrypted('a: 1\n');
    await using _ = box;
    await writeFile(
      path,
      await makeEnvelope(Buffer.from(`a: "${fake}\nb: [`), key, {
        contentType: 'yaml',
        context: undefined,
        where: 'it',
      }),
    );
    const error: Error = await new EncryptedFileProvider({ path, keys }).get('a').then(
      () => expect.fail('it was read'),
      (reason: Error) => reason,
    );
    expect(error).toMatchObject({ code: 'parse' });
    expect(`${error.stack}${JSON.stringify(error)}`).not.toContain(fake);
  });

  it('a broken file keeps its last good content except for fresh reads', async () => {
    const { box, file, path } = await encrypted('a: 1\n');
    await using _ = box;
    expect((await file.get('a'))?.value).toBe(1);
    await writeFile(path, 'half of a fi');
    expect((await file.get('a'))?.value).toBe(1);
    await expect(file.get('a', { maxAgeMs: 0 })).rejects.toMatchObject({ code: 'parse' });
    await expect(file.refresh()).rejects.toMatchObject({ code: 'parse' });
    expect((await file.health()).status).toBe('degraded');
  });

  it('where names file and key; sections and the root are refused as keys', async () => {
    const { box, file } = await encrypted(yaml);
    await using _ = box;
    expect(file.where('a/b')).toBe(`${box.path('secrets.yaml.jwe')} (a.b)`);
    await expect(file.get('database')).rejects.toMatchObject({
      code: 'invalid_key',
      message: expect.stringContaining('tree'),
    });
    await expect(file.set('', 'x')).rejects.toMatchObject({ code: 'invalid_key' });
    await expect(file.delete('')).rejects.toMatchObject({ code: 'invalid_key' });
  });

  it.each([
    {},
    { path: '' },
    { path: 'a', format: 'xml' },
    { path: 'a', keys: [] },
    { path: 'a', contxt: 'b' },
    { path: 'a', context: '' },
  ])('the constructor of EncryptedFileProvider refuses %j', (options) => {
    expect(() => new EncryptedFileProvider(options as never)).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    );
  });
});

describe('writing to an encrypted file', () => {
  it.each<[string, string, string]>([
    ['secrets.yaml', yaml, yaml.replace('db.internal', 'db2')],
    [
      'secrets.toml',
      '# top\n[database] # here\nhost = "db.internal" # the primary\nport = 1\n',
      '# top\n[database] # here\nhost = "db2" # the primary\nport = 1\n',
    ],
    [
      'secrets.jsonc',
      '{\n  // the primary\n  "database": { "host": "db.internal", }\n}\n',
      '{\n  // the primary\n  "database": { "host": "db2", }\n}\n',
    ],
  ])('set changes one value and keeps the rest of %s', async (path, before, after) => {
    const { box, file } = await encrypted(before, { path });
    await using _ = box;
    await file.set('database.host', 'db2');
    expect(await textOf(file)).toBe(after);
  });

  it.each<[string, string, string]>([
    ['secrets.yaml', '# top\na: 1\n', '# top\na: 1\nb:\n  c: new\n'],
    ['secrets.toml', '# top\na = 1\n', '# top\na = 1\n\n[b]\nc = "new"\n'],
    ['with-table.toml', '# top\n[b]\nd = 1\n[e]\n', '# top\n[b]\nc = "new"\nd = 1\n[e]\n'],
    ['secrets.jsonc', '{\n  "a": 1 // one\n}\n', '{\n  "b": {"c":"new"},\n  "a": 1 // one\n}\n'],
    ['empty.jsonc', '{ "b": { } /* nothing */ }', '{ "b": {\n    "c": "new", } /* nothing */ }'],
    ['secrets.json', '{"a": 1}', '{\n  "a": 1,\n  "b": {\n    "c": "new"\n  }\n}\n'],
  ])('set adds a key to %s', async (path, before, after) => {
    const { box, file } = await encrypted(before, { path });
    await using _ = box;
    await file.set('b.c', 'new');
    expect(await textOf(file)).toBe(after);
  });

  it.each<[string, string, string]>([
    ['secrets.yaml', '# top\nb:\n  c: 1\na: 1 # one\n', '# top\na: 1 # one\n'],
    ['secrets.toml', '# top\na = 1 # one\n[b]\nc = 1\n', '# top\na = 1 # one\n'],
    [
      'secrets.jsonc',
      '{\n  // top\n  "b": { "x": 1,\n    "c": 1,\n  },\n}\n',
      '{\n  // top\n  "b": { "x": 1,\n  },\n}\n',
    ],
    ['secrets.json', '{"a": 1, "b": {"c": 1}}', '{\n  "a": 1\n}\n'],
  ])('delete removes a key and empty sections from %s', async (path, before, after) => {
    const { box, file } = await encrypted(before, { path });
    await using _ = box;
    expect(await file.delete('b.c')).toBe(true);
    expect(await textOf(file)).toBe(after);
    expect(await file.delete('b.c')).toBe(false);
  });

  it('set adds lists, numbers and texts above the tables of a TOML file', async () => {
    const { box, file } = await encrypted('# top\n[t]\na = 1\n', { path: 'secrets.toml' });
    await using _ = box;
    await file.set('x', [1, 2]);
    await file.set('y', 12345678901234567n);
    await file.set('z', 1.5);
    await file.set('odd."key.with dots"', 'del\x7f and "quotes"');
    expect((await textOf(file)).startsWith('# top\nx = [1,2]\ny = 12345678901234567\nz = 1.5\n[t]')).toBe(
      true,
    );
    expect((await file.get('odd."key.with dots"'))?.value).toBe('del\x7f and "quotes"');
  });

  it('set rewrites a file without comments when no small edit works', async () => {
    const { box, file } = await encrypted('a = { b = 1 }\n', { path: 'secrets.toml' });
    await using _ = box;
    await file.set('a.c', ['x', { y: 1 }]);
    expect((await file.get('a.c'))?.value).toEqual(['x', { y: 1 }]);
  });

  it('delete leaves a readable document without keys', async () => {
    const { box, file } = await encrypted('[a]\nb = 1\n', { path: 'secrets.toml' });
    await using _ = box;
    expect(await file.delete('a.b')).toBe(true);
    expect([await textOf(file), await file.list()]).toEqual(['# nothing\n', []]);
    await file.set('c', 1);
    expect(await textOf(file)).toBe('# nothing\nc = 1\n');
    await file.set('d', true);
    expect(await textOf(file)).toBe('# nothing\nc = 1\nd = true\n');
  });

  it('set adds after a last line without a line end', async () => {
    const { box, file } = await encrypted('a = 1 # one', { path: 'secrets.toml' });
    await using _ = box;
    await file.set('b', 2);
    await file.set('t.c', 3);
    expect(await textOf(file)).toBe('a = 1 # one\nb = 2\n[t]\nc = 3\n'.replace('\n[t]', '\n\n[t]'));
  });

  it('set and delete refuse a change that would lose a comment', async () => {
    const { box, file } = await encrypted('{ "a": { "b": 1 } } // the only one\n', { path: 'secrets.jsonc' });
    await using _ = box;
    await expect(file.delete('a.b')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('llm-config edit'),
    });
    const aliased = await encrypted('a: &x { c: 1 }\nb: *x # shared\n');
    await using __ = aliased.box;
    await expect(aliased.file.set('b.c', 2)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('set creates a missing file for all keys', async () => {
    await using box = await sandbox();
    const file = new EncryptedFileProvider({ path: box.path('new.yaml.jwe'), keys });
    const entry = await file.set('database.password', secret(fake));
    expect(entry).toMatchObject({ value: fake, secret: true });
    expect(await textOf(file)).toBe(`database:\n  password: ${fake}\n`);
    expect(await new EncryptedFileProvider({ path: box.path('none.yaml.jwe'), keys }).delete('a')).toBe(
      false,
    );
    const keyless = new EncryptedFileProvider({ path: box.path('never.jwe'), env: {} });
    await expect(keyless.set('a', 1)).rejects.toThrow(
      /cannot be created without a key \(the variable LLM_CONFIG_KEY is not set\)/,
    );
    expect(readdirSync(box.directory)).toEqual(['new.yaml.jwe']);
  });

  it('writes that change nothing leave the file untouched', async () => {
    const { box, file, path } = await encrypted(yaml);
    await using _ = box;
    const before = readFileSync(path, 'utf8');
    await file.edit((text) => text);
    await file.set('database.host', 'db.internal');
    expect(readFileSync(path, 'utf8')).toBe(before);
    await file.set('database.host', 'db2');
    expect(readFileSync(path, 'utf8')).not.toBe(before);
  });

  it('edit refuses a document that could not be read again', async () => {
    const { box, file, path } = await encrypted('a: 1\n');
    await using _ = box;
    const before = readFileSync(path, 'utf8');
    for (const text of ['a: [', '', 'a: 1\na: 2\n', 'just text'])
      await expect(file.edit(() => text)).rejects.toMatchObject({ code: 'parse' });
    await expect(file.edit(() => Promise.reject(new Error('the editor died')))).rejects.toThrow(
      'the editor died',
    );
    expect(readFileSync(path, 'utf8')).toBe(before);
    await file.set('a', 2);
    expect((await file.get('a'))?.value).toBe(2);
  });

  it('set refuses values without a format and keys with a value above', async () => {
    const { box, file } = await encrypted('a:\n  b: 1\nc: 1\n');
    await using _ = box;
    for (const value of [undefined, Number.NaN, { section: 1 }, () => 1, new Date()])
      await expect(file.set('x', value as never)).rejects.toMatchObject({ code: 'validation' });
    await expect(file.set('a', 1)).rejects.toMatchObject({ code: 'invalid_key' });
    await expect(file.delete('a')).rejects.toMatchObject({ code: 'invalid_key' });
    await expect(file.set('c.d', 1)).rejects.toMatchObject({ code: 'conflict' });
    expect(await file.delete('c.d')).toBe(false);
  });

  it('set rejects with aborted at once while another write hangs, and later writes wait', async () => {
    const { box, file } = await encrypted('a: 1\n');
    await using _ = box;
    let end = (_: string): void => undefined;
    const hanging = new Promise<string>((resolve) => (end = resolve));
    const first = file.edit(() => hanging);
    const caller = new AbortController();
    const second = file.set('a', 3, { signal: caller.signal });
    const third = file.set('b', 4);
    caller.abort();
    await expect(second).rejects.toMatchObject({ code: 'aborted' });
    end('a: 2\n');
    await Promise.all([first, third]);
    expect([(await file.get('a'))?.value, (await file.get('b'))?.value]).toEqual([2, 4]);
  });

  it('set keeps a password recipient when another key opens the file', async () => {
    const both = [...key, password('fake-correct-horse')];
    const { box, path } = await encrypted('a: 1\n', { keys: () => both });
    await using _ = box;
    await new EncryptedFileProvider({ path, keys: () => both }).set('a', 2);
    const file = new EncryptedFileProvider({ path, keys: () => password('fake-correct-horse') });
    expect((await file.get('a'))?.value).toBe(2);
  });
});
