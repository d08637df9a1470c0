import type { ConfigValue } from '../entry.ts';

/** A frozen copy: plain objects and arrays are rebuilt, everything else (Date, URL, yours) is left alone. */
export function frozen<T>(value: T): T {
  if (Array.isArray(value)) return Object.freeze(value.map(frozen)) as T;
  if (!isPlain(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    if (name === '__proto__')
      Object.defineProperty(copy, name, { value: frozen((value as Record<string, unknown>)[name]), enumerable: true });
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
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every(
    (name) =>
      Object.hasOwn(b, name) &&
      sameValue((a as Record<string, ConfigValue>)[name] as ConfigValue, (b as Record<string, ConfigValue>)[name] as ConfigValue),
  );
}
