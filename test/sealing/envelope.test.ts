import { inspect } from 'node:util';
import { FlattenedEncrypt, GeneralEncrypt, type GeneralJWE, generalDecrypt, importJWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import type { KeyWrapper } from '../../src/key-wrapper.ts';
import { changeRecipients, makeEnvelope, openEnvelope, rewriteEnvelope } from '../../src/sealing/envelope.ts';
import type { FileKey } from '../../src/sealing/file-key.ts';
import { newKey, parseKeys, password, publicText } from '../../src/sealing/keys.ts';
import type { X25519Key } from '../../src/sealing/local-keys.ts';
import { RemoteKey } from '../../src/sealing/remote-key.ts';

const where = 'the encrypted file it';
const text = 'password: fake-plaintext\n';
const plaintext = Buffer.from(text);
const context = 'acme/production';
const jwk = newKey('symmetric', 'ci');
const pair = newKey('x25519', 'alice');
const pass = 'fake-correct-horse';
const [ci] = parseKeys(JSON.stringify(jwk), 'it') as [FileKey];
const [alice] = parseKeys(JSON.stringify(pair), 'it') as [X25519Key];
const alicePublic = parseKeys(publicText(alice), 'it', 'alice')[0] as X25519Key;
const phrase = password(pass);

const expected = { context, where, contentType: 'yaml' };
const open = (file: string, ...keys: FileKey[]) =>
  openEnvelope(file, { keys, absent: [] }, { context, where });
const parsed = (file: string) =>
  JSON.parse(file) as GeneralJWE & { protected: string; recipients: { header: Record<string, unknown> }[] };

/** A minimal key service, which keeps the wrapped keys in memory. */
function service(kid = 'prod/config', algorithm = 'vault-transit'): KeyWrapper & { calls: number } {
  const held = new Map<string, Uint8Array>();
  return {
    kid,
    algorithm,
    calls: 0,
    async wrap(key) {
      const name = `vault:v1:${held.size}`;
      held.set(name, Uint8Array.from(key));
      return name;
    },
    async unwrap(wrapped) {
      this.calls++;
      const key = held.get(wrapped);
      if (!key) throw new Error('denied');
      return key;
    },
  };
}

// made once: a password costs a third of a second
const forPassword = makeEnvelope(plaintext, [password(pass, 'team')], expected);
const forAll = makeEnvelope(plaintext, [ci, alice, phrase], expected);

describe('interoperability of encrypted files with jose', () => {
  const options = {
    keyManagementAlgorithms: ['A256GCMKW', 'PBES2-HS512+A256KW', 'ECDH-ES+A256KW'],
    maxPBES2Count: 1_000_000,
  };

  const forOne = (key: FileKey) => makeEnvelope(plaintext, [key], expected);
  it.each<[string, () => Promise<string>, () => Promise<Parameters<typeof generalDecrypt>[1]>]>([
    ['A256GCMKW', () => forOne(ci), () => importJWK({ ...jwk, alg: 'A256GCMKW' })],
    ['PBES2-HS512+A256KW', () => forPassword, async () => Buffer.from(pass)],
    ['ECDH-ES+A256KW', () => forOne(alice), () => importJWK({ ...pair, alg: 'ECDH-ES+A256KW' })],
  ])('jose opens our files for %s, with one recipient and with three', async (_, one, key) => {
    for (const file of [parsed(await one()), parsed(await forAll)]) {
      const opened = await generalDecrypt(file, await key(), options);
      expect(Buffer.from(opened.plaintext).toString()).toBe(text);
      expect(Buffer.from(opened.additionalAuthenticatedData ?? []).toString()).toBe(context);
    }
  });

  it.each([1, 2, 3])(
    'openEnvelope opens general and flattened files of jose with %s recipients',
    async (count) => {
      const kinds = [
        [await importJWK({ ...jwk, alg: 'A256GCMKW' }), { alg: 'A256GCMKW', kid: 'ci' }, ci],
        [
          await importJWK({ ...alice.publicKey, alg: 'ECDH-ES+A256KW' }),
          { alg: 'ECDH-ES+A256KW', kid: 'alice' },
          alice,
        ],
        [Buffer.from(pass), { alg: 'PBES2-HS512+A256KW' }, phrase],
      ] as const;
      const encrypt = new GeneralEncrypt(plaintext)
        .setProtectedHeader({ enc: 'A256GCM' })
        .setAdditionalAuthenticatedData(Buffer.from(context));
      for (const [key, header] of kinds.slice(0, count))
        encrypt.addRecipient(key).setUnprotectedHeader(header);
      const file = JSON.stringify(await encrypt.encrypt());
      for (const [, , own] of kinds.slice(0, count)) {
        const opened = await open(file, own);
        expect(opened.plaintext.toString()).toBe(text);
        expect([opened.trusted, opened.contentType]).toEqual([false, undefined]);
      }
    },
  );

  it('openEnvelope opens files of jose with named parties (apu, apv)', async () => {
    const file = await new FlattenedEncrypt(plaintext)
      .setProtectedHeader({ alg: 'ECDH-ES+A256KW', enc: 'A256GCM' })
      .setKeyManagementParameters({ apu: Buffer.from('Alice'), apv: Buffer.from('Bob') })
      .setAdditionalAuthenticatedData(Buffer.from(context))
      .encrypt(await importJWK({ ...alice.publicKey, alg: 'ECDH-ES+A256KW' }));
    expect((await open(JSON.stringify(file), alice)).plaintext).toEqual(plaintext);
  });

  it('openEnvelope opens a flattened file with a protected algorithm', async () => {
    const key = await importJWK({ ...jwk, alg: 'A256GCMKW' });
    const flattened = await new FlattenedEncrypt(plaintext)
      .setProtectedHeader({ alg: 'A256GCMKW', enc: 'A256GCM', cty: 'application/yaml' })
      .setAdditionalAuthenticatedData(Buffer.from(context))
      .encrypt(key);
    const opened = await open(JSON.stringify(flattened), ci);
    expect([opened.plaintext.toString(), opened.contentType]).toEqual([text, 'yaml']);
    await expect(changeRecipients(opened, { add: [alice] }, where)).rejects.toThrow(
      /another program in a form for one recipient only/,
    );
    const rewritten = await rewriteEnvelope(opened, plaintext, [ci], expected);
    expect((await open(rewritten, ci)).trusted).toBe(true);
  });
});

describe('encrypted files', () => {
  it('makeEnvelope uses a new content key and IV for each write', async () => {
    const [a, b] = [
      parsed(await makeEnvelope(plaintext, [ci], expected)),
      parsed(await makeEnvelope(plaintext, [ci], expected)),
    ];
    expect(a.ciphertext).not.toBe(b.ciphertext);
    expect(a.iv).not.toBe(b.iv);
    expect((await open(JSON.stringify(a), ci)).opened.contentKey).not.toEqual(
      (await open(JSON.stringify(b), ci)).opened.contentKey,
    );
  });

  it('changeRecipients keeps the ciphertext byte for byte', async () => {
    const before = await makeEnvelope(plaintext, [ci], expected);
    const added = await changeRecipients(await open(before, ci), { add: [alicePublic, phrase] }, where);
    const removed = await changeRecipients(await open(added, alice), { remove: ['ci', 'password'] }, where);
    for (const member of ['protected', 'iv', 'ciphertext', 'tag', 'aad'] as const)
      expect([parsed(added)[member], parsed(removed)[member]]).toEqual([
        parsed(before)[member],
        parsed(before)[member],
      ]);
    expect((await open(added, phrase)).plaintext).toEqual(plaintext);
    expect((await open(removed, alice)).trusted).toBe(true);
    await expect(open(removed, ci, phrase)).rejects.toThrow(/encrypted for "alice"/);
  });

  it('a public key encrypts a file that it cannot open', async () => {
    const file = await makeEnvelope(plaintext, [alicePublic], expected);
    await expect(open(file, alicePublic)).rejects.toThrow(/encrypted for "alice"/);
    expect((await open(file, alice)).plaintext).toEqual(plaintext);
  });

  it('rewriteEnvelope keeps all recipients by the public keys in the file', async () => {
    const [bob] = parseKeys(JSON.stringify(newKey('x25519', 'bob')), 'it') as [X25519Key];
    const file = await makeEnvelope(plaintext, [alice, bob], expected);
    const written = await rewriteEnvelope(await open(file, alice), Buffer.from('a: 2\n'), [alice], expected);
    expect((await open(written, bob)).plaintext.toString()).toBe('a: 2\n');
    expect((await open(written, bob)).opened.contentKey).not.toEqual(
      (await open(file, bob)).opened.contentKey,
    );
  });

  it('rewriteEnvelope refuses to drop a recipient without an available key', async () => {
    const [dev] = parseKeys(JSON.stringify(newKey('symmetric', 'dev')), 'it') as [FileKey];
    const file = await makeEnvelope(plaintext, [ci, dev], expected);
    const writing = rewriteEnvelope(await open(file, ci), plaintext, [ci], expected);
    await expect(writing).rejects.toMatchObject({
      code: 'crypto',
      message: expect.stringMatching(/without the key of "dev" .*x25519/),
    });
    expect(
      (await open(await rewriteEnvelope(await open(file, ci), plaintext, [ci, dev], expected), dev))
        .plaintext,
    ).toEqual(plaintext);
  });

  it('rewriteEnvelope does not encrypt for another key of the same name', async () => {
    const [dev, false_] = [0, 1].map(
      () => parseKeys(JSON.stringify(newKey('symmetric', 'dev')), 'it')[0],
    ) as [FileKey, FileKey];
    const opened = await open(await makeEnvelope(plaintext, [ci, dev], expected), ci);
    await expect(rewriteEnvelope(opened, plaintext, [ci, false_], expected)).rejects.toThrow(
      /without the key of "dev"/,
    );
    expect(
      (await open(await rewriteEnvelope(opened, plaintext, [ci, false_, dev], expected), dev)).plaintext,
    ).toEqual(plaintext);
  });

  it('a key pair opens files for its public key without a name', async () => {
    const file = await makeEnvelope(plaintext, parseKeys(publicText(alice), 'it'), expected);
    expect((await open(file, alice)).plaintext).toEqual(plaintext);
    expect(
      (await open(await rewriteEnvelope(await open(file, alice), plaintext, [alice], expected), alice))
        .trusted,
    ).toBe(true);
  });

  it('a password is hashed with at least 600,000 rounds and keeps its name', async () => {
    const file = await forPassword;
    expect(parsed(file).recipients[0]?.header.p2c).toBeGreaterThanOrEqual(600_000);
    const written = await rewriteEnvelope(await open(file, phrase), plaintext, [phrase], expected);
    expect(parsed(written).recipients.map((one) => one.header?.kid)).toEqual(['team']);
    expect((await open(written, phrase)).plaintext).toEqual(plaintext);
    const beside = await open(await forAll, ci);
    const others = [ci, alice, password(pass, 'ops')];
    await expect(rewriteEnvelope(beside, plaintext, others, expected)).rejects.toThrow(
      /without the key of "password"/,
    );
  });

  it('makeEnvelope and changeRecipients refuse an empty list and duplicates', async () => {
    await expect(makeEnvelope(plaintext, [], expected)).rejects.toThrow(/needs at least one recipient/);
    await expect(makeEnvelope(plaintext, [ci, ci], expected)).rejects.toThrow(/already has a recipient "ci"/);
    const opened = await open(await makeEnvelope(plaintext, [ci], expected), ci);
    await expect(changeRecipients(opened, { add: [ci] }, where)).rejects.toThrow(
      /already has a recipient "ci"/,
    );
    await expect(changeRecipients(opened, { remove: ['ci'] }, where)).rejects.toThrow(
      /cannot lose its last recipient/,
    );
    await expect(changeRecipients(opened, { remove: ['bob'] }, where)).rejects.toThrow(
      /no recipient "bob".*Choose one of "ci"/,
    );
  });
});

describe('keys of a key service', () => {
  it('RemoteKey wraps a new content key for each write', async () => {
    const kms = new RemoteKey(service());
    const file = await makeEnvelope(plaintext, [kms], expected);
    expect(parsed(file).recipients[0]?.header).toEqual({ alg: 'vault-transit', kid: 'prod/config' });
    expect((await open(file, kms)).plaintext).toEqual(plaintext);
    const written = await rewriteEnvelope(await open(file, kms), Buffer.from('a: 1\n'), [kms], expected);
    expect((await open(written, kms)).plaintext.toString()).toBe('a: 1\n');
  });

  it('rewriteEnvelope matches a service key by name when another key opens the file', async () => {
    const kms = new RemoteKey(service());
    const [dev] = parseKeys(JSON.stringify(newKey('symmetric', 'dev')), 'it') as [FileKey];
    const file = await makeEnvelope(plaintext, [kms, alicePublic, dev, ci], expected);
    const written = await rewriteEnvelope(
      await open(file, ci),
      Buffer.from('a: 1\n'),
      [ci, dev, kms, alicePublic],
      expected,
    );
    for (const key of [kms, alice, dev])
      expect((await open(written, key)).plaintext.toString()).toBe('a: 1\n');
    const other = new RemoteKey(service('another/config'));
    await expect(
      rewriteEnvelope(await open(file, ci), plaintext, [ci, dev, other], expected),
    ).rejects.toThrow(/"prod\/config"/);
  });

  it('openEnvelope asks a key service only when no local key opens the file', async () => {
    const wrapper = service();
    const file = await makeEnvelope(plaintext, [new RemoteKey(wrapper), ci], expected);
    await open(file, new RemoteKey(wrapper), ci);
    expect(wrapper.calls).toBe(0);
  });

  it('openEnvelope opens a file with a recipient of an unknown service', async () => {
    const file = await makeEnvelope(plaintext, [new RemoteKey(service()), ci], expected);
    expect((await open(file, ci)).plaintext).toEqual(plaintext);
    await expect(open(file, alice)).rejects.toThrow(/encrypted for "prod\/config", "ci"/);
  });

  it('openEnvelope throws the error of an unreachable key service, without foreign text', async () => {
    const wrapper = service();
    const file = await makeEnvelope(plaintext, [new RemoteKey(wrapper)], expected);
    const down = new ConfigError('unavailable', 'out of reach');
    wrapper.unwrap = async () => Promise.reject(down);
    await expect(open(file, new RemoteKey(wrapper))).rejects.toBe(down);
    wrapper.unwrap = async () => Promise.reject(new Error('fake-token-77'));
    const error = await open(file, new RemoteKey(wrapper)).catch((reason: Error) => reason);
    expect(error).toMatchObject({
      code: 'crypto',
      message: expect.stringContaining('"prod/config" (vault-transit)'),
    });
    expect(inspect(error)).not.toContain('fake-token-77');
  });

  it('openEnvelope asks neither a service nor a password about the recipients of other names', async () => {
    const wrapper = service();
    const file = await makeEnvelope(plaintext, [new RemoteKey(wrapper), alice], expected);
    const other = Object.assign(service('another/config'), { unwrap: async () => Buffer.alloc(32) });
    await expect(open(file, new RemoteKey(other))).rejects.toThrow(
      /the available keys are "another\/config"/,
    );
    await expect(open(await forPassword, password(pass, 'other team'))).rejects.toThrow(
      /the available keys are "other team"/,
    );
  });

  it('RemoteKey refuses a wrapper that returns anything but a text, or but bytes', async () => {
    const wrapper = service();
    const file = await makeEnvelope(plaintext, [new RemoteKey(wrapper)], expected);
    await expect(
      open(file, new RemoteKey({ ...wrapper, unwrap: async () => Buffer.alloc(16) })),
    ).rejects.toThrow(/cannot be opened with the key "prod\/config"/);
    for (const unwrapped of [undefined, 'fake-token-77', 32])
      await expect(
        open(file, new RemoteKey({ ...wrapper, unwrap: async () => unwrapped as never })),
      ).rejects.toMatchObject({
        code: 'crypto',
        message: expect.stringMatching(/: unwrap must return bytes/),
      });
    for (const wrapped of [undefined, Buffer.from([255])])
      await expect(
        makeEnvelope(
          plaintext,
          [new RemoteKey({ ...wrapper, wrap: async () => wrapped as never })],
          expected,
        ),
      ).rejects.toMatchObject({
        code: 'crypto',
        message: expect.stringMatching(/: wrap must return a string/),
      });
  });

  it('RemoteKey refuses an algorithm name that could be a cipher', () => {
    for (const algorithm of ['none', 'dir', 'A256KW', 'RSA1_5', ''])
      expect(() => new RemoteKey(service('kid', algorithm))).toThrow(/such as vault-transit/);
  });
});

describe('printing a key', () => {
  it('printing a key shows its algorithm and name only', () => {
    for (const key of [ci, alice, phrase, new RemoteKey(service())]) {
      const printed = inspect(key, { depth: null, showHidden: true }) + JSON.stringify(key) + String(key);
      for (const part of [jwk.k, pair.d, pass]) expect(printed).not.toContain(part);
    }
    expect(inspect(alice)).toBe('FileKey(ECDH-ES+A256KW alice)');
    expect(inspect(phrase)).toBe('FileKey(PBES2-HS512+A256KW)');
  });
});
