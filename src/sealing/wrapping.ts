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
import { type FileKey, HeldKey } from './file-key.ts';
import { base64url, type Header, unbase64url } from './jose.ts';
import type { Recipient } from './jwe.ts';
import { aesUnwrap, aesWrap, concatKdf, fitting, run, x25519 } from './primitives.ts';

export const maxIterations = 2_000_000;
const writtenIterations = 600_000;

/** A random key of 256 bits: AES-GCM key wrapping, `A256GCMKW`. */
export class SymmetricKey extends HeldKey implements FileKey {
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
    const encryptedKey = run(cipher, contentKey);
    const header = {
      alg: this.algorithm,
      kid: this.kid,
      iv: base64url(iv),
      tag: base64url(cipher.getAuthTag()),
    };
    return { header, encryptedKey };
  }

  async unwrap(encryptedKey: Buffer, header: Header, where: string): Promise<Buffer | undefined> {
    const iv = part(header, 'iv', where);
    const tag = part(header, 'tag', where);
    if (iv.length !== 12 || tag.length !== 16) throw malformed(where, this.algorithm);
    return fitting(() =>
      run(
        createDecipheriv('aes-256-gcm', this.#key, iv, { authTagLength: 16 }).setAuthTag(tag),
        encryptedKey,
      ),
    );
  }
}

/** A password: `PBES2-HS512+A256KW`. Each wrapping and each unwrapping takes as long as guessing it once. */
export class PasswordKey extends HeldKey implements FileKey {
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

  async unwrap(encryptedKey: Buffer, header: Header, where: string): Promise<Buffer | undefined> {
    const { p2c } = header;
    const salt = part(header, 'p2s', where);
    if (
      typeof p2c !== 'number' ||
      !Number.isSafeInteger(p2c) ||
      p2c < 1 ||
      salt.length < 8 ||
      salt.length > 256
    )
      throw malformed(where, this.algorithm);
    if (p2c > maxIterations) throw tooManyRounds(where, p2c);
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

/** An X25519 key pair, or only its public half: `ECDH-ES+A256KW`. */
export class AgreementKey extends HeldKey implements FileKey {
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

  /** Its public half, for a recipient's header and for giving away. */
  get publicKey(): { readonly kty: string; readonly crv: string; readonly x: string } {
    const { kty, crv, x } = this.#public.export({ format: 'jwk' });
    return { kty: kty as string, crv: crv as string, x: x as string };
  }

  async wrap(contentKey: Buffer): Promise<Recipient> {
    const once = generateKeyPairSync('x25519');
    const shared = diffieHellman({ privateKey: once.privateKey, publicKey: this.#public });
    const header = {
      alg: this.algorithm,
      kid: this.kid,
      jwk: this.publicKey,
      epk: once.publicKey.export({ format: 'jwk' }),
    };
    return { header, encryptedKey: aesWrap(concatKdf(shared, this.algorithm, 256), contentKey) };
  }

  async unwrap(encryptedKey: Buffer, header: Header, where: string): Promise<Buffer | undefined> {
    const privateKey = this.#private;
    if (!privateKey) return undefined;
    const publicKey = x25519(header.epk);
    if (!publicKey) throw malformed(where, this.algorithm);
    const info = (name: string): Buffer =>
      header[name] === undefined ? Buffer.alloc(0) : part(header, name, where);
    const [apu, apv] = [info('apu'), info('apv')];
    const shared = fitting(() => diffieHellman({ privateKey, publicKey })); // throws for points of low order
    return shared && aesUnwrap(concatKdf(shared, this.algorithm, 256, apu, apv), encryptedKey);
  }
}

export function tooManyRounds(where: string, rounds: number): ConfigError {
  return new ConfigError(
    'crypto',
    `${where} asks for ${rounds} rounds of password hashing ("p2c"); at most ${maxIterations} are accepted`,
    {
      hint: 'Somebody may be trying to keep this process busy. If it is yours, encrypt it again with fewer rounds or recipients',
    },
  );
}

function part(header: Header, name: string, where: string): Buffer {
  const value = header[name];
  if (typeof value !== 'string')
    throw new ConfigError('crypto', `${where} has a recipient without ${quoted(name)}`, damaged);
  return unbase64url(value, name, where);
}

function malformed(where: string, algorithm: string): ConfigError {
  return new ConfigError(
    'crypto',
    `${where} has a recipient whose ${algorithm} header is not well-formed`,
    damaged,
  );
}

const damaged = {
  hint: 'It is damaged or made by another program: take it from version control or encrypt it again',
};
