import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import type { FileKey } from './file-key.ts';
import { base64url, type Header } from './jose.ts';
import { x25519 } from './primitives.ts';
import { AgreementKey, PasswordKey, SymmetricKey } from './wrapping.ts';

/** A password as a key: `password(process.env.PASSPHRASE)`. Only as strong as it is hard to guess. */
export function password(text: string, kid?: string): FileKey {
  if (typeof text !== 'string' || text.length < 8)
    throw new ConfigError('crypto', 'a password must have at least 8 characters', {
      hint: 'Use several random words, or a key from llm-config keygen',
    });
  return new PasswordKey(text, kid);
}

/** Keys from a text: a JWK or a JWK set (`llm-config keygen` prints one), 32 bytes in base64url, base64 or hex, or
 *  `x25519:…`, a public key. `where` names the place in errors; the text is never quoted. */
export function parseKeys(text: string, where: string, kid?: string): FileKey[] {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) return jwks(trimmed, where).map((jwk) => fromJwk(jwk, where, kid));
  if (trimmed.startsWith('x25519:'))
    return [fromJwk({ kty: 'OKP', crv: 'X25519', x: trimmed.slice(7) }, where, kid)];
  const bytes = thirtyTwo(trimmed);
  if (!bytes) throw badKey(where, trimmed === '' ? 'is empty' : 'is no key');
  return [symmetric(bytes, kid)];
}

/** A new random key as the JWK to keep: symmetric, or an X25519 pair with which others can write for its holder. */
export function newKey(kind: 'symmetric' | 'x25519', kid?: string): Header {
  if (kind === 'symmetric') {
    const k = base64url(randomBytes(32));
    return { kty: 'oct', kid: kid ?? thumbprint({ k, kty: 'oct' }), alg: 'A256GCMKW', k };
  }
  const { kty, crv, x, d } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  return { kty, kid: kid ?? thumbprint({ crv, kty, x }), alg: 'ECDH-ES+A256KW', crv, x, d };
}

/** How a public key is written in one word. */
export const publicText = (key: AgreementKey): string => `x25519:${key.publicKey.x}`;

export function symmetric(bytes: Buffer, kid?: string): FileKey {
  return new SymmetricKey(bytes, kid ?? thumbprint({ k: base64url(bytes), kty: 'oct' }));
}

function fromJwk(jwk: Header, where: string, kid: string | undefined): FileKey {
  const name = kid ?? (typeof jwk.kid === 'string' && jwk.kid !== '' ? jwk.kid : undefined);
  if (jwk.kty === 'oct') {
    const bytes = typeof jwk.k === 'string' ? thirtyTwo(jwk.k) : undefined;
    if (!bytes) throw badKey(where, 'holds a symmetric key that has not 256 bits');
    return symmetric(bytes, name);
  }
  const publicKey = x25519(jwk);
  if (!publicKey) throw badKey(where, 'holds a key that is neither symmetric with 256 bits nor X25519');
  const { x, d } = jwk as { x: string; d?: unknown };
  const named = name ?? thumbprint({ crv: 'X25519', kty: 'OKP', x });
  if (d === undefined) return new AgreementKey(publicKey, undefined, named);
  if (typeof d !== 'string' || thirtyTwo(d) === undefined)
    throw badKey(where, 'holds an X25519 key whose private half is damaged');
  const privateKey = createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x, d } });
  if (createPublicKey(privateKey).export({ format: 'jwk' }).x !== x)
    throw badKey(where, 'holds an X25519 key whose halves do not belong together');
  return new AgreementKey(publicKey, privateKey, named);
}

function jwks(text: string, where: string): Header[] {
  let parsed: Header;
  try {
    parsed = JSON.parse(text) as Header;
  } catch {
    throw badKey(where, 'holds JSON that is damaged');
  }
  const set = parsed.keys === undefined ? [parsed] : parsed.keys;
  if (!Array.isArray(set) || set.length === 0 || !set.every((one) => typeof one === 'object' && one !== null))
    throw badKey(where, 'holds a key set without keys');
  return set as Header[];
}

function thirtyTwo(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (!/^[\w+/-]{43}=?$/.test(text)) return undefined;
  return Buffer.from(text, 'base64');
}

/** RFC 7638 */
function thumbprint(members: Readonly<Record<string, unknown>>): string {
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}

function badKey(where: string, what: string): ConfigError {
  return new ConfigError('crypto', `${where} ${what}`, { hint: 'Make one with: npx llm-config keygen' });
}
