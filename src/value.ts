// The values that a source can hold: JSON, and bigints. Imports no other file.
// Dates, URLs and class instances appear only after a schema has transformed a value.

/** The canonical dotted text of a key: `database.pool.max`. A segment that holds a dot, a slash or a space is
 *  quoted: `ingress."api.example.com"`.
 *  @see keyOf makes one from any spelling. */
export type Key = string;

/** A value as a source holds it. */
export type ConfigValue = null | boolean | number | bigint | string | readonly ConfigValue[] | ConfigTree;
/** A section: names, each with a value or a further section. */
export interface ConfigTree {
  readonly [name: string]: ConfigValue;
}

/** Types without keys: a path ends there, and they are not copied. */
export type End =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | readonly unknown[]
  | ((...args: never[]) => unknown)
  | Date
  | URL
  | RegExp
  | Error
  | Promise<unknown>
  | ArrayBuffer
  | ArrayBufferView
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>;

/** An object with methods is an instance of a class: a path ends there, and it is not copied. */
export type IsInstance<T> = Extract<T[keyof T], (...args: never[]) => unknown> extends never ? false : true;

export const isTree = (value: unknown): value is ConfigTree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** One step into an object or a list: own properties only, so that `toString` and `constructor` are not
 *  found. */
export const inside = (value: unknown, step: PropertyKey): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, step)
    ? (value as Record<PropertyKey, unknown>)[step]
    : undefined;

/** A frozen copy. Copies plain objects and lists; leaves every other instance (Date, URL, yours)
 *  untouched. */
export function frozen<T>(value: T): T {
  if (Array.isArray(value)) return Object.freeze(value.map(frozen)) as T;
  if (!isPlain(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    // an assignment to `__proto__` would set the prototype
    if (name === '__proto__')
      Object.defineProperty(copy, name, {
        value: frozen((value as Record<string, unknown>)[name]),
        enumerable: true,
      });
    else copy[name] = frozen((value as Record<string, unknown>)[name]);
  }
  return Object.freeze(copy) as T;
}

export function sameValue(a: ConfigValue, b: ConfigValue): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (
    typeof a !== 'object' ||
    typeof b !== 'object' ||
    a === null ||
    b === null ||
    Array.isArray(a) !== Array.isArray(b)
  )
    return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every(
    (name) =>
      Object.hasOwn(b, name) &&
      sameValue(
        (a as Record<string, ConfigValue>)[name] as ConfigValue,
        (b as Record<string, ConfigValue>)[name] as ConfigValue,
      ),
  );
}

/** Writes bigints as text, for JSON. */
export function withoutBigints(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(withoutBigints);
  return isPlain(value)
    ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutBigints(inner)]))
    : value;
}
