import { inspect } from 'node:util';
import { CompactEncrypt, compactDecrypt, importJWK } from 'jose';
import { parseKeys, seal, unsealed } from 'llm-config-manager/encrypted-file';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { type Entry, isUnreadable, type Unreadable } from '../../src/entry.ts';
import { ConfigError } from '../../src/errors.ts';
import { makeOrigin } from '../../src/origin.ts';
import { BundleProvider } from '../../src/providers/bundle.ts';
import { DotEnvProvider } from '../../src/providers/dotenv.ts';
import { EnvProvider } from '../../src/providers/env.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import type { FileKey } from '../../src/sealing/file-key.ts';
import { KeySources } from '../../src/sealing/key-sources.ts';
import { newKey, publicText } from '../../src/sealing/keys.ts';
import type { X25519Key } from '../../src/sealing/local-keys.ts';
import { Opening } from '../../src/sealing/opening.ts';
import { isTree } from '../../src/value.ts';

const fake = 'fake-sealed-44';
const jwk = newKey('symmetric', 'ci');
const [ci] = parseKeys(JSON.stringify(jwk), 'it') as [FileKey];
const [alice] = parseKeys(JSON.stringify(newKey('x25519', 'alice')), 'it') as [X25519Key];
const [forAlice] = parseKeys(publicText(alice), 'it', 'alice') as [FileKey];
const keys = () => [ci, alice];
const context = 'acme/production';
const sealed = (key = 'database.password', to: FileKey = ci) => seal(fake, { key, to, context });
const memory = (values: Record<string, string | string[]>) => new MemoryProvider(values, { name: 'memory' });
const leaves = (items: readonly (Entry | Unreadable)[]) =>
  items.map((item) =>
    isUnreadable(item) ? [item.key, item.error.code] : [item.key, item.value, item.secret],
  );

describe('sealed values', () => {
  it('unsealed opens a value at its key and passes plain values on', async () => {
    const inner = memory({ 'cache.host': 'redis.internal', 'database.password': await sealed() });
    const provider = unsealed(inner, { keys, context });
    expect(await provider.get('database.password')).toMatchObject({ value: fake, secret: true });
    expect(await provider.get('cache.host')).toBe(await inner.get('cache.host'));
    expect(await provider.get('nothing')).toBeUndefined();
    expect(leaves(await provider.list())).toEqual([
      ['cache.host', 'redis.internal', false],
      ['database.password', fake, true],
    ]);
  });

  it('unsealed opens a value in YAML and keeps its line', async () => {
    await using box = await sandbox({
      files: { 'base.yaml': `# shared\ndb:\n  host: plain\n  pass: ${await sealed('db.pass')}\n` },
    });
    const provider = unsealed(new BundleProvider(box.path('base.yaml')), { keys, context });
    const [entry] = (await provider.list()) as Entry[];
    expect(entry?.value).toEqual({ db: { host: 'plain', pass: fake } });
    expect([entry?.leaf?.('db.host').secret, entry?.leaf?.('db.pass').secret]).toEqual([false, true]);
    expect(`${entry?.leaf?.('db.pass').origin}`).toMatch(/base\.yaml:4:9$/);
    const chain = new ProviderChain([provider]);
    expect(await chain.tree('db')).toEqual({ host: 'plain', pass: fake });
    expect(`${await chain.explain('db.pass')}`).not.toContain(fake);
  });

  it('a sealed value of a conventional name opens at each key that its words can spell', async () => {
    // `data_base_x` has no secret in its name, and may have been sealed for any of its keys
    const texts = [await sealed('data.baseX'), await sealed('data_base_x')];
    for (const text of texts) {
      await using box = await sandbox({ files: { '.env': `APP_DATA_BASE_X=${text}\n` } });
      const options = { directory: box.directory, prefix: 'APP' };
      const dotenv = new DotEnvProvider({ ...options, sealed: { keys, context } });
      const outer = unsealed(new DotEnvProvider({ ...options, sealed: false }), { keys, context });
      for (const provider of [dotenv, outer]) {
        expect(await provider.get('data.baseX')).toMatchObject({ value: fake, secret: true });
        expect(await provider.get('dataBase.x')).toMatchObject({ value: fake, secret: true });
        const chain = new ProviderChain([provider, new MemoryProvider({ data: { baseX: 'low' } })]);
        expect(leaves(await chain.list())).toEqual([['data.baseX', fake, true]]);
        expect(`${await chain.explain('data.baseX')}`).toMatch(/redacted.*wins, sealed, opened with kid/s);
      }
    }
    await using box = await sandbox({
      files: { '.env': `APP_OTHER=${texts[0]}\nAPP__DATA__BASE_X=${texts[1]}\n` },
    });
    const moved = new DotEnvProvider({ directory: box.directory, prefix: 'APP', sealed: { keys, context } });
    await expect(moved.get('other')).rejects.toThrow('was sealed for "data.basex"');
    await expect(moved.get('data.baseX')).rejects.toThrow('was sealed for "databasex"');
  });

  it('unsealed opens a value in a .env file by the letters of its key', async () => {
    const files = {
      '.env': `APP__DATABASE__POOL_SECRET=${await sealed('database.poolSecret')}\nAPP__PLAIN=1\n`,
    };
    await using box = await sandbox({ files });
    const provider = unsealed(new DotEnvProvider({ directory: box.directory, prefix: 'APP' }), {
      keys,
      context,
    });
    expect(await provider.get('database.poolSecret')).toMatchObject({ value: fake, secret: true });
    const chain = new ProviderChain([provider, memory({ 'database.poolSecret': 'shadowed' })]);
    expect(await chain.value('database.poolSecret')).toBe(fake);
  });

  it('unsealed refuses a value at another key and in another context', async () => {
    const text = await sealed();
    const reading = (key: string, other: string | undefined = context) =>
      unsealed(memory({ [key]: text }), { keys, ...(other && { context: other }) }).get(key);
    await expect(reading('cache.password')).rejects.toMatchObject({
      code: 'crypto',
      message: expect.stringContaining('sealed for "database.password"'),
    });
    await expect(reading('database.password', 'acme/staging')).rejects.toThrow(
      /the context "acme\/production"; the reader's is "acme\/staging"/,
    );
    const unbound = unsealed(memory({ 'database.password': text }), { keys });
    await expect(unbound.get('database.password')).rejects.toThrow(/the reader's is none/);
    const free = await seal(fake, { key: 'database.password', to: ci });
    await expect(
      unsealed(memory({ 'database.password': free }), { keys, context }).get('database.password'),
    ).rejects.toThrow(/sealed for no context/);
  });

  it('unsealed does not quote a plaintext that is not the JSON it should be', async () => {
    const text = await new CompactEncrypt(Buffer.from(fake))
      .setProtectedHeader({
        alg: 'A256GCMKW',
        enc: 'A256GCM',
        kid: 'ci',
        cty: 'json',
        sub: 'database.password',
        aud: context,
      })
      .encrypt(await importJWK({ ...jwk, alg: 'A256GCMKW' }));
    const provider = unsealed(memory({ 'database.password': `sealed:${text}` }), { keys, context });
    const error = await provider.get('database.password').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'parse', key: 'database.password', provider: 'memory' });
    expect(inspect(error)).not.toContain(fake);
  });

  it.each<[string, string, boolean]>([
    ['nested 20,000 deep', '['.repeat(20_000) + ']'.repeat(20_000), false],
    ['with a name twice', `{"${fake}": 1, "${fake}": 2}`, false],
    ['with a reserved name', '{"__proto__": {"isAdmin": true}}', false],
    ['with a number that loses digits', '12345678901234567890', false],
    ['with a second member', `1, "${fake}": 2`, false],
    ['of an ordinary list', '[1, {"a": [true, null]}]', true],
  ])('unsealed reads JSON %s as a file would', async (_, json, isRead) => {
    const text = await new CompactEncrypt(Buffer.from(json))
      .setProtectedHeader({
        alg: 'A256GCMKW',
        enc: 'A256GCM',
        kid: 'ci',
        cty: 'json',
        sub: 'database.password',
        aud: context,
      } as never)
      .encrypt(await importJWK({ ...jwk, alg: 'A256GCMKW' }));
    const provider = unsealed(memory({ 'database.password': `sealed:${text}` }), { keys, context });
    const found = await provider.get('database.password').catch((thrown: unknown) => thrown);
    if (isRead) expect(found).toMatchObject({ value: JSON.parse(json), secret: true });
    else expect(found).toMatchObject({ code: 'parse', key: 'database.password' });
    expect(inspect(found, { depth: 9, showHidden: true })).not.toContain(fake);
  });

  it('seal refuses a number that JSON would change', async () => {
    await expect(seal(2n ** 70n, { key: 'a', to: ci })).rejects.toMatchObject({ code: 'validation' });
    expect(await seal(10n, { key: 'a', to: ci })).toMatch(/^sealed:/);
  });

  it('unsealed throws an error with the key and its place when no key is found', async () => {
    const text = await sealed();
    const provider = unsealed(memory({ 'database.password': text, plain: 'x' }), {
      keys: { env: 'NONE' },
      context,
      env: {},
    });
    const error = await provider
      .get('database.password')
      .catch((reason: ConfigError) => reason as ConfigError);
    expect(error).toMatchObject({
      code: 'crypto',
      key: 'database.password',
      message: expect.stringContaining('the variable NONE is not set'),
    });
    expect(JSON.stringify(error)).not.toContain(text.slice(10, 40));
    expect(leaves(await provider.list())).toEqual([
      ['database.password', 'crypto'],
      ['plain', 'x', false],
    ]);
  });

  it('a value that cannot be opened is a hole that hides lower priorities', async () => {
    await using box = await sandbox({
      files: { 'base.yaml': `db:\n  host: plain\n  pass: ${await sealed('other.key')}\n` },
    });
    const provider = unsealed(new BundleProvider(box.path('base.yaml')), { keys, context });
    const [tree, hole] = (await provider.list()) as [Entry, Unreadable];
    expect(tree.value).toEqual({ db: { host: 'plain' } });
    expect(hole).toMatchObject({ key: 'db.pass', error: { code: 'crypto' } });
    const chain = new ProviderChain([provider, memory({ 'db.pass': 'a default' })]);
    await expect(chain.tree('db')).rejects.toMatchObject({ code: 'crypto' });
    await expect(chain.get('db.pass')).rejects.toMatchObject({ code: 'crypto' });
  });

  it.each<[string, (text: string) => string]>([
    ['cut off', (text) => text.slice(0, -8)],
    ['short of one part', (text) => text.slice(0, text.lastIndexOf('.'))],
    ['the marker alone', () => 'sealed:'],
    [
      'changed in one letter of its ciphertext',
      (text) =>
        text.replace(/\.([\w-])([\w-]+)\.([\w-]+)$/, (_, a, b, c) => `.${a === 'A' ? 'B' : 'A'}${b}.${c}`),
    ],
    [
      'given another header',
      (text) =>
        text.replace(
          /^sealed:[\w-]+/,
          `sealed:${Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString('base64url')}`,
        ),
    ],
    ['given a header that is not JSON', (text) => text.replace(/^sealed:[\w-]+/, 'sealed:AAAA')],
  ])('unsealed refuses a value that is %s', async (_, change) => {
    const provider = unsealed(memory({ 'database.password': change(await sealed()) }), { keys, context });
    await expect(provider.get('database.password')).rejects.toMatchObject({
      code: expect.stringMatching(/^(crypto|parse)$/),
      key: 'database.password',
    });
  });

  it('a public key seals a value that only the private key opens', async () => {
    const text = await sealed('database.password', forAlice);
    expect(
      (
        await unsealed(memory({ 'database.password': text }), { keys: () => alice, context }).get(
          'database.password',
        )
      )?.value,
    ).toBe(fake);
    await expect(
      unsealed(memory({ 'database.password': text }), { keys: () => forAlice, context }).get(
        'database.password',
      ),
    ).rejects.toThrow(/encrypted for "alice"/);
  });

  it('jose opens a sealed value as a compact JWE', async () => {
    const opened = await compactDecrypt(
      (await sealed()).slice('sealed:'.length),
      await importJWK({ ...jwk, alg: 'A256GCMKW' }),
      {
        keyManagementAlgorithms: ['A256GCMKW'],
      },
    );
    expect([
      Buffer.from(opened.plaintext).toString(),
      opened.protectedHeader.sub,
      opened.protectedHeader.aud,
    ]).toEqual([fake, 'database.password', context]);
  });

  it('a text that was opened at its key is still refused at another', async () => {
    const text = await sealed('db.password');
    const provider = unsealed(memory({ 'db.password': text, 'log.line': text }), { keys, context });
    expect((await provider.get('db.password'))?.value).toBe(fake);
    await expect(provider.get('log.line')).rejects.toThrow(/was sealed for "db.password"/);

    const opening = new Opening(new KeySources(keys, 'it'), context);
    const origin = makeOrigin({ provider: 'it', source: 'it' });
    const words = await sealed('data.baseX');
    expect((await opening.operation()(words, 'data_base_x', origin, 'words')).value).toBe(fake);
    await expect(opening.operation()(words, 'data_base_x', origin)).rejects.toThrow(/was sealed for/);
  });

  it('unsealed refuses a JWE of another program that is bound to no key', async () => {
    const key = await importJWK({ ...jwk, alg: 'A256GCMKW' });
    const text = await new CompactEncrypt(Buffer.from(fake))
      .setProtectedHeader({ alg: 'A256GCMKW', enc: 'A256GCM' })
      .encrypt(key);
    await expect(unsealed(memory({ a: `sealed:${text}` }), { keys }).get('a')).rejects.toThrow(
      /was sealed for no key/,
    );
    const environment = new EnvProvider({ prefix: 'APP', env: { APP_UNDEFINED: `sealed:${text}` } });
    const [hole] = await new ProviderChain([unsealed(environment, { keys })]).layers();
    expect(`${hole?.holes[0]?.error.message}`).toMatch(/was sealed for no key/);
  });

  it('unsealed keeps texts, numbers and lists, also inside lists', async () => {
    const inner = memory({
      number: await seal(42, { key: 'number', to: ci }),
      regions: ['eu', await seal('us', { key: 'regions', to: ci })],
      list: await seal(['a', 'b'], { key: 'list', to: ci }),
    });
    const provider = unsealed(inner, { keys });
    expect([(await provider.get('number'))?.value, (await provider.get('list'))?.value]).toEqual([
      42,
      ['a', 'b'],
    ]);
    const regions = await provider.get('regions');
    expect(regions).toMatchObject({ value: ['eu', 'us'], secret: true });
    expect(Object.isFrozen(regions?.value)).toBe(true);
  });

  it('unsealed opens values inside lists of sections', async () => {
    const servers = JSON.stringify({
      servers: [{ host: 'a', pass: await seal(fake, { key: 'servers', to: ci }) }],
    });
    await using box = await sandbox({ files: { 'base.json': servers } });
    const [entry] = (await unsealed(new BundleProvider(box.path('base.json')), { keys }).list()) as Entry[];
    expect(entry?.value).toEqual({ servers: [{ host: 'a', pass: fake }] });
  });
});

describe('unsealed', () => {
  it('unsealed reads the keys once per operation and never for plain values', async () => {
    let asked = 0;
    const counting = () => {
      asked++;
      return ci;
    };
    const provider = unsealed(
      memory({
        a: await seal('1', { key: 'a', to: ci }),
        b: await seal('2', { key: 'b', to: ci }),
        c: 'plain',
      }),
      {
        keys: counting,
      },
    );
    await provider.get('c');
    expect(asked).toBe(0);
    await provider.list();
    await provider.list();
    await provider.get('a');
    expect(asked).toBe(1);
  });

  it('list fails, without a hole, when the key source is unreachable', async () => {
    const down = new ConfigError('unavailable', 'the key service is down');
    const keysDown = () => Promise.reject(down);
    const inner = memory({ a: await seal('1', { key: 'a', to: ci }) });
    await expect(unsealed(inner, { keys: keysDown }).list()).rejects.toMatchObject({ code: 'unavailable' });
    const tree: Entry = {
      ...(await inner.get('a')),
      key: '',
      value: { a: (await inner.get('a'))?.value as string },
    } as Entry;
    const sections = { name: 'sections', get: async () => undefined, list: async () => [tree] };
    await expect(unsealed(sections, { keys: keysDown }).list()).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('layers keeps each layer with its own failure', async () => {
    const chain = new ProviderChain([
      memory({ a: await seal('1', { key: 'a', to: ci }) }),
      new MemoryProvider({ b: 'x' }, { name: 'second' }),
    ]);
    const [first, second] = (await unsealed(chain, { keys: () => ci }).layers?.()) ?? [];
    expect([first?.name, first?.entries[0]?.value, second?.entries[0]?.value]).toEqual(['memory', '1', 'x']);
    const down = () => Promise.reject(new ConfigError('unavailable', 'down'));
    const [failed, fine] = (await unsealed(chain, { keys: down }).layers?.()) ?? [];
    expect([failed?.error?.code, failed?.entries, fine?.error]).toEqual(['unavailable', [], undefined]);
  });

  it('getMany returns each key with its own failure', async () => {
    const chain = new ProviderChain([
      memory({
        a: await seal('1', { key: 'a', to: ci }),
        b: await seal('2', { key: 'x', to: ci }),
        c: 'plain',
      }),
    ]);
    const answers = await unsealed(chain, { keys: () => ci }).getMany?.(['a', 'b', 'c', 'd']);
    expect(
      [...(answers ?? [])].map(([key, found]) => [
        key,
        found instanceof ConfigError ? found.code : found?.value,
      ]),
    ).toEqual([
      ['a', '1'],
      ['b', 'crypto'],
      ['c', 'plain'],
      ['d', undefined],
    ]);
  });

  it('list passes a section without sealed values on unchanged', async () => {
    await using box = await sandbox({ files: { 'base.json': '{"a": {"b": [1, null]}, "c": "sealed"}' } });
    const inner = new BundleProvider(box.path('base.json'));
    expect((await unsealed(inner, { keys }).list('a'))[0]).toMatchObject({
      value: { b: [1, null] },
      secret: false,
    });
  });

  it('list opens a section of a provider without origins for its leaves', async () => {
    const [origin] = (await memory({ a: 'x' }).list()).map((entry) => (entry as Entry).origin);
    const tree = {
      key: '',
      value: { a: await seal('1', { key: 'a', to: ci }), b: 'plain' },
      secret: false,
      origin,
    } as Entry;
    const [entry] = (await unsealed(
      { name: 'it', get: async () => undefined, list: async () => [tree] },
      { keys },
    ).list()) as Entry[];
    expect([entry?.value, entry?.leaf?.('a').secret, entry?.leaf?.('b')]).toEqual([
      { a: '1', b: 'plain' },
      true,
      { origin, secret: false },
    ]);
  });

  it('list passes holes on and rebuilds the error of a key function', async () => {
    const hole: Unreadable = Object.freeze({
      key: 'a',
      origin: (await memory({ a: '1' }).get('a'))?.origin as Entry['origin'],
      error: new ConfigError('disabled', 'x'),
    });
    const text = await seal('1', { key: 'b', to: ci });
    const entry = (await memory({ b: text }).get('b')) as Entry;
    const inner = { name: 'it', get: async () => entry, list: async () => [hole, entry] };
    const provider = unsealed(inner, { keys: () => Promise.reject(new Error(fake)) });
    const [first, second] = (await provider.list()) as [Unreadable, Unreadable];
    expect(first).toBe(hole);
    expect(second.error).toMatchObject({ code: 'crypto' });
    expect(second.error.message).not.toContain(fake);
  });

  it('unsealed offers no writes and refuses unknown options', () => {
    const provider = unsealed(new MemoryProvider({}), { keys });
    expect([isTree({}), 'set' in provider, 'delete' in provider]).toEqual([true, false, false]);
    expect(() => unsealed(new MemoryProvider({}), { contxt: 'x' } as never)).toThrow(/Did you mean context/);
  });
});
