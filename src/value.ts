/** The canonical dotted text of a key's segments: `database.pool.max`; odd segments are quoted: `ingress."api.example.com"`. */
export type Key = string;

/** What a value can be. Dates and instances are made by a schema, not by a source. */
export type ConfigValue = null | boolean | number | bigint | string | readonly ConfigValue[] | ConfigTree;
/** A section: names, each with a value or a further section. */
export interface ConfigTree {
  readonly [name: string]: ConfigValue;
}

export const isTree = (value: unknown): value is ConfigTree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A frozen copy: plain objects and arrays are rebuilt, everything else (Date, URL, yours) is left alone. */
export function frozen<T>(value: T): T {
  if (Array.isArray(value)) return Object.freeze(value.map(frozen)) as T;
  if (!isPlain(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    if (name === '__proto__')
      Object.defineProperty(copy, name, {
        value: frozen((value as Record<string, unknown>)[name]),
        enumerable: true,
      });
    else copy[name] = frozen((value as Record<string, unknown>)[name]);
  }
  return Object.freeze(copy) as T;
}

export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
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

/** JSON has no bigints. */
export function withoutBigints(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(withoutBigints);
  return isPlain(value)
    ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutBigints(one)]))
    : value;
}
