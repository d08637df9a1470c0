// How a file or an output may spell a secret: as it is, and as JSON, a URL or base64 has it. Also its lines,
// and the password of a URL. Used by secret-search.ts and by `run --mask`.

import { shiftedBase64, urlUserinfos } from '../redact.ts';
import type { ConfigValue, Key } from '../value.ts';

/** A value to find, and the key that has it. */
export interface SecretValue {
  readonly key: Key;
  readonly value: ConfigValue;
}

/** How a value is spelled. `escaped`: as in a JSON string. */
export type Spelling = 'plain' | 'base64' | 'url-encoded' | 'escaped' | 'in part';

/** The shortest parts of a value that count, in characters: shorter ones are in any text by chance. */
export interface ShortestParts {
  readonly line: number;
  readonly password: number;
}

/** Fewer characters of base64 are in any text by chance. */
const shortestBase64 = 7;
/** The first and the last line of a PEM block. */
const pemLine = /^-----(?:BEGIN|END) [^-]*-----$/;

/** The texts and numbers in a value. */
export function* scalarsIn(value: ConfigValue): Generator<string | number | bigint> {
  if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(value)) yield* scalarsIn(inner as ConfigValue);
  else if (typeof value !== 'boolean' && value !== null) yield value;
}

/** The spellings of a text and of its parts. Some come twice. */
export function* spellingsOf(text: string, shortest: ShortestParts): Generator<readonly [Spelling, string]> {
  yield* wholeSpellings(text);
  for (const part of partsOf(text, shortest))
    for (const [, spelled] of wholeSpellings(part)) yield ['in part', spelled];
}

/** The lines of a text, without the space around them, and the passwords of URLs in it. */
function partsOf(text: string, { line, password }: ShortestParts): ReadonlySet<string> {
  const all = text
    .trim()
    .split('\n')
    .map((one) => one.trim());
  const lines = all.length === 1 ? all : all.filter((one) => one.length >= line && !pemLine.test(one));
  const passwords = urlUserinfos(text).map((userinfo) => userinfo.slice(userinfo.indexOf(':') + 1));
  const long = [...passwords, ...passwords.map(decodedUri)].filter((one) => one.length >= password);
  return new Set([...lines, ...long]);
}

function* wholeSpellings(text: string): Generator<readonly [Spelling, string]> {
  const bytes = Buffer.from(text);
  yield ['plain', text];
  const json = JSON.stringify(text).slice(1, -1);
  // PHP also escapes slashes, Python all but ASCII
  for (const one of [json, json.replaceAll('/', '\\/'), json.replace(/[^\0-\x7f]/g, codeUnit)])
    yield ['escaped', one];
  const encoded = encodeURIComponent(bytes.toString());
  const strict = encoded.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  for (const one of new Set([encoded, strict])) {
    yield ['url-encoded', one];
    yield ['url-encoded', one.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())];
    yield ['url-encoded', one.replaceAll('%20', '+')];
  }
  for (const shift of [0, 1, 2]) {
    const base64 = shiftedBase64(bytes, shift);
    if (base64.length < shortestBase64) continue;
    yield ['base64', base64];
    yield ['base64', base64.replaceAll('+', '-').replaceAll('/', '_')];
  }
}

const codeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

function decodedUri(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
