// Keys in this process's memory: symmetric, password, X25519. The counterpart of remote-key.ts. Each encrypts
// a file's content key with a JOSE algorithm; keys.ts makes them, recipients.ts tries them.

import {
  createCipheriv,
  createDecipheriv,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  pbkdf2,
  randomBytes,
} from 'node:crypto';
import { promisify } from 'node:util';
import { ConfigError } from '../errors.ts';
import { quoted } from '../redact.ts';
import { type FileKey, MaskedKey } from './file-key.ts';
import { base64url, type JoseHeader, unbase64url } from './jose.ts';
import type { Recipient } from './jwe.ts';
import { aesUnwrap, aesWrap, cipherOutput, concatKdf, undefinedOnFailure, x25519 } from './primitives.ts';

export const maxIterations = 2_000_000;
const writtenIterations = 600_000;

/** A random key of 256 bits, which wraps with AES-GCM (`A256GCMKW`). */
export class SymmetricKey extends MaskedKey implements FileKey {
  readonly algorithm = 'A256GCMKW';
  readonly opens = true;
  readonly kid: string;
  readonly #key: Buffer;

  constructor(key: Buffer, kid: string) {
    super();
    this.#key = key;
    this.kid = kid;
  }

  async wrap(contentKey: Buffer): Promise<Recipient> {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv);
    const encryptedKey = cipherOutput(cipher, contentKey);
    const header = {
      alg: this.algorithm,
      kid: this.kid,
      iv: base64url(iv),
      tag: base64url(cipher.getAuthTag()),
    };
    return { header, encryptedKey };
  }

  async unwrap(encryptedKey: Buffer, header: JoseHeader, where: string): Promise<Buffer | undefined> {
    const iv = part(header, 'iv', where);
    const tag = part(header, 'tag', where);
    if (iv.length !== 12 || tag.length !== 16) throw malformed(where, this.algorithm);
    return undefinedOnFailure(() =>
      cipherOutput(
        createDecipheriv('aes-256-gcm', this.#key, iv, { authTagLength: 16 }).setAuthTag(tag),
        encryptedKey,
      ),
    );
  }
}

/** A password (`PBES2-HS512+A256KW`). Each wrapping, and each first unwrapping, costs as much as one
 *  guess. */
export class PasswordKey extends MaskedKey implements FileKey {
  readonly algorithm = 'PBES2-HS512+A256KW';
  readonly opens = true;
  readonly kid: string | undefined;
  readonly #password: Buffer;
  readonly #derived = new Map<string, Promise<Buffer>>();

  constructor(password: string, kid?: string) {
    super();
    this.#password = Buffer.from(password, 'utf8');
    this.kid = kid;
  }

  async wrap(contentKey: Buffer): Promise<Recipient> {
    const salt = randomBytes(16);
    const header = {
      alg: this.algorithm,
      kid: this.kid ?? 'password',
      p2c: writtenIterations,
      p2s: base64url(salt),
    };
    return { header, encryptedKey: aesWrap(await this.#derive(salt, writtenIterations), contentKey) };
  }

  async unwrap(encryptedKey: Buffer, header: JoseHeader, where: string): Promise<Buffer | undefined> {
    const p2c = checkRounds(header.p2c, this.algorithm, where);
    const salt = part(header, 'p2s', where);
    if (salt.length < 8 || salt.length > 256) throw malformed(where, this.algorithm);
    return aesUnwrap(await this.#derive(salt, p2c), encryptedKey);
  }

  #derive(salt: Buffer, rounds: number): Promise<Buffer> {
    const name = `${rounds} ${base64url(salt)}`;
    let derived = this.#derived.get(name);
    if (!derived) {
      if (this.#derived.size >= 16) this.#derived.clear();
      const named = Buffer.concat([Buffer.from(`${this.algorithm}\0`), salt]);
      this.#derived.set(name, (derived = promisify(pbkdf2)(this.#password, named, rounds, 32, 'sha512')));
    }
    return derived;
  }
}

/** An X25519 key pair, or only its public half (`ECDH-ES+A256KW`). */
export class X25519Key extends MaskedKey implements FileKey {
  readonly algorithm = 'ECDH-ES+A256KW';
  readonly kid: string;
  readonly #public: KeyObject;
  readonly #private: KeyObject | undefined;

  constructor(publicKey: KeyObject, privateKey: KeyObject | undefined, kid: string) {
    super();
    this.#public = publicKey;
    this.#private = privateKey;
    this.kid = kid;
  }

  get opens(): boolean {
    return this.#private !== undefined;
  }

  /** The public half as a JWK. Not secret: it is stored in the recipient's header. */
  get publicKey(): { readonly kty: string; readonly crv: string; readonly x: string } {
    const { kty, crv, x } = this.#public.export({ format: 'jwk' });
    return { kty: kty as string, crv: crv as string, x: x as string };
  }

  async wrap(contentKey: Buffer): Promise<Recipient> {
    const ephemeral = generateKeyPairSync('x25519');
    const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: this.#public });
    const header = {
      alg: this.algorithm,
      kid: this.kid,
      jwk: this.publicKey,
      epk: ephemeral.publicKey.export({ format: 'jwk' }),
    };
    return { header, encryptedKey: aesWrap(concatKdf(shared, this.algorithm, 256), contentKey) };
  }

  async unwrap(encryptedKey: Buffer, header: JoseHeader, where: string): Promise<Buffer | undefined> {
    const privateKey = this.#private;
    if (!privateKey) return undefined;
    const publicKey = x25519(header.epk);
    if (!publicKey) throw malformed(where, this.algorithm);
    const info = (name: string): Buffer =>
      header[name] === undefined ? Buffer.alloc(0) : part(header, name, where);
    const [apu, apv] = [info('apu'), info('apv')];
    // diffieHellman throws for points of low order
    const shared = undefinedOnFailure(() => diffieHellman({ privateKey, publicKey }));
    return shared && aesUnwrap(concatKdf(shared, this.algorithm, 256, apu, apv), encryptedKey);
  }
}

/** Returns the number of rounds of a password's recipient.
 *  @throws ConfigError `crypto` unless it is from 1 to `maxIterations` */
export function checkRounds(p2c: unknown, algorithm: string, where: string): number {
  if (typeof p2c !== 'number' || !Number.isSafeInteger(p2c) || p2c < 1) throw malformed(where, algorithm);
  if (p2c > maxIterations) throw tooManyRounds(where, p2c, maxIterations);
  return p2c;
}

export function tooManyRounds(where: string, rounds: number, limit: number): ConfigError {
  return new ConfigError(
    'crypto',
    `${where} requires ${rounds} rounds of password hashing ("p2c"); at most ${limit} are accepted`,
    {
      hint:
        'Check where the file comes from, because it can keep a process busy. ' +
        'If you made the file, encrypt it again with fewer rounds or recipients',
    },
  );
}

function part(header: JoseHeader, name: string, where: string): Buffer {
  const value = header[name];
  if (typeof value !== 'string')
    throw new ConfigError('crypto', `${where} has a recipient without ${quoted(name)}`, damaged);
  return unbase64url(value, name, where);
}

function malformed(where: string, algorithm: string): ConfigError {
  return new ConfigError('crypto', `${where} has a recipient with a malformed ${algorithm} header`, damaged);
}

const damaged = {
  hint: 'Restore an intact copy from version control or a backup, or encrypt the content again',
};
