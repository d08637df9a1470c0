import type { Spot } from './position.ts';

interface Place extends Spot {
  /** An array of tables: its last element is the one that headers mean. */
  tables?: true;
}

/** Where everything in a text stands that is known to be valid TOML. */
export function scanToml(text: string): Spot {
  return new Scanner(text).root();
}

const blanks = /[ \t]*/y;
const space = /[ \t\r\n]*/y;
const comment = /#[^\n]*/y;
const bareKey = /[\w-]+/y;
const other = /[^,\]}#\n]*/y;

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  root(): Spot {
    const root: Place = { offset: 0, inside: new Map() };
    let table = root;
    for (this.#fill(); this.#at < this.#text.length; this.#fill()) {
      if (this.#text[this.#at] === '[') table = this.#header(root);
      else this.#pair(table);
    }
    return root;
  }

  #header(root: Place): Place {
    const offset = this.#at;
    const tables = this.#text[this.#at + 1] === '[';
    this.#at += tables ? 2 : 1;
    const path = this.#path();
    this.#at += tables ? 2 : 1;
    if (!tables) return this.#reach(root, path, offset);
    const list = this.#child(this.#reach(root, path.slice(0, -1), offset), path.at(-1) as string, offset);
    list.tables = true;
    const element: Place = { offset, inside: new Map() };
    list.inside?.set(`${list.inside.size}`, element);
    return element;
  }

  #reach(from: Place, path: readonly string[], offset: number): Place {
    let place = from;
    for (const name of path) {
      place = this.#child(place, name, offset);
      if (place.tables) place = place.inside?.get(`${place.inside.size - 1}`) as Place;
    }
    return place;
  }

  #child(place: Place, name: string, offset: number): Place {
    const known = place.inside?.get(name);
    if (known) return known;
    const child: Place = { offset, inside: new Map() };
    place.inside?.set(name, child);
    return child;
  }

  #pair(table: Place): void {
    const offset = this.#at;
    const path = this.#path();
    this.#at++; // =
    this.#skip(blanks);
    this.#reach(table, path.slice(0, -1), offset).inside?.set(path.at(-1) as string, this.#value());
  }

  /** Past the dotted key and the blanks behind it. */
  #path(): string[] {
    const path: string[] = [];
    for (;;) {
      this.#skip(blanks);
      const start = this.#at;
      if (this.#string()) path.push(unquoted(this.#text.slice(start, this.#at)));
      else {
        this.#skip(bareKey);
        path.push(this.#text.slice(start, this.#at));
      }
      this.#skip(blanks);
      if (this.#text[this.#at] !== '.') return path;
      this.#at++;
    }
  }

  #value(): Spot {
    const offset = this.#at;
    const first = this.#text[this.#at];
    if (first === '[') return { offset, inside: this.#list() };
    if (first === '{') return this.#inline(offset);
    if (!this.#string()) this.#skip(other);
    return { offset };
  }

  #list(): Map<string, Spot> {
    const inside = new Map<string, Spot>();
    for (this.#at++; this.#before(']'); ) inside.set(`${inside.size}`, this.#value());
    return inside;
  }

  #inline(offset: number): Spot {
    const table: Place = { offset, inside: new Map() };
    for (this.#at++; this.#before('}'); ) this.#pair(table);
    return table;
  }

  /** Past commas, comments and the closing bracket; whether something stands before that. */
  #before(close: string): boolean {
    this.#fill();
    if (this.#text[this.#at] === ',') {
      this.#at++;
      this.#fill();
    }
    if (this.#text[this.#at] !== close && this.#at < this.#text.length) return true;
    this.#at++;
    return false;
  }

  /** Past a string of any of the four kinds, if there is one. */
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

  #fill(): void {
    do this.#skip(space);
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
