// Finds the position of every value in a TOML text. Used by toml.ts for positions and errors. Own code
// because the parser smol-toml keeps no positions of values. The text is known to be valid, so the scanner
// checks nothing.

import type { Spot } from './position.ts';

interface Table extends Spot {
  /** An array of tables: headers refer to its last element. */
  tables?: true;
}

/** Returns the positions of all values in a valid TOML text. */
export function scanToml(text: string): Spot {
  return new Scanner(text).root();
}

const spaces = /[ \t]*/y;
const whitespace = /[ \t\r\n]*/y;
const comment = /#[^\n]*/y;
const bareKey = /[\w-]+/y;
const otherValue = /[^,\]}#\n]*/y;

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  root(): Spot {
    const root: Table = { offset: 0, inside: new Map() };
    let table = root;
    for (this.#skipComments(); this.#at < this.#text.length; this.#skipComments()) {
      if (this.#text[this.#at] === '[') table = this.#header(root);
      else this.#pair(table);
    }
    return root;
  }

  #header(root: Table): Table {
    const offset = this.#at;
    const tables = this.#text[this.#at + 1] === '[';
    this.#at += tables ? 2 : 1;
    const path = this.#path();
    this.#at += tables ? 2 : 1;
    if (!tables) return this.#reach(root, path, offset);
    const list = this.#child(this.#reach(root, path.slice(0, -1), offset), path.at(-1) as string, offset);
    list.tables = true;
    const element: Table = { offset, inside: new Map() };
    list.inside?.set(`${list.inside.size}`, element);
    return element;
  }

  #reach(from: Table, path: readonly string[], offset: number): Table {
    let table = from;
    for (const name of path) {
      table = this.#child(table, name, offset);
      if (table.tables) table = table.inside?.get(`${table.inside.size - 1}`) as Table;
    }
    return table;
  }

  #child(table: Table, name: string, offset: number): Table {
    const known = table.inside?.get(name);
    if (known) return known;
    const child: Table = { offset, inside: new Map() };
    table.inside?.set(name, child);
    return child;
  }

  #pair(table: Table): void {
    const offset = this.#at;
    const path = this.#path();
    this.#at++; // =
    this.#skip(spaces);
    this.#reach(table, path.slice(0, -1), offset).inside?.set(path.at(-1) as string, this.#value());
  }

  /** Reads a dotted key and skips the spaces after it. */
  #path(): string[] {
    const path: string[] = [];
    for (;;) {
      this.#skip(spaces);
      const start = this.#at;
      if (this.#string()) path.push(unquoted(this.#text.slice(start, this.#at)));
      else {
        this.#skip(bareKey);
        path.push(this.#text.slice(start, this.#at));
      }
      this.#skip(spaces);
      if (this.#text[this.#at] !== '.') return path;
      this.#at++;
    }
  }

  #value(): Spot {
    const offset = this.#at;
    const first = this.#text[this.#at];
    if (first === '[') return { offset, inside: this.#list() };
    if (first === '{') return this.#inline(offset);
    if (!this.#string()) this.#skip(otherValue);
    return { offset };
  }

  #list(): Map<string, Spot> {
    const inside = new Map<string, Spot>();
    for (this.#at++; this.#hasNext(']'); ) inside.set(`${inside.size}`, this.#value());
    return inside;
  }

  #inline(offset: number): Spot {
    const table: Table = { offset, inside: new Map() };
    for (this.#at++; this.#hasNext('}'); ) this.#pair(table);
    return table;
  }

  /** Skips commas, comments and line breaks. False, and past it, at the closing bracket. */
  #hasNext(close: string): boolean {
    this.#skipComments();
    if (this.#text[this.#at] === ',') {
      this.#at++;
      this.#skipComments();
    }
    if (this.#text[this.#at] !== close && this.#at < this.#text.length) return true;
    this.#at++;
    return false;
  }

  /** Skips a string of any of the four kinds. False if there is none. */
  #string(): boolean {
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") return false;
    const end = this.#text.startsWith(quote.repeat(3), this.#at) ? quote.repeat(3) : quote;
    let close = this.#at + end.length - 1;
    do close = this.#text.indexOf(end, close + 1);
    while (quote === '"' && isEscaped(this.#text, close));
    this.#at = close + end.length;
    for (let more = 0; end.length === 3 && more < 2 && this.#text[this.#at] === quote; more++) this.#at++;
    return true;
  }

  #skipComments(): void {
    do this.#skip(whitespace);
    while (this.#skip(comment));
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.test(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }
}

function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === '\\') before--;
  return ((at - before) & 1) === 1;
}

function unquoted(quoted: string): string {
  const text = quoted.slice(1, -1);
  if (quoted[0] === "'") return text;
  return text.replace(
    /\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|x([\da-fA-F]{2})|(.))/g,
    (_, short, long, byte, char: string) =>
      char === undefined
        ? String.fromCodePoint(Number.parseInt(short ?? long ?? byte, 16))
        : (escapes[char] ?? char),
  );
}

const escapes: Readonly<Record<string, string>> = {
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
  e: '\u001b',
};
