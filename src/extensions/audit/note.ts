// Signed notes and checkpoints of C2SP: how a log signs the root of its tree, and the keys that verify it.
// Used by the log and by `verify`. Base64 is read strictly, so that each changed bit is noticed.

import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { ConfigError } from '../../errors.ts';

/** A public key with the name of what it signs. Its text is `NAME+ID+KEY`. */
export interface Verifier {
  readonly name: string;
  /** Four bytes that a signature begins with. */
  readonly id: Buffer;
  /** The 32 bytes of the Ed25519 key. */
  readonly raw: Buffer;
  readonly key: KeyObject;
}

const ed25519 = Buffer.of(1);
const derHead = Buffer.from('302a300506032b6570032100', 'hex');

/** The verifier of a name and the 32 bytes of a public key. */
export function verifierOf(name: string, raw: Buffer): Verifier {
  const id = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), ed25519, raw]), 'buffer').subarray(0, 4);
  const key = createPublicKey({ key: Buffer.concat([derHead, raw]), format: 'der', type: 'spki' });
  return { name, id, raw, key };
}

export const verifierText = ({ name, id, raw }: Verifier): string =>
  `${name}+${id.toString('hex')}+${Buffer.concat([ed25519, raw]).toString('base64')}`;

/** Parses the text of a verifier. The last part is base64, which may contain `+`.
 *  @throws ConfigError `invalid_option` */
export function parseVerifier(text: string): Verifier {
  const [, name = '', id, encoded = ''] =
    /^([^\s+]+)\+([\da-f]{8})\+([A-Za-z\d+/=]+)$/.exec(text.trim()) ?? [];
  const bytes = fromBase64(encoded);
  if (bytes?.length === 33 && bytes[0] === 1) {
    const verifier = verifierOf(name, bytes.subarray(1));
    if (verifier.id.toString('hex') === id) return verifier;
  }
  throw new ConfigError('invalid_option', 'audit: the verifier is not a key of the form NAME+ID+KEY', {
    hint: 'Pass the text of log.verifier, in quotes',
  });
}

/** Decodes strictly: each sequence of bytes has one spelling. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

export interface Signature {
  readonly name: string;
  readonly id: Buffer;
  readonly bytes: Buffer;
}

/** The root of a log's tree at a size, signed. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  /** What is signed. */
  readonly text: string;
  readonly signatures: readonly Signature[];
}

export const checkpointText = (origin: string, size: number, root: Buffer): string =>
  `${origin}\n${size}\n${root.toString('base64')}\n`;

export const noteOf = (text: string, signatures: readonly Signature[]): string =>
  `${text}\n${signatures
    .map(({ name, id, bytes }) => `\u2014 ${name} ${Buffer.concat([id, bytes]).toString('base64')}\n`)
    .join('')}`;

/** Parses a signed checkpoint. Verifies nothing. `undefined` if the text is not one. */
export function parseCheckpoint(note: string): Checkpoint | undefined {
  const at = note.lastIndexOf('\n\n');
  if (at < 0 || !note.endsWith('\n')) return undefined;
  const text = note.slice(0, at + 1);
  const [, origin = '', size, encoded = ''] = /^(.+)\n(0|[1-9]\d{0,15})\n(.+)\n/.exec(text) ?? [];
  const root = fromBase64(encoded);
  const signatures: Signature[] = [];
  for (const line of note.slice(at + 2, -1).split('\n')) {
    const [, name, signed = ''] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? [];
    const bytes = fromBase64(signed);
    if (name === undefined || !bytes || bytes.length < 5) return undefined;
    signatures.push({ name, id: bytes.subarray(0, 4), bytes: bytes.subarray(4) });
  }
  return root?.length === 32 ? { origin, size: Number(size), root, text, signatures } : undefined;
}

/** Whether a signature names the key of a verifier. */
export const isOf = (signature: Signature, { name, id }: Verifier): boolean =>
  signature.name === name && signature.id.equals(id);

/** Whether a signature is that of a verifier. */
export const isValid = ({ text }: Checkpoint, signature: Signature, verifier: Verifier): boolean =>
  isOf(signature, verifier) && verify(null, Buffer.from(text), verifier.key, signature.bytes);
