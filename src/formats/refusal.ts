import { ConfigError } from '../errors.ts';
import { makeOrigin } from '../origin.ts';
import { type Position, positionOf } from './position.ts';

/** A text to read, and how errors call where it came from. */
export interface SourceText {
  /** The provider's name. */
  readonly provider: string;
  /** The file, as the user named it. */
  readonly file: string;
  readonly text: string;
}

/** The error for a text that cannot be read: where and why, never what stands there. */
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

/** A file with nothing in it is one that is being written, far more often than one that means nothing. */
export function refuseBlank(source: SourceText, nothing: string): void {
  if (/\S/.test(source.text)) return;
  throw refusal(source, 0, 'the file is empty', `Where nothing is meant, write ${nothing}`);
}

export const duplicate = (name: string, first: number): string =>
  `duplicate key ${named(name)}, first in line ${first}`;

/** A key as it may stand in a message. */
export const named = (name: string): string =>
  JSON.stringify(name.length > 60 ? `${name.slice(0, 59)}…` : name);

export const tooDeep = 'nested too deeply: more than 100 levels';
export const quoteIt = 'Quote it: as text it keeps every digit';
export const bigInteger = 'an integer beyond 2^53, which would lose digits';
export const reservedKey = 'a key that could reach a prototype: __proto__, prototype or constructor';
