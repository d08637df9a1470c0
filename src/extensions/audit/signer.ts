// The key that signs a log: a key object, a text from a file, a variable or a provider, or a service that
// signs. Used by log.ts. The key itself is never quoted in an error.

import { createPrivateKey, createPublicKey, KeyObject, sign } from 'node:crypto';
import { endsWithin } from '../../closing.ts';
import { ConfigError } from '../../errors.ts';
import { type KeyTextSource, keyTextOf } from '../../sealing/key-text.ts';
import { isValid, noteOf, parseCheckpoint, type Signature, type Verifier, verifierOf } from './note.ts';

/** A service that signs, such as a KMS with an Ed25519 key.
 *  @example
 *  const signer: AuditSigner = {
 *    publicKey: await publicKeyOf(keyId),
 *    sign: (message) => signWith(keyId, message),
 *  }; */
export interface AuditSigner {
  /** The Ed25519 key: its 32 bytes, PEM, or a KeyObject. */
  readonly publicKey: Uint8Array | string | KeyObject;
  /** Returns the 64 bytes of the signature. */
  readonly sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>;
}

/** Where the Ed25519 key of a log comes from. The text in a file, variable or provider is a private key in
 *  PEM, as `openssl genpkey -algorithm ed25519` makes it. */
export type AuditKey = AuditSigner | KeyObject | KeyTextSource;

/** A key that signs, with its public half. */
export interface LogKey {
  verifier(origin: string): Verifier;
  /** Signs the text of a checkpoint. */
  sign(text: string, origin: string): Promise<Signature>;
}

/** Reads a key.
 *  @throws ConfigError `crypto` */
export async function logKeyOf(key: AuditKey, signWithinMs: number): Promise<LogKey> {
  const { raw, signBytes, isForeign } = await partsOf(key);
  const verifiers = new Map<string, Verifier>();
  const verifier = (origin: string): Verifier => {
    const known = verifiers.get(origin) ?? verifierOf(origin, raw);
    verifiers.set(origin, known);
    return known;
  };
  return {
    verifier,
    async sign(text, origin) {
      const own = verifier(origin);
      const bytes = Buffer.from(await signBytes(Buffer.from(text), signWithinMs));
      const signature = { name: own.name, id: own.id, bytes };
      const made = isForeign ? parseCheckpoint(noteOf(text, [signature])) : undefined;
      if (isForeign && !(made && isValid(made, signature, own)))
        throw new ConfigError(
          'crypto',
          'audit: the signer returned a signature that its key does not verify',
          {
            hint: 'Check that publicKey and sign use one Ed25519 key, and that sign hashes nothing',
          },
        );
      return signature;
    },
  };
}

interface Parts {
  readonly raw: Buffer;
  readonly isForeign: boolean;
  signBytes(message: Buffer, withinMs: number): Uint8Array | Promise<Uint8Array>;
}

async function partsOf(key: AuditKey): Promise<Parts> {
  if (!(key instanceof KeyObject) && typeof (key as Partial<AuditSigner>).sign === 'function') {
    const signer = key as AuditSigner;
    return {
      raw: rawOf(signer.publicKey),
      isForeign: true,
      signBytes: (message, withinMs) => inTime(signer, message, withinMs),
    };
  }
  const privateKey = key instanceof KeyObject ? key : await fromText(key as KeyTextSource);
  if (privateKey.type !== 'private' || privateKey.asymmetricKeyType !== 'ed25519')
    throw notEd25519('the key is not a private Ed25519 key');
  return {
    raw: rawOf(createPublicKey(privateKey)),
    isForeign: false,
    signBytes: (message) => sign(null, message, privateKey),
  };
}

async function fromText(source: KeyTextSource): Promise<KeyObject> {
  const found = await keyTextOf(source, 'audit');
  if (typeof found === 'string')
    throw new ConfigError('crypto', `audit: ${found}`, { hint: 'Make a key with openssl genpkey' });
  try {
    return createPrivateKey(found.text);
  } catch {
    throw notEd25519(`${found.where} does not hold a private key in PEM`);
  }
}

function rawOf(key: AuditSigner['publicKey']): Buffer {
  try {
    if (key instanceof Uint8Array && key.length === 32) return Buffer.from(key);
    const object = key instanceof KeyObject ? key : createPublicKey(key as string);
    const { crv, x = '' } = object.export({ format: 'jwk' });
    if (crv === 'Ed25519') return Buffer.from(x, 'base64url');
  } catch {
    // reported below
  }
  throw notEd25519('the public key is not an Ed25519 key');
}

const notEd25519 = (what: string): ConfigError =>
  new ConfigError('crypto', `audit: ${what}`, {
    hint: 'Make one with openssl genpkey -algorithm ed25519',
  });

async function inTime(signer: AuditSigner, message: Buffer, withinMs: number): Promise<Uint8Array> {
  try {
    const signing = Promise.resolve(signer.sign(message));
    if (await endsWithin(signing, withinMs)) return await signing;
  } catch (error) {
    throw new ConfigError('crypto', 'audit: the signer failed', {
      cause: error,
    });
  }
  throw new ConfigError('timeout', `audit: the signer did not answer within ${withinMs} ms`);
}
