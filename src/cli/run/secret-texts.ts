// The texts by which `run --mask` finds a secret in output: the secret itself and its usual encodings, the
// password of a URL, and the lines of a longer text.

import { urlUserinfos } from '../../redact.ts';
import type { ConfigValue, Key } from '../../value.ts';

/** Shorter texts are in every output: masking them hides what is not secret. */
const minLength = 4;
const minEncoded = 8;
const minLine = 8;

/** A secret with its key. */
interface SecretValue {
  readonly key: Key;
  readonly value: ConfigValue;
}

/** The texts of secrets, and the keys of those that are too short to be found. */
export function secretTexts(secrets: readonly SecretValue[]): {
  readonly texts: readonly Buffer[];
  readonly short: readonly Key[];
} {
  const texts = new Set<string>();
  const short = new Set<Key>();
  for (const { key, value } of secrets)
    for (const text of scalarsIn(value)) {
      if (text.length < minLength) short.add(key);
      else for (const one of partsOf(text)) for (const form of formsOf(one)) texts.add(form);
    }
  return { texts: [...texts].map((text) => Buffer.from(text)), short: [...short] };
}

function scalarsIn(value: ConfigValue): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(scalarsIn);
  return value === null || typeof value === 'boolean' || value === '' ? [] : [`${value}`];
}

function partsOf(text: string): string[] {
  const passwords = urlUserinfos(text).map((userinfo) => userinfo.slice(userinfo.indexOf(':') + 1));
  const lines = text.includes('\n') ? text.split(/\r?\n/).filter((line) => line.length >= minLine) : [];
  const decoded = passwords.flatMap((password) => {
    try {
      return [decodeURIComponent(password)];
    } catch {
      return [];
    }
  });
  return [text, ...lines, ...[...passwords, ...decoded].filter((part) => part.length >= minLength)];
}

/** As it is, and as JSON, a URL or base64 has it. */
function formsOf(text: string): string[] {
  const encoded = [0, 1, 2]
    .flatMap((offset) => base64(text, offset))
    .filter((one) => one.length >= minEncoded);
  return [text, JSON.stringify(text).slice(1, -1), percentEncoded(text), ...encoded];
}

function percentEncoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text; // half of a surrogate pair
  }
}

/** The part of base64 that depends on a text alone if `offset` bytes are before it, and the same for URLs. */
function base64(text: string, offset: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]);
  const own = bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6));
  return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
}
