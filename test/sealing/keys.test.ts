import { chmod, writeFile } from 'node:fs/promises';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { Keys } from '../../src/sealing/key-sources.ts';
import { newKey, parseKeys, password, publicText } from '../../src/sealing/keys.ts';
import type { AgreementKey } from '../../src/sealing/wrapping.ts';

const bytes = Buffer.alloc(32, 0xab);
const jwk = JSON.stringify(newKey('symmetric', 'ci'));
const pair = newKey('x25519', 'alice');

describe('a key where its name is wanted', () => {
  it.each(['env', 'file'])('is refused under %s, and stands in no message', (kind) => {
    for (const text of [bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex'), jwk]) {
      let refused: unknown;
      try {
        new Keys({ [kind]: text } as never, 'it', {});
      } catch (error) {
        refused = error;
      }
      expect(refused).toMatchObject({
        code: 'invalid_option',
        message: expect.stringContaining('holds a key where a name is wanted'),
      });
      expect(String(refused)).not.toContain(text);
    }
  });

  it('is no name or path that happens to be as long as one', () => {
    const long = (start: string): string => start.padEnd(43, 'A');
    expect(
      () => new Keys([{ env: long('LLM_CONFIG_KEY_') }, { file: long('/run/secrets/') }], 'it', {}),
    ).not.toThrow();
  });
});

describe('a key as text', () => {
  it.each([
    ['base64url', bytes.toString('base64url')],
    ['base64', bytes.toString('base64')],
    ['hex', bytes.toString('hex')],
    ['hex in capitals', bytes.toString('hex').toUpperCase()],
    ['with blanks around it', `\n ${bytes.toString('base64url')}\n`],
    ['a JWK', JSON.stringify({ kty: 'oct', k: bytes.toString('base64url') })],
  ])('is read as %s, always as the same key', (_, text) => {
    expect(parseKeys(text, 'it').map(({ kid }) => kid)).toEqual([
      parseKeys(bytes.toString('hex'), 'it')[0]?.kid,
    ]);
  });

  it('is several keys in a JWK set', () => {
    const keys = parseKeys(JSON.stringify({ keys: [JSON.parse(jwk), pair] }), 'it');
    expect(keys.map(({ kid, algorithm }) => [kid, algorithm])).toEqual([
      ['ci', 'A256GCMKW'],
      ['alice', 'ECDH-ES+A256KW'],
    ]);
  });

  it('is a public key in one word, under the same name as its private half', () => {
    const { kid: _, ...unnamed } = pair;
    const [own] = parseKeys(JSON.stringify(unnamed), 'it') as [AgreementKey];
    const [given] = parseKeys(publicText(own), 'it') as [AgreementKey];
    expect([given.kid, given.opens, own.opens]).toEqual([own.kid, false, true]);
  });

  it.each([
    ['empty', '', /is empty/],
    ['too short', 'AAAA', /is no key/],
    ['no key at all', 'correct horse battery staple', /is no key/],
    ['broken JSON', '{"kty":', /damaged/],
    ['an RSA key', '{"kty":"RSA","n":"AAAA","e":"AQAB"}', /neither symmetric with 256 bits nor X25519/],
    ['another curve', '{"kty":"OKP","crv":"X448","x":"AAAA"}', /neither symmetric/],
    ['a symmetric key of 128 bits', '{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAA"}', /has not 256 bits/],
    ['an empty set', '{"keys":[]}', /without keys/],
    ['a set of something else', '{"keys":[1]}', /without keys/],
    ['a pair with a broken half', JSON.stringify({ ...pair, d: 'AAAA' }), /private half is damaged/],
    [
      'two halves of different pairs',
      JSON.stringify({ ...pair, d: newKey('x25519').d }),
      /do not belong together/,
    ],
    ['a broken public key', 'x25519:AAAA', /neither symmetric/],
  ])('is refused, unquoted, when it is %s', (_, text, message) => {
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

  it('is refused as a password when anybody could guess it', () => {
    expect(() => password('short')).toThrow(/at least 8 characters/);
  });
});

describe('where keys come from', () => {
  const kids = async (keys: Keys) => (await keys.find()).keys.map(({ kid }) => kid);

  it('is a variable, a file, a function, a provider, a key, several of them', async () => {
    await using box = await sandbox({ env: { KEY: jwk } });
    await writeFile(box.path('key'), JSON.stringify({ keys: [newKey('symmetric', 'file')] }), {
      mode: 0o600,
    });
    const provider = new MemoryProvider({ 'keys.config': bytes.toString('hex'), 'keys.tree': [] });
    const keys = new Keys(
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

  it('may be absent, which is said with its reason, and is no other failure', async () => {
    const provider = new MemoryProvider({}, { name: 'vault' });
    const keys = new Keys(
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
        'the function in keys answered no key',
      ],
    });
  });

  it('passes on that the provider of a key is out of reach: that is no missing key', async () => {
    const down = new ConfigError('unavailable', 'the store is down');
    const provider = { name: 'store', get: async () => Promise.reject(down), list: async () => [] };
    await expect(new Keys({ provider, key: 'a' }, 'it').find()).rejects.toBe(down);
  });

  it.runIf(process.platform !== 'win32')(
    'is not a key file that other users can read or change',
    async () => {
      await using box = await sandbox({ files: { key: jwk } });
      const keys = new Keys({ file: box.path('key') }, 'it');
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

  it('is neither a folder nor a huge file', async () => {
    await using box = await sandbox({ files: { 'folder/key': 'x', huge: Buffer.alloc(70_000) } });
    for (const file of ['folder', 'huge']) {
      await chmod(box.path(file), 0o700);
      await expect(new Keys({ file: box.path(file) }, 'it').find()).rejects.toThrow(/no small regular file/);
    }
  });

  it('is a service, always the same', async () => {
    const keys = new Keys(
      { kid: 'service', algorithm: 'aws-kms', wrap: async () => 'x', unwrap: async () => bytes },
      'it',
    );
    expect((await keys.find()).keys[0]).toBe((await keys.find()).keys[0]);
  });

  it('is an error of its own when the key file cannot be looked at', async () => {
    await expect(new Keys({ file: `/${'x'.repeat(300)}` }, 'it').find()).rejects.toMatchObject({
      code: 'io',
    });
  });

  it('is asked again each time, and the same text is the same key', async () => {
    const env: Record<string, string> = { KEY: jwk };
    const keys = new Keys([{ env: 'KEY' }], 'it', env);
    const [first] = (await keys.find()).keys;
    expect((await keys.find()).keys[0]).toBe(first);
    env.KEY = JSON.stringify(newKey('symmetric', 'rotated'));
    expect(await kids(keys)).toEqual(['rotated']);
  });

  it('takes a password without the line end of its file', async () => {
    await using box = await sandbox();
    await writeFile(box.path('phrase'), 'fake-password\n', { mode: 0o600 });
    const [key] = (await new Keys({ file: box.path('phrase'), as: 'password' }, 'it').find()).keys;
    const { header, encryptedKey } = await password('fake-password').wrap(bytes);
    expect(await key?.unwrap(encryptedKey, header, 'it')).toEqual(bytes);
  });

  it('is refused, never quoted, when a function answers too few bytes', async () => {
    await expect(new Keys(() => Buffer.alloc(16), 'it').find()).rejects.toThrow(
      /answered 16 bytes; a key has 32/,
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
  ])('is checked at construction: %j is refused', (source) => {
    expect(() => new Keys(source as never, 'it')).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    );
  });
});
