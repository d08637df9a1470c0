import { ConfigError } from '../errors.ts';
import { membersWritten } from '../formats/json.ts';
import { contents } from '../formats/json-text.ts';
import { quoted } from '../redact.ts';

export type Header = Record<string, unknown>;

export const base64url = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');

/** Strict: one spelling for each sequence of bytes, so that no flipped bit goes unnoticed. */
export function unbase64url(text: string, name: string, where: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text)
    throw new ConfigError('parse', `${where}: ${quoted(name)} is not base64url`, {
      hint: 'It is damaged or cut off: take it from version control or a backup',
    });
  return bytes;
}

/** A JSON object without duplicate names. */
export function objectFrom(text: string, where: string): Header {
  if (text.trim() === '')
    throw new ConfigError('parse', `${where} is empty`, {
      hint: 'Take it from version control or a backup; an empty file is not an empty configuration',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ConfigError('parse', `${where} is not JSON`, {
      hint: 'It is damaged, cut off or no encrypted file: take it from version control or a backup',
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigError('parse', `${where} holds no JSON object`, { hint: 'It is no encrypted file' });
  if (membersWritten(text) !== contents(value).members)
    throw new ConfigError('parse', `${where} says a name twice`, {
      hint: 'It was changed by hand or by an attacker: take it from version control or a backup',
    });
  return value as Header;
}
