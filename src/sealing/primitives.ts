// The cryptographic primitives of JWE that node:crypto lacks or names differently. Used by the keys of this
// folder and by cli/. Each is tested against the published vectors of its standard.

import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import { base64url, type JoseHeader } from './jose.ts';

/** The whole output of a cipher for `data`. */
export const cipherOutput = (
  cipher: { update(data: Buffer): Buffer; final(): Buffer },
  data: Buffer,
): Buffer => Buffer.concat([cipher.update(data), cipher.final()]);

/** node:crypto throws a misleading error when a key does not match; this returns `undefined` instead. */
export const undefinedOnFailure = (decrypt: () => Buffer): Buffer | undefined => {
  try {
    return decrypt();
  } catch {
    return undefined;
  }
};

const keyWrapIv = Buffer.alloc(8, 0xa6);
const partBytes = 8;
/** A content key has four parts, and each one is mixed six times. */
const [parts, turns] = [4, 24];
const partsOf = (data: Buffer): Buffer[] =>
  Array.from({ length: parts }, (_, i) => data.subarray(i * partBytes, (i + 1) * partBytes));

/** AES key wrap (RFC 3394) of a content key of 32 bytes. Written with the cipher of single blocks, because
 *  Bun and Deno lack `id-aes256-wrap`. */
export function aesWrap(key: Buffer, data: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  const mixed = partsOf(data);
  let check: Buffer = keyWrapIv;
  for (let turn = 1; turn <= turns; turn++) {
    const part = (turn - 1) % parts;
    const block = cipher.update(Buffer.concat([check, mixed[part] as Buffer]));
    check = counted(block, turn);
    mixed[part] = block.subarray(partBytes);
  }
  return Buffer.concat([check, ...mixed]);
}

/** Returns `undefined` if the key or the data is another one. */
export function aesUnwrap(key: Buffer, data: Buffer): Buffer | undefined {
  if (data.length !== partBytes * (parts + 1)) return undefined;
  const decipher = createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  const mixed = partsOf(data.subarray(partBytes));
  let check: Buffer = data;
  for (let turn = turns; turn > 0; turn--) {
    const part = (turn - 1) % parts;
    check = decipher.update(Buffer.concat([counted(check, turn), mixed[part] as Buffer]));
    mixed[part] = check.subarray(partBytes);
  }
  return timingSafeEqual(check.subarray(0, partBytes), keyWrapIv) ? Buffer.concat(mixed) : undefined;
}

/** The first part of a block, with the number of the turn in it. */
function counted(block: Buffer, turn: number): Buffer {
  const first = Buffer.from(block.subarray(0, partBytes));
  first.writeUInt8(first.readUInt8(partBytes - 1) ^ turn, partBytes - 1);
  return first;
}

/** Imports an X25519 public key from its JWK. Returns `undefined` for everything else. */
export function x25519(jwk: unknown): KeyObject | undefined {
  const { kty, crv, x } = (typeof jwk === 'object' && jwk !== null ? jwk : {}) as JoseHeader;
  if (kty !== 'OKP' || crv !== 'X25519' || typeof x !== 'string') return undefined;
  const bytes = Buffer.from(x, 'base64url');
  if (bytes.length !== 32 || base64url(bytes) !== x) return undefined;
  return createPublicKey({ format: 'jwk', key: { kty, crv, x } });
}

/** The Concat KDF of NIST SP 800-56A as RFC 7518 §4.6.2 uses it. One round of SHA-256 yields up to 256
 *  bits. */
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
