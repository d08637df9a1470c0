// Interoperability with Python's jwcrypto, and long runs of processes that write and are killed. `npm run
// test:live`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EncryptedFileProvider, parseKeys, password, seal } from 'llm-config-manager/encrypted-file';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newKey } from '../../src/sealing/keys.ts';
import { interleaved, killed } from '../providers/encrypted-file/processes.ts';

describe('encrypted files written by several processes', () => {
  it('two processes lose none of 2 × 1,000 interleaved writes', () => interleaved(1_000), 300_000);

  it('a writer killed at 200 moments leaves the old or the new file', () => killed(200), 600_000);
});

describe('interoperability of encrypted files with jwcrypto', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jwcrypto-'));
  const python = join(folder, 'venv', 'bin', 'python');
  const path = join(folder, 'secrets.yaml.jwe');
  const context = 'acme/production';
  const text = 'password: fake-plaintext\n';
  const symmetric = newKey('symmetric', 'ci');
  const pair = newKey('x25519', 'alice');
  const phrase = 'fake-correct-horse';
  const keys = () => [...parseKeys(JSON.stringify({ keys: [symmetric, pair] }), 'it'), password(phrase)];
  const { d: _, ...publicPair } = pair;
  const { alg: __, ...oct } = symmetric;
  const { alg: ___, ...okp } = pair;
  const { alg: ____, ...publicOkp } = publicPair;
  const passwordKey = { kty: 'oct', k: Buffer.from(phrase).toString('base64url') };

  const run = (script: string, input: object): string => {
    const head = `import json, sys
from jwcrypto import jwa, jwk, jwe
jwa.default_max_pbkdf2_iterations = 1000000
i = json.load(sys.stdin)
`;
    return execFileSync(python, ['-c', head + script], { input: JSON.stringify(input), encoding: 'utf8' });
  };
  const algorithms = "algs=['A256GCM','A256GCMKW','PBES2-HS512+A256KW','ECDH-ES+A256KW']";

  beforeAll(() => {
    execFileSync('python3', ['-m', 'venv', join(folder, 'venv')]);
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', 'jwcrypto'], { stdio: 'pipe' });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['A256GCMKW', oct],
    ['PBES2-HS512+A256KW', passwordKey],
    ['ECDH-ES+A256KW', okp],
  ])('jwcrypto opens our file for three recipients with %s', async (_, key) => {
    rmSync(path, { force: true });
    await new EncryptedFileProvider({ path, keys, context }).edit(() => text);
    const opened = run(
      `t = jwe.JWE(${algorithms})
t.deserialize(open(i['path']).read())
t.decrypt(jwk.JWK(**i['key']))
print(t.payload.decode() + t.objects['aad'].decode(), end='')`,
      { path, key },
    );
    expect(opened).toBe(text + context);
  });

  it.each([
    [
      'general',
      [
        ['A256GCMKW', oct],
        ['ECDH-ES+A256KW', publicOkp],
        ['PBES2-HS512+A256KW', passwordKey],
      ],
    ],
    ['flattened', [['ECDH-ES+A256KW', publicOkp]]],
  ] as const)('EncryptedFileProvider opens the %s file of jwcrypto', async (_, recipients) => {
    const script = `header = json.dumps({'enc': 'A256GCM', 'cty': 'yaml'})
t = jwe.JWE(i['text'].encode(), protected=header, aad=i['context'].encode(), ${algorithms})
for alg, key in i['recipients']: t.add_recipient(jwk.JWK(**key), header=json.dumps({'alg': alg}))
print(t.serialize())`;
    writeFileSync(path, run(script, { text, context, recipients }));
    for (const key of recipients.length === 1 ? [keys()[1]] : keys()) {
      const file = new EncryptedFileProvider({ path, keys: () => key, context });
      expect((await file.get('password'))?.value).toBe('fake-plaintext');
    }
  });

  it('jwcrypto opens a sealed value', async () => {
    const [key] = keys();
    const sealed = await seal('fake-token', {
      key: 'llm.token',
      to: key as NonNullable<typeof key>,
      context,
    });
    const script = `t = jwe.JWE(${algorithms})
t.deserialize(i['sealed'], jwk.JWK(**i['key']))
print(t.payload.decode(), end='')`;
    expect(run(script, { sealed: sealed.slice('sealed:'.length), key: oct })).toBe('fake-token');
  });
});
