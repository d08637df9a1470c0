// The JSON and base64url of JOSE, read strictly. Used by this folder and by snapshots.

import { ConfigError } from '../errors.ts';
import { countMembers } from '../formats/json.ts';
import { tally } from '../formats/json-text.ts';
import { quoted } from '../redact.ts';

export type JoseHeader = Record<string, unknown>;

export const base64url = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');

/** Decodes strictly: each sequence of bytes has one spelling, so every flipped bit is noticed. */
export function unbase64url(text: string, name: string, where: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text)
    throw new ConfigError('parse', `${where}: ${quoted(name)} is not base64url`, {
      hint: 'Restore an intact copy from version control or a backup',
    });
  return bytes;
}

/** More than any file has. What walks a header calls itself. */
const maxDepth = 16;

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1)));

/** Parses a JSON object and refuses duplicate names, because parsers disagree about which one counts. */
export function parseJoseObject(text: string, where: string): JoseHeader {
  if (text.trim() === '')
    throw new ConfigError('parse', `${where} is empty, which is not an empty configuration`, {
      hint: 'Restore it from version control or a backup',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ConfigError('parse', `${where} is not JSON: damaged, cut off or not encrypted`, {
      hint: 'Restore an intact copy from version control or a backup',
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigError('parse', `${where} is not a JSON object, and so not encrypted`, {
      hint: 'Correct the path, or encrypt the file with llm-config encrypt',
    });
  if (countMembers(text) !== tally(value).members)
    throw new ConfigError('parse', `${where} has a duplicate name, made by hand or by an attacker`, {
      hint: 'Restore an intact copy from version control or a backup',
    });
  if (isDeeper(value, maxDepth))
    throw new ConfigError('parse', `${where} is nested too deeply: more than ${maxDepth} levels`, {
      hint: 'Restore an intact copy from version control or a backup',
    });
  return value as JoseHeader;
}
