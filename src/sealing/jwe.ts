// JWE (RFC 7516): reads, prints, encrypts and decrypts. Used by envelope.ts (files), seal.ts (values) and
// snapshots. Own code on node:crypto, because jose never returns the content key: a recipient could then be
// added only by encrypting the content again. Refuses everything outside a strict profile before any key is
// derived. Tests prove it against jose in both directions, and against the vectors of RFC 7520.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import { quoted } from '../redact.ts';
import { base64url, type JoseHeader, parseJoseObject, unbase64url } from './jose.ts';

/** The content key, encrypted for one holder of a key. */
export interface Recipient {
  /** The recipient's own members; those of the protected header are not repeated here. */
  readonly header: JoseHeader;
  readonly encryptedKey: Buffer;
}

/** A parsed JWE within our profile. */
export interface Jwe {
  /** base64url, in the file's own spelling: that spelling is authenticated. */
  readonly protectedText: string;
  readonly protectedHeader: JoseHeader;
  readonly unprotected: JoseHeader;
  readonly recipients: readonly Recipient[];
  /** The context that the file claims (`aad`). For messages only: decryption takes the reader's context. */
  readonly claimed: string | undefined;
  readonly iv: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

const memberNames = new Set([
  'protected',
  'unprotected',
  'header',
  'encrypted_key',
  'recipients',
  'aad',
  'iv',
  'ciphertext',
  'tag',
]);
/** Nothing may extend the shared unprotected header, so an unknown name in it means damage. */
const sharedNames = new Set([
  'alg',
  'kid',
  'cty',
  'typ',
  'jku',
  'jwk',
  'x5u',
  'x5c',
  'x5t',
  'x5t#S256',
  'recipients_mac',
]);
const maxRecipients = 100;
const maxEncryptedKey = 16_384;

/** Parses General or Flattened JSON Serialization, and refuses everything outside the profile. `where` names
 *  the file in errors. */
export function parseJwe(text: string, where: string): Jwe {
  const file = parseJoseObject(text, where);
  for (const name of Object.keys(file))
    if (!memberNames.has(name)) throw unreadable(where, `has the unknown member ${quoted(name)}`);
  const flat = file.recipients === undefined;
  if (!flat && (file.header !== undefined || file.encrypted_key !== undefined))
    throw unreadable(where, 'is both a general and a flattened JWE');
  const listed = flat ? [{ header: file.header, encrypted_key: file.encrypted_key }] : file.recipients;
  if (!Array.isArray(listed) || listed.length === 0) throw unreadable(where, 'has no recipients');
  if (listed.length > maxRecipients) throw unreadable(where, `has more than ${maxRecipients} recipients`);

  const protectedText = textOf(file.protected, 'protected', where);
  const protectedHeader = parseJoseObject(
    unbase64url(protectedText, 'protected', where).toString('utf8'),
    where,
  );
  const unprotected = headerOf(file.unprotected, where);
  for (const name of Object.keys(unprotected))
    if (!sharedNames.has(name))
      throw unreadable(where, `has the unknown header ${quoted(name)} in "unprotected"`);
  const recipients = listed.map((item: unknown): Recipient => {
    if (typeof item !== 'object' || item === null)
      throw unreadable(where, 'has a recipient that is not an object');
    const { header, encrypted_key, ...others } = item as Record<string, unknown>;
    if (Object.keys(others).length > 0)
      throw unreadable(where, `has the unknown member ${quoted(Object.keys(others)[0])} in a recipient`);
    const encryptedKey = encryptedKeyOf(textOf(encrypted_key, 'encrypted_key', where), where);
    return { header: headerOf(header, where), encryptedKey };
  });
  const jwe: Jwe = {
    protectedText,
    protectedHeader,
    unprotected,
    recipients,
    claimed:
      file.aad === undefined
        ? undefined
        : unbase64url(textOf(file.aad, 'aad', where), 'aad', where).toString('utf8'),
    iv: sized(file.iv, 'iv', 12, where),
    ciphertext: unbase64url(textOf(file.ciphertext, 'ciphertext', where, true), 'ciphertext', where),
    tag: sized(file.tag, 'tag', 16, where),
  };
  for (const recipient of recipients) checkHeader(jointHeader(jwe, recipient, where), protectedHeader, where);
  return jwe;
}

/** Parses Compact Serialization: one recipient, every header protected, no `aad`. */
export function parseCompact(text: string, where: string): Jwe {
  const parts = text.split('.');
  if (parts.length !== 5)
    throw unreadable(where, `is not a compact JWE, which has five parts; received ${parts.length}`);
  const [protectedText, key, iv, ciphertext, tag] = parts as [string, string, string, string, string];
  const protectedHeader = parseJoseObject(
    unbase64url(protectedText, 'header', where).toString('utf8'),
    where,
  );
  const recipient: Recipient = { header: {}, encryptedKey: encryptedKeyOf(key, where) };
  checkHeader(protectedHeader, protectedHeader, where);
  return {
    protectedText,
    protectedHeader,
    unprotected: {},
    recipients: [recipient],
    claimed: undefined,
    iv: sized(iv, 'iv', 12, where),
    ciphertext: unbase64url(ciphertext, 'ciphertext', where),
    tag: sized(tag, 'tag', 16, where),
  };
}

/** All header members of one recipient. The three parts must not overlap (RFC 7516 §7.2.1). */
export function jointHeader(jwe: Jwe, recipient: Recipient, where: string): JoseHeader {
  const joint: JoseHeader = Object.create(null); // a header may have the name __proto__
  for (const part of [jwe.protectedHeader, jwe.unprotected, recipient.header])
    for (const [name, value] of Object.entries(part)) {
      if (Object.hasOwn(joint, name)) throw unreadable(where, `has the header ${quoted(name)} twice`);
      joint[name] = value;
    }
  return joint;
}

function checkHeader(joint: JoseHeader, authenticated: JoseHeader, where: string): void {
  const { enc } = authenticated;
  if ('zip' in joint) throw refused(where, 'is compressed ("zip"), which can hide a bomb and leaks lengths');
  if ('crit' in joint)
    throw refused(where, 'requires extensions ("crit") that this library does not support');
  if (enc === undefined) throw refused(where, 'does not authenticate the name of its cipher ("enc")');
  if (enc !== 'A256GCM')
    throw refused(where, `is encrypted with ${quoted(enc)}, which is not accepted; only "A256GCM" is`);
  if (typeof joint.alg !== 'string')
    throw refused(where, 'does not name the algorithm of its content key ("alg")');
  if (joint.kid !== undefined && (typeof joint.kid !== 'string' || joint.kid.length > 512))
    throw unreadable(where, 'has a "kid" that is not a string of at most 512 characters');
}

/** The data authenticated with the plaintext: the protected header, and the context that the reader
 *  expects. */
const associated = (protectedText: string, context: string | undefined): Buffer =>
  Buffer.from(
    context === undefined ? protectedText : `${protectedText}.${base64url(Buffer.from(context, 'utf8'))}`,
    'latin1',
  );

export function encryptContent(
  contentKey: Buffer,
  plaintext: Buffer,
  protectedText: string,
  context: string | undefined,
) {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', contentKey, iv).setAAD(associated(protectedText, context));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { iv, ciphertext, tag: cipher.getAuthTag() };
}

/** Returns `undefined` when the file was changed or the content key belongs to another file. */
export function decryptContent(
  jwe: Jwe,
  contentKey: Buffer,
  context: string | undefined,
): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', contentKey, jwe.iv, { authTagLength: 16 });
  decipher.setAAD(associated(jwe.protectedText, context)).setAuthTag(jwe.tag);
  const plaintext = decipher.update(jwe.ciphertext);
  try {
    return Buffer.concat([plaintext, decipher.final()]);
  } catch {
    plaintext.fill(0); // not authenticated, so it must not be seen
    return undefined;
  }
}

export function printJwe(jwe: Jwe): string {
  const file = {
    protected: jwe.protectedText,
    ...(Object.keys(jwe.unprotected).length > 0 && { unprotected: jwe.unprotected }),
    recipients: jwe.recipients.map(({ header, encryptedKey }) => ({
      header,
      encrypted_key: base64url(encryptedKey),
    })),
    ...(jwe.claimed !== undefined && { aad: base64url(Buffer.from(jwe.claimed, 'utf8')) }),
    iv: base64url(jwe.iv),
    ciphertext: base64url(jwe.ciphertext),
    tag: base64url(jwe.tag),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

function headerOf(value: unknown, where: string): JoseHeader {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unreadable(where, 'has a header that is not an object');
  return value as JoseHeader;
}

function textOf(value: unknown, name: string, where: string, mayBeEmpty = false): string {
  if (value === undefined) throw unreadable(where, `has no ${quoted(name)}`);
  if (typeof value !== 'string' || (value === '' && !mayBeEmpty))
    throw unreadable(where, `has a ${quoted(name)} that is ${value === '' ? 'empty' : 'not a string'}`);
  return value;
}

function encryptedKeyOf(text: string, where: string): Buffer {
  const bytes = unbase64url(text, 'encrypted_key', where);
  if (bytes.length > maxEncryptedKey)
    throw unreadable(where, `has an encrypted key of more than ${maxEncryptedKey} bytes`);
  return bytes;
}

function sized(value: unknown, name: string, bytes: number, where: string): Buffer {
  const buffer = unbase64url(textOf(value, name, where), name, where);
  if (buffer.length !== bytes)
    throw unreadable(where, `has a ${quoted(name)} of ${buffer.length} bytes; expected ${bytes}`);
  return buffer;
}

function unreadable(where: string, what: string): ConfigError {
  return new ConfigError('parse', `${where} ${what}`, {
    hint: 'Restore an intact copy from version control or a backup, or correct the path',
  });
}

function refused(where: string, what: string): ConfigError {
  return new ConfigError('crypto', `${where} ${what}`, {
    hint: 'Encrypt it again with llm-config, or with A256GCM and an accepted key algorithm',
  });
}
