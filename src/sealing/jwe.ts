import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import { quoted } from '../redact.ts';
import { base64url, type Header, objectFrom, unbase64url } from './jose.ts';

/** One holder of a key: what that key made of the content key, and how. */
export interface Recipient {
  /** Its own part of the header, without what the protected one says. */
  readonly header: Header;
  readonly encryptedKey: Buffer;
}

/** An encrypted file (RFC 7516), taken apart and held to our profile. */
export interface Jwe {
  /** base64url, as it stands in the file: it is authenticated in this spelling. */
  readonly protectedText: string;
  readonly protectedHeader: Header;
  readonly unprotected: Header;
  readonly recipients: readonly Recipient[];
  /** The context that the file itself claims. Only good for a message. */
  readonly claimed: string | undefined;
  readonly iv: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

const members = new Set([
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
/** The shared unprotected header is nobody's to extend: an unknown name in it is a damaged one. */
const shared = new Set([
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

/** Reads General or Flattened JSON Serialization; everything outside the profile is refused. `where` names the file in errors. */
export function parseJwe(text: string, where: string): Jwe {
  const file = objectFrom(text, where);
  for (const name of Object.keys(file))
    if (!members.has(name)) throw unreadable(where, `has the unknown member ${quoted(name)}`);
  const flat = file.recipients === undefined;
  if (!flat && (file.header !== undefined || file.encrypted_key !== undefined))
    throw unreadable(where, 'is both general and flattened');
  const listed = flat ? [{ header: file.header, encrypted_key: file.encrypted_key }] : file.recipients;
  if (!Array.isArray(listed) || listed.length === 0) throw unreadable(where, 'names no recipients');
  if (listed.length > maxRecipients) throw unreadable(where, `names more than ${maxRecipients} recipients`);

  const protectedText = textOf(file.protected, 'protected', where);
  const protectedHeader = objectFrom(unbase64url(protectedText, 'protected', where).toString('utf8'), where);
  const unprotected = headerOf(file.unprotected, where);
  for (const name of Object.keys(unprotected))
    if (!shared.has(name)) throw unreadable(where, `has the unknown header ${quoted(name)} in "unprotected"`);
  const recipients = listed.map((one: unknown): Recipient => {
    if (typeof one !== 'object' || one === null) throw unreadable(where, 'has a recipient that is no object');
    const { header, encrypted_key, ...others } = one as Record<string, unknown>;
    if (Object.keys(others).length > 0)
      throw unreadable(where, `has the unknown member ${quoted(Object.keys(others)[0])} in a recipient`);
    const encryptedKey = unbase64url(textOf(encrypted_key, 'encrypted_key', where), 'encrypted_key', where);
    if (encryptedKey.length > maxEncryptedKey)
      throw unreadable(where, 'has an encrypted key of an absurd size');
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

/** Compact serialization: one recipient, everything protected, no context of its own. */
export function parseCompact(text: string, where: string): Jwe {
  const parts = text.split('.');
  if (parts.length !== 5) throw unreadable(where, 'is not a compact JWE: it has not five parts');
  const [protectedText, key, iv, ciphertext, tag] = parts as [string, string, string, string, string];
  const protectedHeader = objectFrom(unbase64url(protectedText, 'header', where).toString('utf8'), where);
  const recipient: Recipient = { header: {}, encryptedKey: unbase64url(key, 'encrypted key', where) };
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

/** Everything the file says about one recipient; the three parts may not overlap. */
export function jointHeader(jwe: Jwe, recipient: Recipient, where: string): Header {
  const joint: Header = {};
  for (const part of [jwe.protectedHeader, jwe.unprotected, recipient.header])
    for (const [name, value] of Object.entries(part)) {
      if (Object.hasOwn(joint, name)) throw unreadable(where, `says ${quoted(name)} twice`);
      joint[name] = value;
    }
  return joint;
}

function checkHeader(joint: Header, authenticated: Header, where: string): void {
  const { enc } = authenticated;
  if ('zip' in joint) throw refused(where, 'is compressed ("zip"), which can hide a bomb and tells lengths');
  if ('crit' in joint) throw refused(where, 'demands extensions ("crit") that this library does not know');
  if (enc === undefined) throw refused(where, 'does not protect the name of its cipher ("enc")');
  if (enc !== 'A256GCM')
    throw refused(where, `is encrypted with ${quoted(enc)}, which is not accepted; only "A256GCM" is`);
  if (typeof joint.alg !== 'string')
    throw refused(where, 'does not say how its content key is encrypted ("alg")');
  if (joint.kid !== undefined && (typeof joint.kid !== 'string' || joint.kid.length > 512))
    throw unreadable(where, 'has a "kid" that is no short text');
}

/** What is authenticated beside the plaintext: the protected header, and the context that the reader expects. */
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

/** `undefined`: something was changed, or the content key is another's. */
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
    plaintext.fill(0); // not authenticated: nobody may see it
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

function headerOf(value: unknown, where: string): Header {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unreadable(where, 'has a header that is no object');
  return value as Header;
}

function textOf(value: unknown, name: string, where: string, mayBeEmpty = false): string {
  if (value === undefined) throw unreadable(where, `lacks ${quoted(name)}`);
  if (typeof value !== 'string' || (value === '' && !mayBeEmpty))
    throw unreadable(where, `has a ${quoted(name)} that is no text`);
  return value;
}

function sized(value: unknown, name: string, bytes: number, where: string): Buffer {
  const buffer = unbase64url(textOf(value, name, where), name, where);
  if (buffer.length !== bytes)
    throw unreadable(where, `has a ${quoted(name)} of ${buffer.length} bytes in place of ${bytes}`);
  return buffer;
}

function unreadable(where: string, what: string): ConfigError {
  return new ConfigError('parse', `${where} ${what}`, {
    hint: 'It is damaged, cut off or no encrypted file: take it from version control or a backup',
  });
}

function refused(where: string, what: string): ConfigError {
  return new ConfigError('crypto', `${where} ${what}`, {
    hint: 'Encrypt it again with llm-config, or with A256GCM and an accepted key algorithm',
  });
}
