// Keys as text: parsing, generating, naming. Used by key sources, by cli/ and by the rotation of keys. Errors
// name the place of a key and never quote its text.

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import type { FileKey } from './file-key.ts';
import { base64url, type JoseHeader } from './jose.ts';
import { PasswordKey, SymmetricKey, X25519Key } from './local-keys.ts';
import { x25519 } from './primitives.ts';

/** Makes a key from a password. The key is only as strong as the password is hard to guess. Each write, and
 *  the first read of each file, costs 600,000 rounds of hashing: prefer a random key for machines.
 *  @throws `crypto` when the password has fewer than 8 characters.
 *  @example
 *  const file = new EncryptedFileProvider({
 *    path: 'config/secrets.yaml.jwe',
 *    keys: password(process.env.PASSPHRASE ?? ''),
 *  }); */
export function password(text: string, kid?: string): FileKey {
  if (typeof text !== 'string' || text.length < 8)
    throw new ConfigError('crypto', 'a password must have at least 8 characters', {
      hint: 'Use several random words, or a key from llm-config keygen',
    });
  return new PasswordKey(text, kid);
}

/** Parses keys from a text: a JWK or a JWK set (`llm-config keygen` prints a JWK), 32 bytes in base64url,
 *  base64 or hex, or a public key `x25519:…`. Errors name `where` and never quote the text. `kid` replaces
 *  the name of each key.
 *  @throws `crypto` when the text is not a key.
 *  @example
 *  const [alice] = parseKeys('x25519:hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo', 'key of alice', 'alice');
 *  alice?.opens; // => false: a public key encrypts only */
export function parseKeys(text: string, where: string, kid?: string): FileKey[] {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) return jwks(trimmed, where).map((jwk) => fromJwk(jwk, where, kid));
  if (trimmed.startsWith('x25519:'))
    return [fromJwk({ kty: 'OKP', crv: 'X25519', x: trimmed.slice(7) }, where, kid)];
  const bytes = keyBytes(trimmed);
  if (!bytes) throw badKey(where, trimmed === '' ? 'is empty' : 'is not a key');
  return [symmetric(bytes, kid)];
}

/** Generates a random key as a private JWK: symmetric, or an X25519 pair. Others encrypt with its public
 *  half. */
export function newKey(kind: 'symmetric' | 'x25519', kid?: string): JoseHeader {
  if (kind === 'symmetric') {
    const k = base64url(randomBytes(32));
    return { kty: 'oct', kid: kid ?? thumbprint({ k, kty: 'oct' }), alg: 'A256GCMKW', k };
  }
  const { kty, crv, x, d } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  return { kty, kid: kid ?? thumbprint({ crv, kty, x }), alg: 'ECDH-ES+A256KW', crv, x, d };
}

/** The public half of a key as text: `x25519:…`. */
export const publicText = (key: X25519Key): string => `x25519:${key.publicKey.x}`;

export function symmetric(bytes: Buffer, kid?: string): FileKey {
  return new SymmetricKey(bytes, kid ?? thumbprint({ k: base64url(bytes), kty: 'oct' }));
}

function fromJwk(jwk: JoseHeader, where: string, kid: string | undefined): FileKey {
  const name = kid ?? (typeof jwk.kid === 'string' && jwk.kid !== '' ? jwk.kid : undefined);
  if (jwk.kty === 'oct') {
    const bytes = typeof jwk.k === 'string' ? keyBytes(jwk.k) : undefined;
    if (!bytes) throw badKey(where, 'has a symmetric key that is not 256 bits long');
    return symmetric(bytes, name);
  }
  const publicKey = x25519(jwk);
  if (!publicKey) throw badKey(where, 'has a key that is neither symmetric with 256 bits nor X25519');
  const { x, d } = jwk as { x: string; d?: unknown };
  const named = name ?? thumbprint({ crv: 'X25519', kty: 'OKP', x });
  if (d === undefined) return new X25519Key(publicKey, undefined, named);
  if (typeof d !== 'string' || !/^[\w-]{43}$/.test(d))
    throw badKey(where, 'has an X25519 key with a damaged private half');
  const privateKey = createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x, d } });
  if (createPublicKey(privateKey).export({ format: 'jwk' }).x !== x)
    throw badKey(where, 'has an X25519 key with halves of different pairs');
  return new X25519Key(publicKey, privateKey, named);
}

function jwks(text: string, where: string): JoseHeader[] {
  let parsed: JoseHeader;
  try {
    parsed = JSON.parse(text) as JoseHeader;
  } catch {
    throw badKey(where, 'has damaged JSON');
  }
  const set = parsed.keys === undefined ? [parsed] : parsed.keys;
  if (!Array.isArray(set) || set.length === 0 || !set.every((key) => typeof key === 'object' && key !== null))
    throw badKey(where, 'has a key set without keys');
  return set as JoseHeader[];
}

/** 32 bytes from base64url, base64 or hex. */
function keyBytes(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (!/^[\w+/-]{43}=?$/.test(text)) return undefined;
  return Buffer.from(text, 'base64');
}

/** The name of a key without a `kid` (RFC 7638). */
function thumbprint(members: Readonly<Record<string, unknown>>): string {
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}

function badKey(where: string, what: string): ConfigError {
  return new ConfigError('crypto', `${where} ${what}`, { hint: 'Run: npx llm-config keygen' });
}
