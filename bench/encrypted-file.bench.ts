import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compactDecrypt, GeneralEncrypt, generalDecrypt, importJWK } from 'jose';
import { MemoryProvider } from 'llm-config-manager';
import { EncryptedFileProvider, parseKeys, seal, unsealed } from 'llm-config-manager/encrypted-file';
import { compare, peer } from './compare.ts';

interface Dotenvx {
  setLogLevel(options: object): void;
  set(name: string, value: string, options: object): Promise<unknown>;
  parse(text: string, options: object): unknown;
}

// a JSON document of 10 kB, a typical size for a service, and a random key
const tree = Object.fromEntries(
  Array.from({ length: 20 }, (_, s) => [
    `section${s}`,
    Object.fromEntries(Array.from({ length: 10 }, (_, k) => [`key${k}`, randomBytes(18).toString('hex')])),
  ]),
);
const text = JSON.stringify(tree, null, 2);
const key = randomBytes(32);
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const ours = join(folder, 'ours.json.jwe');
const theirs = join(folder, 'theirs.json');
const plain = join(folder, 'plain.bin');

try {
  await new EncryptedFileProvider({ path: ours, keys: () => key, context: 'bench' }).edit(() => text);
  const jwk = await importJWK({ kty: 'oct', k: key.toString('base64url'), alg: 'A256GCMKW' });
  const encrypt = new GeneralEncrypt(Buffer.from(text))
    .setProtectedHeader({ enc: 'A256GCM' })
    .setAdditionalAuthenticatedData(Buffer.from('bench'));
  encrypt.addRecipient(jwk).setUnprotectedHeader({ alg: 'A256GCMKW' });
  writeFileSync(theirs, JSON.stringify(await encrypt.encrypt()));
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  writeFileSync(plain, Buffer.concat([iv, cipher.update(text), cipher.final(), cipher.getAuthTag()]));

  const nodeCrypto = async (): Promise<unknown> => {
    const bytes = await readFile(plain);
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAuthTag(
      bytes.subarray(-16),
    );
    return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString());
  };
  const jose = async (): Promise<unknown> => {
    const { plaintext } = await generalDecrypt(JSON.parse(await readFile(theirs, 'utf8')), jwk, {
      keyManagementAlgorithms: ['A256GCMKW'],
    });
    return JSON.parse(Buffer.from(plaintext).toString());
  };
  // 20 values, each sealed separately, as dotenvx stores them
  const env = join(folder, '.env');
  const values = Array.from({ length: 20 }, (_, i) => [`KEY_${i}`, randomBytes(18).toString('hex')] as const);
  const dotenvx = await peer<Dotenvx>('@dotenvx/dotenvx');
  dotenvx.setLogLevel({ logLevel: 'error' });
  writeFileSync(env, '');
  for (const [name, value] of values)
    await dotenvx.set(name, value, { path: env, envKeysFile: join(folder, '.env.keys') });
  const privateKey = /DOTENV_PRIVATE_KEY="?([0-9a-f]+)/.exec(
    await readFile(join(folder, '.env.keys'), 'utf8'),
  )?.[1];
  if (!privateKey) throw new Error('dotenvx made no key');
  const dotenvxParse = async (): Promise<unknown> =>
    dotenvx.parse(await readFile(env, 'utf8'), { privateKey, processEnv: {} });

  const held = new EncryptedFileProvider({ path: ours, keys: () => key, context: 'bench' });
  await held.list();

  await compare(`open a file of ${Math.round(text.length / 1000)} kB, parsed`, {
    'plain node:crypto, no recipients, no context': nodeCrypto,
    EncryptedFileProvider: () =>
      new EncryptedFileProvider({ path: ours, keys: () => key, context: 'bench' }).list(),
    'jose generalDecrypt': jose,
    'dotenvx.parse, 20 sealed values': dotenvxParse,
  });
  await compare('read one key of the file, once it is open', {
    'EncryptedFileProvider.get': () => held.get('section7.key3'),
    'jose, opened again for each read': jose,
  });
  let n = 0;
  await compare(
    'change one key, on the disk when it returns',
    {
      'EncryptedFileProvider.set': () => held.set('section7.key3', `value ${n++}`),
    },
    { clock: 'wall' },
  );

  const [to] = parseKeys(key.toString('hex'), 'the key');
  if (!to) throw new Error('no key');
  const sealed = await seal('a secret', { key: 'llm.token', to });
  const inner = new MemoryProvider({ 'llm.token': sealed });
  await compare('open one sealed value', {
    'jose compactDecrypt': async () =>
      compactDecrypt(sealed.slice('sealed:'.length), jwk, { keyManagementAlgorithms: ['A256GCMKW'] }),
    'unsealed, the first time': () => unsealed(inner, { keys: () => key }).get('llm.token'),
  });
} finally {
  rmSync(folder, { recursive: true });
}
