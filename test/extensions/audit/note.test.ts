import { sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  checkpointText,
  isValid,
  noteOf,
  parseCheckpoint,
  parseVerifier,
  verifierText,
} from '../../../src/extensions/audit/note.ts';
import { logKeyOf } from '../../../src/extensions/audit/signer.ts';
import { testKey } from './opened.ts';

// from the documentation of golang.org/x/mod/sumdb/note
const goVerifier = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const goText =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const goSignature =
  'x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=';

describe('signed notes', () => {
  it('the verifier and the signature of the package of Go are valid', () => {
    const verifier = parseVerifier(goVerifier);
    expect(verifierText(verifier)).toBe(goVerifier);
    const bytes = Buffer.from(goSignature, 'base64');
    const signature = { name: 'PeterNeumann', id: bytes.subarray(0, 4), bytes: bytes.subarray(4) };
    const note = { origin: '', size: 0, root: Buffer.alloc(32), text: goText, signatures: [signature] };
    expect(isValid(note, signature, verifier)).toBe(true);
    expect(isValid({ ...note, text: `${goText}.` }, signature, verifier)).toBe(false);
  });

  it('a verifier whose base64 holds plus signs is parsed', async () => {
    const made = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => (await logKeyOf(testKey(i), 1)).verifier('a/b')),
    );
    const texts = made.map(verifierText);
    expect(texts.some((text) => text.split('+').length > 3)).toBe(true);
    for (const text of texts) expect(verifierText(parseVerifier(text))).toBe(text);
  });

  it('a verifier with any changed character is refused', () => {
    for (let at = 0; at < goVerifier.length; at++) {
      const other = goVerifier[at] === 'A' ? 'B' : 'A';
      expect(() => parseVerifier(goVerifier.slice(0, at) + other + goVerifier.slice(at + 1))).toThrow(
        'is not a key of the form NAME+ID+KEY',
      );
    }
  });

  it('a checkpoint with any flipped bit does not verify', async () => {
    const key = await logKeyOf(testKey(1), 1);
    const text = checkpointText('acme.example/log', 12, Buffer.alloc(32, 7));
    const note = noteOf(text, [await key.sign(text, 'acme.example/log')]);
    const verifies = (one: string): boolean => {
      const checkpoint = parseCheckpoint(one);
      const [signature] = checkpoint?.signatures ?? [];
      return !!checkpoint && !!signature && isValid(checkpoint, signature, key.verifier('acme.example/log'));
    };
    expect(verifies(note)).toBe(true);
    const bytes = Buffer.from(note);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      if (verifies(flipped.toString('utf8'))) expect(bit).toBe('noticed');
    }
  });
});

describe('the key of a log', () => {
  it('a signer signs in place of a key, and its signature is verified at once', async () => {
    const right = { publicKey: testKey(2), sign: (message: Uint8Array) => sign(null, message, testKey(2)) };
    const signer = await logKeyOf(
      { ...right, publicKey: (await logKeyOf(testKey(2), 1)).verifier('x').raw },
      1e3,
    );
    const text = checkpointText('x', 0, Buffer.alloc(32));
    expect((await signer.sign(text, 'x')).bytes).toHaveLength(64);
    const wrong = await logKeyOf(
      { ...right, publicKey: (await logKeyOf(testKey(3), 1)).verifier('x').raw },
      1e3,
    );
    await expect(wrong.sign(text, 'x')).rejects.toThrow('a signature that its key does not verify');
  });

  it('a signer that hangs or fails is an error without its message', async () => {
    const publicKey = (await logKeyOf(testKey(2), 1)).verifier('x').raw;
    const text = checkpointText('x', 0, Buffer.alloc(32));
    const hanging = await logKeyOf({ publicKey, sign: () => new Promise(() => undefined) }, 1);
    await expect(hanging.sign(text, 'x')).rejects.toMatchObject({ code: 'timeout' });
    const failing = await logKeyOf({ publicKey, sign: () => Promise.reject(new Error('fake-Zq83')) }, 1e3);
    const error = await failing.sign(text, 'x').catch((one: Error) => one);
    expect(error).toMatchObject({ code: 'crypto', message: 'audit: the signer failed' });
    expect(JSON.stringify(error)).not.toContain('fake-Zq83');
  });

  it('a key that is not Ed25519, and a text that is not a key, are refused without a quote', async () => {
    const env = { env: 'AUDIT_TEST_KEY_THAT_IS_NOT_SET' };
    await expect(logKeyOf(env, 1)).rejects.toThrow('the variable AUDIT_TEST_KEY_THAT_IS_NOT_SET is not set');
    const provider = { name: 'ring', get: async () => ({ value: 'fake-Zq83', origin: 'ring audit' }) };
    const error = await logKeyOf({ provider: provider as never, key: 'audit' }, 1).catch((one: Error) => one);
    expect(error).toMatchObject({ code: 'crypto' });
    const { message } = error as Error;
    expect(message).toContain('audit: ring audit does not hold a private key in PEM. Make one with');
    expect(message).not.toContain('fake-Zq83');
  });

  it('a key in PEM comes from a provider such as the keyring', async () => {
    const pem = testKey(4).export({ format: 'pem', type: 'pkcs8' });
    const provider = { name: 'ring', get: async () => ({ value: pem, origin: 'ring audit' }) };
    const key = await logKeyOf({ provider: provider as never, key: 'audit' }, 1);
    expect(key.verifier('x').raw).toEqual((await logKeyOf(testKey(4), 1)).verifier('x').raw);
  });
});
