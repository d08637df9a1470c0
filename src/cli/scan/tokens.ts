// Tokens in a text that are secret by their shape. Used by `scan`. The shapes of tokens are those of
// redact.ts; values that are obviously made up do not count, because tests and pages are full of them. Nor
// do sealed values, which are JWTs by their shape and belong into files.

import { tokenShapes } from '../../redact.ts';
import { marker } from '../../sealed.ts';

export type TokenKind = 'a token' | 'a JWT' | 'a signed URL' | 'a private key';

export interface Token {
  readonly kind: TokenKind;
  readonly at: number;
}

/** A line with this mark may have a token. */
export const allowMark = 'llm-config:allow';

const all = (pattern: RegExp): RegExp => new RegExp(pattern.source, 'g');
const shapes: readonly (readonly [TokenKind, RegExp])[] = [
  ['a token', all(tokenShapes.prefixed)],
  ['a JWT', all(tokenShapes.jwt)],
  ['a signed URL', all(tokenShapes.signed)],
];
/** The body of a PEM block, also inside a string with `\n`. */
const privateKey =
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nr])+([A-Za-z0-9+/=:, \r\n\t\\-]{40,200})/g;
/** The secret part of a JWK: a file that `keygen` writes, for example. */
const kty = '"kty"\\s{0,8}:\\s{0,8}"\\w{2,4}"';
const secretPart = '"[kd]"\\s{0,8}:\\s{0,8}"([\\w-]{40,})';
const jwk = new RegExp(`${kty}[^{}]{0,400}${secretPart}|${secretPart}"[^{}]{0,400}${kty}`, 'g');

/** A service's tokens have at least as many characters. */
const tokenLength = 20;
const madeUp = new RegExp(
  [
    'fake|example|dummy|sample|placeholder|redacted|secret|change-?me|your[-_]|my-?(?:key|token)',
    'not-?(?:a-)?real|test[-_]?(?:key|token)|xxxx|\\.\\.\\.|…|\\*\\*\\*|<|\\$\\{',
    'abcdef|qwerty|123456|654321',
  ].join('|'),
  'i',
);

/** Whether a token is obviously made up: it says so, counts up, or repeats a few characters. */
export const isMadeUp = (token: string): boolean =>
  token.length < tokenLength || madeUp.test(token) || new Set(token).size < 10;

/** The tokens of a text, in order. */
export function tokensIn(text: string): Token[] {
  const found: Token[] = [];
  const add = (kind: TokenKind, at: number, token: string): void => {
    const isSealed = text.startsWith(marker, at - marker.length);
    if (!isSealed && !isMadeUp(token) && !lineAt(text, at).includes(allowMark)) found.push({ kind, at });
  };
  for (const [kind, pattern] of shapes)
    for (const { index } of text.matchAll(pattern)) add(kind, index, wordAt(text, index));
  if (text.includes('PRIVATE KEY'))
    for (const { index, 1: body = '' } of text.matchAll(privateKey)) add('a private key', index, body);
  if (text.includes('"kty"'))
    for (const { index, 1: first, 2: second = '' } of text.matchAll(jwk))
      add('a private key', index, first ?? second);
  return found.sort((a, b) => a.at - b.at);
}

const lineAt = (text: string, at: number): string => {
  const end = text.indexOf('\n', at);
  return text.slice(text.lastIndexOf('\n', at) + 1, end < 0 ? undefined : end);
};

/** From `at` to the end of the word, 200 characters at most. */
const wordAt = (text: string, at: number): string =>
  /^[^\s"'`<>,;()]*/.exec(text.slice(at, at + 200))?.[0] ?? '';
