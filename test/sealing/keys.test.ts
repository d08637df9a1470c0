import { execFileSync } from 'node:child_process';
import { createCipheriv, pbkdf2Sync } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import type { JoseHeader } from '../../src/sealing/jose.ts';
import { KeySources } from '../../src/sealing/key-sources.ts';
import { newKey, parseKeys, password, publicText } from '../../src/sealing/keys.ts';
import type { X25519Key } from '../../src/sealing/local-keys.ts';

const bytes = Buffer.alloc(32, 0xab);
const jwk = JSON.stringify(newKey('symmetric', 'ci'));
const pair = newKey('x25519', 'alice');

/** The arguments of `unwrap`: `bytes`, wrapped with few rounds, which take no time. */
function wrappedFor(text: string): [Buffer, JoseHeader, string] {
  const [alg, salt, p2c] = ['PBES2-HS512+A256KW', Buffer.alloc(16, 7), 1_000] as const;
  const derived = pbkdf2Sync(text, Buffer.concat([Buffer.from(`${alg}\0`), salt]), p2c, 32, 'sha512');
  const cipher = createCipheriv('id-aes256-wrap', derived, Buffer.alloc(8, 0xa6));
  const wrapped = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return [wrapped, { alg, p2c, p2s: salt.toString('base64url') }, 'it'];
}

describe('a key in the place of a name or path', () => {
  it.each(['env', 'file'])('KeySources refuses a key as %s without quoting it', (kind) => {
    for (const text of [bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex'), jwk]) {
      let refused: unknown;
      try {
        new KeySources({ [kind]: text } as never, 'it', {});
      } catch (error) {
        refused = error;
      }
      expect(refused).toMatchObject({
        code: 'invalid_option',
        message: expect.stringContaining("has a key in the place of a variable's name or a path"),
      });
      expect(String(refused)).not.toContain(text);
    }
  });

  it('KeySources accepts names and paths as long as a key', () => {
    const long = (start: string): string => start.padEnd(43, 'A');
    expect(
      () => new KeySources([{ env: long('LLM_CONFIG_KEY_') }, { file: long('/run/secrets/') }], 'it', {}),
    ).not.toThrow();
  });
});

describe('parseKeys', () => {
  it.each([
    ['base64url', bytes.toString('base64url')],
    ['base64', bytes.toString('base64')],
    ['hex', bytes.toString('hex')],
    ['hex in capitals', bytes.toString('hex').toUpperCase()],
    ['a text with spaces around it', `\n ${bytes.toString('base64url')}\n`],
    ['a JWK', JSON.stringify({ kty: 'oct', k: bytes.toString('base64url') })],
  ])('parseKeys reads the same key from %s', (_, text) => {
    expect(parseKeys(text, 'it').map(({ kid }) => kid)).toEqual([
      parseKeys(bytes.toString('hex'), 'it')[0]?.kid,
    ]);
  });

  it('parseKeys reads several keys from a JWK set', () => {
    const keys = parseKeys(JSON.stringify({ keys: [JSON.parse(jwk), pair] }), 'it');
    expect(keys.map(({ kid, algorithm }) => [kid, algorithm])).toEqual([
      ['ci', 'A256GCMKW'],
      ['alice', 'ECDH-ES+A256KW'],
    ]);
  });

  it('parseKeys names a public key like its private half', () => {
    const { kid: _, ...unnamed } = pair;
    const [own] = parseKeys(JSON.stringify(unnamed), 'it') as [X25519Key];
    const [given] = parseKeys(publicText(own), 'it') as [X25519Key];
    expect([given.kid, given.opens, own.opens]).toEqual([own.kid, false, true]);
  });

  it.each([
    ['an empty text', '', /is empty/],
    ['a text that is too short', 'AAAA', /is not a key/],
    ['a passphrase', 'correct horse battery staple', /is not a key/],
    ['broken JSON', '{"kty":', /damaged/],
    ['an RSA key', '{"kty":"RSA","n":"AAAA","e":"AQAB"}', /neither symmetric with 256 bits nor X25519/],
    ['another curve', '{"kty":"OKP","crv":"X448","x":"AAAA"}', /neither symmetric/],
    ['a symmetric key of 128 bits', '{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAA"}', /is not 256 bits long/],
    ['an empty set', '{"keys":[]}', /without keys/],
    ['a set of something else', '{"keys":[1]}', /without keys/],
    ['a pair with a broken half', JSON.stringify({ ...pair, d: 'AAAA' }), /a damaged private half/],
    ['a private half in hex', JSON.stringify({ ...pair, d: 'ab'.repeat(32) }), /a damaged private half/],
    [
      'two halves of different pairs',
      JSON.stringify({ ...pair, d: newKey('x25519').d }),
      /halves of different pairs/,
    ],
    ['a broken public key', 'x25519:AAAA', /neither symmetric/],
  ])('parseKeys refuses %s without quoting it', (_, text, message) => {
    const error = (() => {
      try {
        return parseKeys(text, 'the variable KEY');
      } catch (thrown) {
        return thrown as ConfigError;
      }
    })() as ConfigError;
    expect(error).toMatchObject({
      code: 'crypto',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('keygen'),
    });
    if (text.length > 20) expect(error.message).not.toContain(text.slice(0, 20));
  });

  it('password refuses a text of fewer than 8 characters', () => {
    expect(() => password('short')).toThrow(/at least 8 characters/);
  });
});

describe('KeySources', () => {
  it('KeySources rebuilds the error of a provider', async () => {
    const provider = new MemoryProvider({}, { name: 'memory' });
    provider.get = () => Promise.reject(new Error('token fake-source-secret refused'));
    const error = await new KeySources({ provider, key: 'a' }, 'it')
      .find()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'crypto', message: 'it: reading the key a of memory failed' });
    expect(inspect(error)).not.toContain('fake-source-secret');
  });

  const kids = async (keys: KeySources) => (await keys.find()).keys.map(({ kid }) => kid);

  it('KeySources finds keys in variables, files, functions, providers and services', async () => {
    await using box = await sandbox({ env: { KEY: jwk } });
    await writeFile(box.path('key'), JSON.stringify({ keys: [newKey('symmetric', 'file')] }), {
      mode: 0o600,
    });
    const provider = new MemoryProvider({ 'keys.config': bytes.toString('hex'), 'keys.tree': [] });
    const keys = new KeySources(
      [
        { env: 'KEY' },
        { file: box.path('key') },
        () => JSON.stringify(newKey('symmetric', 'function')),
        async () => bytes,
        () => password('fake-password', 'phrase'),
        () => [password('fake-password', 'another')],
        { provider, key: 'keys.config', kid: 'provider' },
        password('fake-password', 'given'),
        { kid: 'service', algorithm: 'aws-kms', wrap: async () => 'x', unwrap: async () => bytes },
      ],
      'it',
      box.env,
    );
    expect(await kids(keys)).toEqual([
      'ci',
      'file',
      'function',
      parseKeys(bytes.toString('hex'), 'it')[0]?.kid,
      'phrase',
      'another',
      'provider',
      'given',
      'service',
    ]);
  });

  it('find returns the reason for each source without a key', async () => {
    const provider = new MemoryProvider({}, { name: 'vault' });
    const keys = new KeySources(
      [{ env: 'KEY' }, { env: 'BLANK' }, { file: '/nowhere/key' }, { provider, key: 'a.b' }, () => undefined],
      'it',
      {
        BLANK: '',
      },
    );
    expect(await keys.find()).toEqual({
      keys: [],
      absent: [
        'the variable KEY is not set',
        'the variable BLANK is not set',
        'the key file /nowhere/key does not exist',
        'vault has no a.b',
        'the function in keys returned no key',
      ],
    });
  });

  it('find throws the error of a provider that is unreachable', async () => {
    const down = new ConfigError('unavailable', 'the store is down');
    const provider = { name: 'store', get: async () => Promise.reject(down), list: async () => [] };
    await expect(new KeySources({ provider, key: 'a' }, 'it').find()).rejects.toBe(down);
  });

  it.runIf(process.platform !== 'win32')(
    'find refuses a key file that other users can read or change',
    async () => {
      await using box = await sandbox({ files: { key: jwk } });
      const keys = new KeySources({ file: box.path('key') }, 'it');
      for (const [mode, fine] of [
        [0o600, true],
        [0o400, true],
        [0o440, true],
        [0o640, true],
        [0o660, false],
        [0o644, false],
        [0o602, false],
      ] as const) {
        await chmod(box.path('key'), mode);
        if (fine) expect(await kids(keys)).toEqual(['ci']);
        else
          await expect(keys.find()).rejects.toMatchObject({
            code: 'crypto',
            message: expect.stringMatching(/other users .*chmod 600/),
          });
      }
    },
  );

  it('find ignores the mode of a key file on Windows, and refuses all else as elsewhere', async () => {
    await using box = await sandbox({ files: { key: `${jwk}\r\n`, huge: Buffer.alloc(70_000) } });
    const on = (platform: NodeJS.Platform, file: string) =>
      new KeySources({ file: box.path(file) }, 'it', {}, platform);
    await chmod(box.path('key'), 0o666); // as Node reports every writable file on Windows
    expect(await kids(on('win32', 'key'))).toEqual(['ci']);
    await expect(on('linux', 'key').find()).rejects.toThrow(/other users/);
    await expect(on('win32', 'huge').find()).rejects.toThrow(/not a regular file/);
    expect((await on('win32', 'nothing').find()).absent).toEqual([
      `the key file ${box.path('nothing')} does not exist`,
    ]);
  });

  it('a path with a drive and backslashes is a path, not a key', () => {
    for (const file of ['C:\\keys\\app.key', 'D:/keys/app.key', '\\\\server\\share\\app.key'])
      expect(() => new KeySources({ file }, 'it', {}, 'win32')).not.toThrow();
  });

  it('a password of a file with Windows line breaks has no line break', async () => {
    await using box = await sandbox({ files: { a: 'fake-password\r\n' } });
    const from = new KeySources({ file: box.path('a'), as: 'password' }, 'it', {}, 'win32');
    const [made] = (await from.find()).keys;
    expect(await made?.unwrap(...wrappedFor('fake-password'))).toEqual(bytes);
  });

  it('find refuses a folder and a huge file as key file', async () => {
    await using box = await sandbox({ files: { 'folder/key': 'x', huge: Buffer.alloc(70_000) } });
    for (const file of ['folder', 'huge']) {
      await chmod(box.path(file), 0o700);
      await expect(new KeySources({ file: box.path(file) }, 'it').find()).rejects.toThrow(
        /not a regular file of at most 64 kB/,
      );
    }
  });

  it('find refuses a named pipe as key file, and does not wait', async () => {
    await using box = await sandbox();
    execFileSync('mkfifo', ['-m', '600', box.path('pipe')]);
    await expect(new KeySources({ file: box.path('pipe') }, 'it').find()).rejects.toThrow(
      /not a regular file of at most 64 kB/,
    );
  });

  it('find returns the same key object for a key service', async () => {
    const keys = new KeySources(
      { kid: 'service', algorithm: 'aws-kms', wrap: async () => 'x', unwrap: async () => bytes },
      'it',
    );
    expect((await keys.find()).keys[0]).toBe((await keys.find()).keys[0]);
  });

  it('find throws io for a key file that cannot be opened', async () => {
    await expect(new KeySources({ file: `/${'x'.repeat(300)}` }, 'it').find()).rejects.toMatchObject({
      code: 'io',
    });
  });

  it('find reads its sources each time and keeps the key of the same text', async () => {
    const env: Record<string, string> = { KEY: jwk };
    const keys = new KeySources([{ env: 'KEY' }], 'it', env);
    const [first] = (await keys.find()).keys;
    expect((await keys.find()).keys[0]).toBe(first);
    env.KEY = JSON.stringify(newKey('symmetric', 'rotated'));
    expect(await kids(keys)).toEqual(['rotated']);
  });

  it('find removes the line end of a password file', async () => {
    await using box = await sandbox();
    await writeFile(box.path('phrase'), 'fake-password\n', { mode: 0o600 });
    const [key] = (await new KeySources({ file: box.path('phrase'), as: 'password' }, 'it').find()).keys;
    expect(await key?.unwrap(...wrappedFor('fake-password'))).toEqual(bytes);
  });

  it('find refuses a function that returns too few bytes', async () => {
    await expect(new KeySources(() => Buffer.alloc(16), 'it').find()).rejects.toThrow(
      /returned 16 bytes; expected 32/,
    );
  });

  it.each([
    [],
    {},
    { env: '' },
    { env: 'A', file: 'b' },
    { variable: 'A' },
    { env: 'A', as: 'text' },
    { provider: {}, key: 'a' },
    'KEY',
    null,
    [null],
  ])('the constructor of KeySources refuses the source %j', (source) => {
    expect(() => new KeySources(source as never, 'it')).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    );
  });
});
