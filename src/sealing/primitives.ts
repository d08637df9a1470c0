import { createCipheriv, createDecipheriv, createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { base64url, type Header } from './jose.ts';

/** All that a cipher gives. */
export const run = (cipher: { update(data: Buffer): Buffer; final(): Buffer }, data: Buffer): Buffer =>
  Buffer.concat([cipher.update(data), cipher.final()]);
/** A key that does not fit makes node:crypto throw, with words that mislead. */
export const fitting = (open: () => Buffer): Buffer | undefined => {
  try {
    return open();
  } catch {
    return undefined;
  }
};

const keyWrapIv = Buffer.alloc(8, 0xa6);
/** RFC 3394 */
export const aesWrap = (key: Buffer, data: Buffer): Buffer =>
  run(createCipheriv('id-aes256-wrap', key, keyWrapIv), data);
export const aesUnwrap = (key: Buffer, data: Buffer): Buffer | undefined =>
  data.length === 40
    ? fitting(() => run(createDecipheriv('id-aes256-wrap', key, keyWrapIv), data))
    : undefined;

/** An X25519 public key from its JWK; `undefined` for everything else. */
export function x25519(jwk: unknown): KeyObject | undefined {
  const { kty, crv, x } = (typeof jwk === 'object' && jwk !== null ? jwk : {}) as Header;
  if (kty !== 'OKP' || crv !== 'X25519' || typeof x !== 'string') return undefined;
  const bytes = Buffer.from(x, 'base64url');
  if (bytes.length !== 32 || base64url(bytes) !== x) return undefined;
  return createPublicKey({ format: 'jwk', key: { kty, crv, x } });
}

/** NIST SP 800-56A as RFC 7518 §4.6.2 uses it; one round of SHA-256 is enough for 256 bits. */
export function concatKdf(
  shared: Buffer,
  algorithm: string,
  bits: number,
  apu: Buffer = Buffer.alloc(0),
  apv: Buffer = Buffer.alloc(0),
): Buffer {
  const number = (n: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(n);
    return bytes;
  };
  const sized = (bytes: Buffer): Buffer => Buffer.concat([number(bytes.length), bytes]);
  const info = Buffer.concat([
    number(1),
    shared,
    sized(Buffer.from(algorithm)),
    sized(apu),
    sized(apv),
    number(bits),
  ]);
  return createHash('sha256')
    .update(info)
    .digest()
    .subarray(0, bits / 8);
}
