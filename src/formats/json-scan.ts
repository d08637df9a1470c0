import { positionOf, type Spot } from './position.ts';
import { bigInteger, duplicate, quoteIt, refusal, type SourceText, tooDeep } from './refusal.ts';
import { maxDepth } from './tree.ts';

/** Where everything in a JSON text stands. Throws, with its place, the first thing that is wrong: a fault in the grammar, a
 *  duplicate key, a number that would lose digits. */
export function scanJson(source: SourceText): Spot {
  return new Scanner(source).root();
}

const blanks = /[ \t\n\r]*/y;
const plainText = /[^"\\\u0000-\u001f]*/y;
const escapes = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;

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
    this.#skip(blanks);
    if (this.#at < this.#text.length) throw this.#fault('something stands behind the end of the value');
    return spot;
  }

  #value(depth: number): Spot {
    this.#skip(blanks);
    const spot: Spot = { offset: this.#at };
    const first = this.#text[this.#at];
    if (first === '{' || first === '[') {
      if (depth >= maxDepth) throw this.#fault(tooDeep);
      spot.inside = first === '{' ? this.#members(depth + 1) : this.#elements(depth + 1);
    } else if (first === '"') this.#string();
    else if (this.#skip(number)) this.#number(spot.offset);
    else if (!this.#skip(word)) throw this.#noValue(first);
    return spot;
  }

  #members(depth: number): Map<string, Spot> {
    const inside = new Map<string, Spot>();
    const keys = new Map<string, number>();
    for (let more = this.#open('}'); more; more = this.#more('}')) {
      this.#skip(blanks);
      const start = this.#at;
      if (this.#text[start] !== '"') throw this.#noKey();
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
      this.#skip(blanks);
      if (this.#text[this.#at] !== ':') throw this.#fault('a colon is missing behind a key');
      this.#at++;
      inside.set(name, this.#value(depth));
    }
    return inside;
  }

  #elements(depth: number): Map<string, Spot> {
    const inside = new Map<string, Spot>();
    for (let more = this.#open(']'); more; more = this.#more(']'))
      inside.set(`${inside.size}`, this.#value(depth));
    return inside;
  }

  /** Past the opening bracket; whether something stands before the closing one. */
  #open(close: string): boolean {
    this.#at++;
    this.#skip(blanks);
    if (this.#text[this.#at] !== close) return true;
    this.#at++;
    return false;
  }

  #more(close: string): boolean {
    this.#skip(blanks);
    const next = this.#text[this.#at];
    if (next !== ',' && next !== close) throw this.#fault(`a comma or ${close} is missing`);
    this.#at++;
    if (next === close) return false;
    this.#skip(blanks);
    if (this.#text[this.#at] === close)
      throw this.#fault(`a comma stands before ${close}`, 'Remove the comma, or name the file .jsonc');
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
      if (next === undefined) throw refusal(this.#source, start, 'a string does not end');
      if (next !== '\\')
        throw this.#fault('a control character or line break in a string', 'Write it as an escape, like \\n');
      if (!this.#skip(escapes)) throw this.#fault('an unknown escape in a string');
    }
  }

  #number(start: number): void {
    const written = this.#text.slice(start, this.#at);
    if (/[\w.]/.test(this.#text[this.#at] ?? ''))
      throw this.#fault('a number that JSON does not know', 'Quote it if it is a text');
    const value = Number(written);
    if (!Number.isFinite(value)) throw refusal(this.#source, start, 'a number too large to hold', quoteIt);
    if (/^-?\d+$/.test(written) && !Number.isSafeInteger(value))
      throw refusal(this.#source, start, bigInteger, quoteIt);
  }

  #noValue(first: string | undefined): Error {
    if (first === undefined)
      return this.#fault('the file ends too early', 'It may have been read while it was being written');
    if (this.#isComment()) return this.#comment();
    if (first === "'") return this.#fault('a string in single quotes', 'Use double quotes');
    if (/^(?:-?Infinity|NaN)/.test(this.#text.slice(this.#at, this.#at + 9)))
      return this.#fault('JSON knows no NaN and no Infinity', 'Quote it if it is a text');
    return this.#fault('a value is missing or not valid JSON', 'Strings need double quotes');
  }

  #noKey(): Error {
    if (this.#at >= this.#text.length) return this.#noValue(undefined);
    return this.#isComment() ? this.#comment() : this.#fault('a key is missing or not in double quotes');
  }

  #isComment(): boolean {
    return /^\/[/*]/.test(this.#text.slice(this.#at, this.#at + 2));
  }

  #comment(): Error {
    return this.#fault('JSON knows no comments', "Name the file .jsonc, or say format: 'jsonc'");
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
