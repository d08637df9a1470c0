// The errors of all formats, and the words that several formats share.

import { ConfigError } from '../errors.ts';
import { makeOrigin } from '../origin.ts';
import { escapeControls } from '../redact.ts';
import { type Position, positionOf } from './position.ts';

/** A text to read, and the names of its source in errors. */
export interface SourceText {
  /** The provider's name. */
  readonly provider: string;
  /** The file, as the user named it. */
  readonly file: string;
  readonly text: string;
}

/** The error for a text that cannot be read: where and why. It never quotes the text, which may be secret. */
export function refusal(
  { provider, file, text }: SourceText,
  at: number | Position,
  what: string,
  hint?: string,
): ConfigError {
  const position = typeof at === 'number' ? positionOf(text, at) : at;
  const origin = makeOrigin({ provider, source: file, position: () => position });
  return new ConfigError('parse', `${origin}: ${what}`, { provider, origin, ...(hint && { hint }) });
}

/** An empty file is usually mid-write, so it is refused. */
export function refuseEmpty(source: SourceText, emptyText: string): void {
  if (/\S/.test(source.text)) return;
  throw refusal(source, 0, 'the file is empty', `Write ${emptyText} if it has no values`);
}

export const duplicate = (name: string, first: number): string =>
  `duplicate key ${quotedName(name)}, first in line ${first}`;

/** A key for a message: quoted, shortened to 60 characters, without control characters. */
export const quotedName = (name: string): string =>
  escapeControls(JSON.stringify(name.length > 60 ? `${name.slice(0, 59)}…` : name));

export const tooDeep = 'nested too deeply: more than 100 levels';
export const quoteIt = 'Quote the number: text keeps every digit';
export const bigInteger = 'an integer beyond 2^53, which would lose digits';
export const reservedKey = 'a key that could reach a prototype: __proto__, prototype or constructor';
