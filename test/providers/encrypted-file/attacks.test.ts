import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  changeRecipients,
  makeEnvelope,
  openEnvelope,
  rewriteEnvelope,
} from '../../../src/sealing/envelope.ts';
import type { FileKey } from '../../../src/sealing/file-key.ts';
import { newKey, parseKeys, password } from '../../../src/sealing/keys.ts';
import type { X25519Key } from '../../../src/sealing/local-keys.ts';

const secret = 'fake-Zq81-plaintext';
const plaintext = Buffer.from(`password: ${secret}\n`);
const where = 'the encrypted file secrets.yaml.jwe';
const context = 'acme/inference/production';
const [key] = parseKeys(JSON.stringify(newKey('symmetric', 'ci')), 'it') as [FileKey];
const [other] = parseKeys(JSON.stringify(newKey('symmetric', 'ci')), 'it') as [FileKey];
const [alice] = parseKeys(JSON.stringify(newKey('x25519', 'alice')), 'it') as [X25519Key];

type File = Record<string, unknown> & {
  recipients: { header: Record<string, unknown>; encrypted_key: string }[];
  protected: string;
};

const make = (keys: readonly FileKey[] = [key], bound: string | undefined = context): Promise<string> =>
  makeEnvelope(plaintext, keys, { context: bound, contentType: 'yaml', where });
const open = (text: string, keys: readonly FileKey[] = [key], expected: string | undefined = context) =>
  openEnvelope(text, { keys, absent: [] }, { context: expected, where });
/** The error of opening, checked to name the file, to have a hint and to hold no secret. */
async function refusal(
  text: string,
  keys?: readonly FileKey[],
  expected: string | undefined = context,
): Promise<{ code: string; message: string }> {
  const error = await open(text, keys, expected).then(
    () => expect.fail('it was opened'),
    (reason: Error & { code: string; hint?: string; toJSON(): object }) => reason,
  );
  expect(['crypto', 'parse']).toContain(error.code);
  expect(error.message).toContain(where);
  expect(error.hint).toBeTruthy();
  expect(`${error.stack}${JSON.stringify(error)}`).not.toContain(secret);
  return error;
}
async function tampered(
  change: (file: File) => void,
  keys?: readonly FileKey[],
): Promise<{ code: string; message: string }> {
  const file = JSON.parse(await make()) as File;
  change(file);
  return refusal(JSON.stringify(file), keys);
}
/** Recipients for a password, with the most rounds that one may have. */
const passwordRecipients = (count: number): File['recipients'] =>
  Array.from({ length: count }, (_, i) => ({
    header: {
      alg: 'PBES2-HS512+A256KW',
      p2c: 2_000_000,
      p2s: Buffer.from(`salt salt ${i}`).toString('base64url'),
    },
    encrypted_key: randomBytes(40).toString('base64url'),
  }));
const protect = (header: object): string => Buffer.from(JSON.stringify(header)).toString('base64url');

describe('attacks on encrypted files', () => {
  it('openEnvelope opens an intact file with its key and context', async () => {
    expect((await open(await make())).plaintext.toString()).toContain(secret);
  });

  it('openEnvelope refuses a file with any single bit flipped', async () => {
    const good = Buffer.from(await make([key, alice]));
    const survivors: number[] = [];
    const step = process.env.PROPERTY_RUNS === undefined ? 9 : 1; // about one bit of each byte
    for (let bit = 0; bit < good.length * 8; bit += step) {
      const bad = Buffer.from(good);
      bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7));
      const error = await open(bad.toString('latin1')).then(
        () => undefined,
        (reason: { code?: string }) => reason,
      );
      if (error === undefined || !['crypto', 'parse'].includes(error.code ?? '')) survivors.push(bit);
    }
    expect(survivors).toEqual([]);
  });

  it('openEnvelope refuses a file cut off at any length', async () => {
    const good = await make();
    for (let length = 0; length < good.length - 1; length++)
      expect((await refusal(good.slice(0, length))).code).toBe('parse');
  });

  it('openEnvelope refuses another key of the same name', async () => {
    expect((await refusal(await make(), [other])).message).toMatch(/cannot be opened with the key "ci"/);
  });

  it('the error names the recipients and the available keys when none fits', async () => {
    const { message } = await refusal(await make(), [alice]);
    expect(message).toMatch(/encrypted for "ci"; the available keys are "alice"/);
    expect(message).toMatch(/recipients add/);
  });

  it('the error names the key source that is not set', async () => {
    const text = await make();
    const opening = openEnvelope(
      text,
      { keys: [], absent: ['the variable LLM_CONFIG_KEY is not set'] },
      { context, where },
    );
    await expect(opening).rejects.toThrow(/no key is available \(the variable LLM_CONFIG_KEY is not set\)/);
  });

  it('openEnvelope refuses the file of another environment, also when relabelled', async () => {
    const staging = await make([key], 'acme/inference/staging');
    expect((await refusal(staging)).message).toMatch(
      /another context: expected "acme\/inference\/production", received "acme\/inference\/staging"/,
    );
    const relabelled = JSON.stringify({
      ...JSON.parse(staging),
      aad: Buffer.from(context).toString('base64url'),
    });
    expect((await refusal(relabelled)).message).toMatch(/was changed after it was encrypted/);
  });

  it('openEnvelope refuses a missing context and one that the file lacks', async () => {
    const error = await open(await make(), [key], '').catch((reason: Error) => reason);
    expect(`${error}`).toMatch(/another context: expected ""/);
    const unbound = await makeEnvelope(plaintext, [key], { context: undefined, contentType: 'yaml', where });
    expect((await refusal(unbound)).message).toMatch(/received no context/);
    const opening = openEnvelope(await make(), { keys: [key], absent: [] }, { context: undefined, where });
    await expect(opening).rejects.toThrow(/bound to a context; the reader gave none/);
    const stripped = JSON.parse(await make()) as File;
    delete stripped.aad;
    const second = openEnvelope(
      JSON.stringify(stripped),
      { keys: [key], absent: [] },
      { context: undefined, where },
    );
    await expect(second).rejects.toThrow(/was changed after it was encrypted/);
  });

  it.each([
    'none',
    'dir',
    'RSA1_5',
    'RSA-OAEP',
    'RSA-OAEP-256',
    'A128KW',
    'A128GCMKW',
    'ECDH-ES',
    'PBES2-HS256+A128KW',
    'A256KW',
  ])('openEnvelope refuses the key algorithm %s', async (alg) => {
    const { code, message } = await tampered(({ recipients: [one] }) =>
      Object.assign(one?.header as object, { alg }),
    );
    expect(code).toBe('crypto');
    expect(message).toContain(`"${alg}", which is not accepted`);
  });

  it.each(['A128GCM', 'A192GCM', 'A256CBC-HS512', 'A128CBC-HS256', 'none'])(
    'openEnvelope refuses the cipher %s',
    async (enc) => {
      const { code, message } = await tampered((file) => (file.protected = protect({ enc, cty: 'yaml' })));
      expect(code).toBe('crypto');
      expect(message).toContain(`"${enc}", which is not accepted`);
    },
  );

  it('openEnvelope refuses a cipher named in an unprotected header', async () => {
    const { code } = await tampered((file) => {
      file.protected = protect({ cty: 'yaml' });
      file.recipients[0]!.header.enc = 'A256GCM';
    });
    expect(code).toBe('crypto');
  });

  it.each(['zip', 'crit'])('openEnvelope refuses "%s" in any header', async (name) => {
    expect(
      (await tampered((file) => (file.protected = protect({ enc: 'A256GCM', [name]: 'DEF' })))).code,
    ).toBe('crypto');
    expect((await tampered((file) => (file.recipients[0]!.header[name] = ['exp']))).code).toBe('crypto');
  });

  it('openEnvelope refuses a header that appears twice', async () => {
    expect((await tampered((file) => (file.recipients[0]!.header.cty = 'yaml'))).message).toMatch(
      /has the header "cty" twice/,
    );
    const twice = (await make()).replace('"kid": "ci"', '"kid": "ci", "kid": "ci"');
    expect((await refusal(twice)).message).toMatch(/has a duplicate name/);
    const inside = await tampered(
      (file) => (file.protected = Buffer.from('{"enc":"A256GCM","enc":"A256GCM"}').toString('base64url')),
    );
    expect(inside.message).toMatch(/has a duplicate name/);
  });

  it.each([1e9, 2_000_001, 0, -1, 1.5, '600000', null])(
    'openEnvelope refuses %s rounds of password hashing without hashing',
    async (p2c) => {
      const file = JSON.parse(await make()) as File;
      file.recipients[0]!.header = {
        alg: 'PBES2-HS512+A256KW',
        kid: 'password',
        p2c,
        p2s: 'c2FsdHNhbHRzYWx0',
      };
      const started = process.cpuUsage();
      expect((await refusal(JSON.stringify(file), [password('fake-password')])).code).toBe('crypto');
      expect(process.cpuUsage(started).user).toBeLessThan(500_000);
    },
  );

  it('openEnvelope refuses many recipients with too many rounds in total', async () => {
    const file = JSON.parse(await make()) as File;
    file.recipients = passwordRecipients(3);
    expect((await refusal(JSON.stringify(file), [password('fake-password')])).message).toMatch(
      /rounds of password hashing .* at most 4000000 are accepted/,
    );
  });

  it.each([-(2 ** 53), -4_000_000, '-9', Number.NaN])(
    'openEnvelope refuses a recipient with %s rounds that would hide the rounds of others',
    async (p2c) => {
      const file = JSON.parse(await make()) as File;
      const one = (rounds: unknown, kid?: string) => ({
        header: { alg: 'PBES2-HS512+A256KW', p2c: rounds, p2s: 'c2FsdHNhbHRzYWx0', ...(kid && { kid }) },
        encrypted_key: randomBytes(40).toString('base64url'),
      });
      file.recipients = [...Array.from({ length: 12 }, () => one(2_000_000)), one(p2c, 'other')] as never;
      const started = process.cpuUsage();
      await refusal(JSON.stringify(file), [password('fake-password')]);
      expect(process.cpuUsage(started).user).toBeLessThan(500_000);
    },
  );

  it.each(['zz', -(2 ** 53)])(
    'openEnvelope ignores rounds of %s in a recipient of another key when it adds up',
    async (p2c) => {
      const file = JSON.parse(await make()) as File;
      file.recipients[0]!.header.p2c = p2c;
      file.recipients.push(...passwordRecipients(12));
      const started = process.cpuUsage();
      expect((await refusal(JSON.stringify(file), [other, password('fake-password')])).message).toMatch(
        /requires 24000000 rounds/,
      );
      expect(process.cpuUsage(started).user).toBeLessThan(500_000);
    },
  );

  it('rewriteEnvelope tries no password on too many recipients that an attacker has added', async () => {
    const file = JSON.parse(await make()) as File;
    delete file.unprotected; // as if another program had made it
    file.recipients.push(...passwordRecipients(12));
    const keys = [key, password('fake-password')];
    const opened = await open(JSON.stringify(file), keys);
    const started = process.cpuUsage();
    await expect(
      rewriteEnvelope(opened, plaintext, keys, { context, contentType: 'yaml', where }),
    ).rejects.toThrow(/requires 24000000 rounds/);
    expect(process.cpuUsage(started).user).toBeLessThan(500_000);
  });

  it('openEnvelope refuses headers that are nested too deeply', async () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const file = JSON.parse(await make()) as File;
    file.recipients[0]!.header.more = 'DEEP';
    const error = await refusal(JSON.stringify(file).replace('"DEEP"', deep));
    expect(error.message).toMatch(/is nested too deeply: more than 16 levels/);
    file.recipients[0]!.header.more = undefined;
    file.protected = Buffer.from(`{"enc":"A256GCM","more":${deep}}`).toString('base64url');
    expect((await refusal(JSON.stringify(file))).message).toMatch(/is nested too deeply/);
  });

  it('openEnvelope opens a file beside a recipient that is malformed', async () => {
    const file = JSON.parse(await make()) as File;
    delete file.unprotected; // as if another program had made it
    file.recipients.unshift({
      header: { alg: 'A256GCMKW', kid: 'broken', iv: 'AAAA', tag: 'AAAA' },
      encrypted_key: 'AAAA',
    });
    expect((await open(JSON.stringify(file))).plaintext).toEqual(plaintext);
  });

  it('openEnvelope reads nothing from a header named __proto__', async () => {
    const file = (await make()).replace('"alg": "A256GCMKW"', '"__proto__": {"alg": "A256GCMKW"}');
    expect((await refusal(file)).message).toMatch(/does not name the algorithm of its content key/);
  });

  it('openEnvelope refuses oversized lists, keys, names and salts', async () => {
    expect(
      (await tampered((file) => (file.recipients = Array(101).fill(file.recipients[0])))).message,
    ).toMatch(/more than 100 recipients/);
    expect((await tampered((file) => (file.recipients = []))).message).toMatch(/no recipients/);
    expect(
      (await tampered((file) => (file.recipients[0]!.encrypted_key = 'A'.repeat(40_000)))).message,
    ).toMatch(/encrypted key of more than 16384 bytes/);
    expect((await tampered((file) => (file.recipients[0]!.header.kid = 'k'.repeat(600)))).message).toMatch(
      /not a string of at most 512 characters/,
    );
    const salt = { alg: 'PBES2-HS512+A256KW', p2c: 1000, p2s: 'A'.repeat(4000) };
    expect(
      (await tampered((file) => (file.recipients[0]!.header = salt), [password('fake-password')])).message,
    ).toMatch(/malformed/);
    expect((await tampered((file) => (file.iv = 'AAAA'))).message).toMatch(/"iv" of 3 bytes; expected 12/);
    expect((await tampered((file) => (file.tag = Buffer.alloc(4).toString('base64url')))).message).toMatch(
      /"tag" of 4 bytes/,
    );
  });

  it.each([
    ['an array', '[]', /not a JSON object/],
    ['null', 'null', /not a JSON object/],
    ['empty', '', /is empty/],
    ['spaces', ' \n\t', /is empty/],
    ['plain text', 'password: hunter2', /is not JSON/],
    ['another JSON object', '{"a": 1}', /unknown member "a"/],
  ])('openEnvelope refuses a file that is %s, and never reads it as empty', async (_, text, message) => {
    const error = await refusal(text);
    expect(error.code).toBe('parse');
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('hunter2');
  });

  it.each<[string, (file: File) => void]>([
    ['a member is missing', (file) => delete file.ciphertext],
    ['a member is not a string', (file) => (file.tag = 7)],
    ['it is both general and flattened', (file) => (file.encrypted_key = 'AAAA')],
    ['a recipient is not an object', (file) => ((file.recipients as unknown[])[0] = 'ci')],
    [
      'a recipient has an unknown member',
      (file) => Object.assign(file.recipients[0] as object, { extra: 1 }),
    ],
    ['a header is not an object', (file) => (file.recipients[0]!.header = [] as never)],
    ['the shared header has an unknown name', (file) => (file.unprotected = { mac: 'AAAA' })],
    ['base64url has a second spelling', (file) => (file.iv = `${(file.iv as string).slice(0, -1)}=`)],
  ])('openEnvelope throws parse when %s', async (_, change) => {
    expect((await tampered(change)).code).toBe('parse');
  });

  it('openEnvelope throws crypto for a missing or malformed key algorithm', async () => {
    expect((await tampered((file) => delete file.recipients[0]!.header.alg)).code).toBe('crypto');
    expect((await tampered((file) => delete file.recipients[0]!.header.iv)).code).toBe('crypto');
    expect((await tampered((file) => (file.recipients[0]!.header.tag = 'AAAA'))).message).toMatch(
      /malformed/,
    );
  });

  it('an X25519 key refuses points of low order, other curves and invalid points', async () => {
    const file = JSON.parse(await make([alice])) as File;
    for (const epk of [
      { kty: 'OKP', crv: 'X25519', x: Buffer.alloc(32).toString('base64url') },
      { kty: 'OKP', crv: 'X25519', x: Buffer.from([1, ...Array(31).fill(0)]).toString('base64url') },
      { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA' },
      { kty: 'OKP', crv: 'X25519', x: 'AAAA' },
      undefined,
      'x25519',
    ]) {
      file.recipients[0]!.header.epk = epk;
      expect((await refusal(JSON.stringify(file), [alice])).code).toBe('crypto');
    }
  });

  it('rewriteEnvelope never encrypts for a public key that an attacker inserted', async () => {
    const [mallory] = parseKeys(JSON.stringify(newKey('x25519', 'mallory')), 'it') as [X25519Key];
    const file = JSON.parse(await make([key, alice])) as File;
    file.recipients[1]!.header.jwk = mallory.publicKey;
    expect((await refusal(JSON.stringify(file))).message).toMatch(
      /list of recipients was changed without a key that opens the file/,
    );

    delete file.unprotected; // as if another program had made it
    const opened = await open(JSON.stringify(file));
    expect(opened.trusted).toBe(false);
    const expected = { context, contentType: 'yaml', where };
    await expect(rewriteEnvelope(opened, plaintext, [key], expected)).rejects.toThrow(
      /without the key of "alice"/,
    );
    const blessed = await open(await changeRecipients(opened, {}, where));
    await expect(rewriteEnvelope(blessed, plaintext, [key], expected)).rejects.toThrow(
      /without the key of "alice"/,
    );
  });

  it('openEnvelope refuses the recipients of another version of the file', async () => {
    const old = JSON.parse(await make([key, alice])) as File;
    const now = JSON.parse(await make([key])) as File;
    expect(
      (await refusal(JSON.stringify({ ...now, recipients: [now.recipients[0], old.recipients[1]] }))).code,
    ).toBe('crypto');
  });

  it('openEnvelope refuses a forged MAC over the recipients', async () => {
    expect((await tampered((file) => (file.unprotected = { recipients_mac: 7 }))).message).toMatch(
      /list of recipients/,
    );
    expect(
      (
        await tampered(
          (file) => (file.unprotected = { recipients_mac: randomBytes(32).toString('base64url') }),
        )
      ).message,
    ).toMatch(/list of/);
  });
});
