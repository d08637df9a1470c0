// Finds the position of every value in a JSON text, and the first fault. JSON.parse reads the values; this
// scanner runs only for positions and errors. Own code because JSON.parse reports neither, keeps the last of
// two equal keys, loses digits and quotes the text, which may be secret, in its messages.

import { positionOf, type Spot } from './position.ts';
import { bigInteger, duplicate, quoteIt, refusal, type SourceText, tooDeep } from './refusal.ts';
import { maxDepth } from './tree.ts';

/** Returns the positions of all values in a JSON text.
 *  @throws ConfigError `parse` for a fault in the grammar, a duplicate key or a number that would lose
 *  digits */
export function scanJson(source: SourceText): Spot {
  return new Scanner(source).root();
}

const space = /[ \t\n\r]*/y;
const plainText = /[^"\\\u0000-\u001f]*/y;
const escapes = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const literal = /true|false|null/y;

class Scanner {
  readonly #source: SourceText;
  readonly #text: string;
  #at = 0;

  constructor(source: SourceText) {
    this.#source = source;
    this.#text = source.text;
  }

  root(): Spot {
    const spot = this.#value(0);
    this.#skip(space);
    if (this.#at < this.#text.length) throw this.#fault('text after the end of the value');
    return spot;
  }

  #value(depth: number): Spot {
    this.#skip(space);
    const spot: Spot = { offset: this.#at };
    const first = this.#text[this.#at];
    if (first === '{' || first === '[') {
      if (depth >= maxDepth) throw this.#fault(tooDeep);
      spot.inside = first === '{' ? this.#members(depth + 1) : this.#elements(depth + 1);
    } else if (first === '"') this.#string();
    else if (this.#skip(number)) this.#number(spot.offset);
    else if (!this.#skip(literal)) throw this.#missingValue(first);
    return spot;
  }

  #members(depth: number): Map<string, Spot> {
    const inside = new Map<string, Spot>();
    const keys = new Map<string, number>();
    for (let more = this.#enter('}'); more; more = this.#continue('}')) {
      this.#skip(space);
      const start = this.#at;
      if (this.#text[start] !== '"') throw this.#missingKey();
      this.#string();
      const name = JSON.parse(this.#text.slice(start, this.#at)) as string;
      const before = keys.get(name);
      if (before !== undefined)
        throw refusal(
          this.#source,
          start,
          duplicate(name, positionOf(this.#text, before).line),
          'Remove one of them',
        );
      keys.set(name, start);
      this.#skip(space);
      if (this.#text[this.#at] !== ':') throw this.#fault('a colon is missing after a key');
      this.#at++;
      inside.set(name, this.#value(depth));
    }
    return inside;
  }

  #elements(depth: number): Map<string, Spot> {
    const inside = new Map<string, Spot>();
    for (let more = this.#enter(']'); more; more = this.#continue(']'))
      inside.set(`${inside.size}`, this.#value(depth));
    return inside;
  }

  /** Skips the opening bracket. False if the closing one follows. */
  #enter(close: string): boolean {
    this.#at++;
    this.#skip(space);
    if (this.#text[this.#at] !== close) return true;
    this.#at++;
    return false;
  }

  /** Skips the comma before the next value. False at the closing bracket. */
  #continue(close: string): boolean {
    this.#skip(space);
    const next = this.#text[this.#at];
    if (next !== ',' && next !== close) throw this.#fault(`a comma or ${close} is missing`);
    this.#at++;
    if (next === close) return false;
    this.#skip(space);
    if (this.#text[this.#at] === close)
      throw this.#fault(`a comma before ${close}`, 'Remove the comma, or rename the file to .jsonc');
    return true;
  }

  #string(): void {
    const start = this.#at++;
    for (;;) {
      this.#skip(plainText);
      const next = this.#text[this.#at];
      if (next === '"') {
        this.#at++;
        return;
      }
      if (next === undefined) throw refusal(this.#source, start, 'an unclosed string');
      if (next !== '\\')
        throw this.#fault('a control character or line break in a string', 'Write an escape such as \\n');
      if (!this.#skip(escapes)) throw this.#fault('an unknown escape in a string');
    }
  }

  #number(start: number): void {
    const written = this.#text.slice(start, this.#at);
    if (/[\w.]/.test(this.#text[this.#at] ?? ''))
      throw this.#fault('an invalid number', 'Quote the value if it is text');
    const value = Number(written);
    if (!Number.isFinite(value)) throw refusal(this.#source, start, 'a number that is too large', quoteIt);
    if (/^-?\d+$/.test(written) && !Number.isSafeInteger(value))
      throw refusal(this.#source, start, bigInteger, quoteIt);
  }

  #missingValue(first: string | undefined): Error {
    if (first === undefined)
      return this.#fault('the file ends too early', 'Check whether it was still being written');
    if (this.#isComment()) return this.#comment();
    if (first === "'") return this.#fault('a string in single quotes', 'Use double quotes');
    if (/^(?:-?Infinity|NaN)/.test(this.#text.slice(this.#at, this.#at + 9)))
      return this.#fault('JSON has no NaN and no Infinity', 'Quote the value if it is text');
    return this.#fault('a missing or invalid value', 'Put strings in double quotes');
  }

  #missingKey(): Error {
    if (this.#at >= this.#text.length) return this.#missingValue(undefined);
    return this.#isComment() ? this.#comment() : this.#fault('a key is missing or not in double quotes');
  }

  #isComment(): boolean {
    return /^\/[/*]/.test(this.#text.slice(this.#at, this.#at + 2));
  }

  #comment(): Error {
    return this.#fault('JSON has no comments', "Rename the file to .jsonc, or set format: 'jsonc'");
  }

  #fault(what: string, hint?: string): Error {
    return refusal(this.#source, this.#at, what, hint);
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.test(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }
}
