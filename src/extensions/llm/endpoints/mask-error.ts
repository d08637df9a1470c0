// Masks the credentials of an endpoint in an error that a caller gets: OpenAI's 401 quotes the key, and other
// clients keep their request in the error. The error stays the client's own, so `instanceof` works. What is
// inside it and quotes a secret is replaced by a copy: it may be the client itself, which needs its key.

import { inspect } from 'node:util';
import { MASK } from '../../../redact.ts';

/** `sk-ab***yz`, a key that the vendor has masked in part. */
const partlyMasked = /[\w-]*\*{3,}[\w-]*/g;
/** What is deeper, or comes after so many objects, is not looked at, and masked as a whole. */
const deepest = 20;
const mostObjects = 1_000;

/** An error without what it quotes of the secrets, also in its causes and fields. Never throws. */
export function maskError(error: unknown, secrets: readonly string[]): unknown {
  return new Masking(secrets).of(error);
}

/** A field of an object, or an entry of a collection. */
type Field = readonly [name: PropertyKey, value: unknown];

const collections = [Map, Set, Headers, URLSearchParams] as const;
const collectionOf = (value: object) => collections.find((one) => value instanceof one);
const isError = (value: object): boolean => value instanceof Error && !Object.isFrozen(value);

class Masking {
  readonly #needles: readonly string[];
  /** The errors that are changed, and the copies of what was replaced. */
  readonly #done = new Map<object, unknown>();

  constructor(secrets: readonly string[]) {
    this.#needles = secrets
      .filter((text) => text.length >= 4)
      .flatMap((text) => [text, encodeURIComponent(Buffer.from(text).toString())]);
  }

  of(value: unknown, depth = 0): unknown {
    if (typeof value === 'string') return this.#text(value);
    if (!isObject(value)) return value;
    const done = this.#done.get(value);
    if (done !== undefined) return done;
    if (depth > deepest) return MASK;
    if (isError(value)) return this.#error(value, depth);
    return this.#isQuoted(value, depth, new Set()) ? this.#copy(value, depth) : value;
  }

  #text(text: string): string {
    let masked = text.includes('***') ? text.replace(partlyMasked, MASK) : text;
    for (const needle of this.#needles) if (masked.includes(needle)) masked = masked.replaceAll(needle, MASK);
    return masked;
  }

  #error(error: object, depth: number): unknown {
    this.#done.set(error, error);
    for (const [name, value] of fieldsOf(error)) {
      const masked = this.of(value, depth + 1);
      const shown = this.of(name) as PropertyKey;
      if (shown !== name) attempt(() => Reflect.deleteProperty(error, name));
      if (shown !== name || masked !== value)
        attempt(() => Object.defineProperty(error, shown, { value: masked }));
    }
    this.#setJson(error, error, depth);
    return error;
  }

  /** Replaces what `value` says it is in JSON, if that quotes a secret: it may come from private fields. */
  #setJson(value: object, copy: object, depth: number): void {
    const json = jsonOf(value);
    const masked = this.of(json, depth + 1);
    if (masked !== json)
      attempt(() => Object.defineProperty(copy, 'toJSON', { value: () => masked, configurable: true }));
  }

  #isQuoted(value: unknown, depth: number, seen: Set<object>): boolean {
    if (typeof value === 'string') return this.#text(value) !== value;
    if (!isObject(value) || seen.has(value)) return false;
    if (depth > deepest || seen.size > mostObjects) return true;
    seen.add(value);
    const isQuoted = (inner: unknown): boolean => this.#isQuoted(inner, depth + 1, seen);
    return fieldsOf(value).some((field) => field.some(isQuoted)) || isQuoted(jsonOf(value));
  }

  #copy(value: object, depth: number): unknown {
    if (this.#done.size > mostObjects) return MASK;
    const Collection = collectionOf(value);
    if (Collection) {
      const entries = fieldsOf(value).map((field) => field.map((one) => this.of(one, depth + 1)));
      return Collection === Set
        ? new Set(entries.map(([, inner]) => inner))
        : new (Collection as new (entries: object) => object)(entries);
    }
    const copy: object = Array.isArray(value) ? [] : Object.create(prototypeOf(value));
    this.#done.set(value, copy);
    for (const [name, inner] of fieldsOf(value)) {
      const field = {
        value: this.of(inner, depth + 1),
        configurable: true,
        enumerable: true,
        writable: true,
      };
      attempt(() => Object.defineProperty(copy, this.of(name) as PropertyKey, field));
    }
    this.#setJson(value, copy, depth);
    return copy;
  }
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** Objects that print themselves, such as a Request, do so only with their private fields. */
const prototypeOf = (value: object): object | null =>
  inspect.custom in value ? Object.prototype : Object.getPrototypeOf(value);

/** What is printed of an object: its own fields, entries, and what requests and URLs keep in private. */
function fieldsOf(value: object): readonly Field[] {
  const found: Field[] = [];
  attempt(() => {
    if (ArrayBuffer.isView(value)) return;
    if (value instanceof Set) for (const inner of value) found.push(['', inner]);
    else if (collectionOf(value)) found.push(...(value as Map<string, unknown>));
    else
      for (const name of [...Reflect.ownKeys(value), ...privateNamesOf(value)])
        attempt(() => found.push([name, (value as Record<PropertyKey, unknown>)[name]]));
  });
  return found;
}

const privateNamesOf = (value: object): readonly string[] =>
  inspect.custom in value
    ? ['method', 'status', 'url', 'href', 'headers'].filter((name) => name in value)
    : [];

/** What JSON shows of an object that says so itself. */
function jsonOf(value: object): unknown {
  let json: unknown;
  attempt(() => {
    const { toJSON } = value as { readonly toJSON?: unknown };
    if (typeof toJSON === 'function' && !ArrayBuffer.isView(value)) json = toJSON.call(value, '');
  });
  return json;
}

const attempt = (change: () => void): void => {
  try {
    change();
  } catch {
    // a proxy, a getter that throws, a field that cannot change
  }
};
