// Copies of objects that print only their public part. The values of configurations and the sections that
// `tree` returns are such copies; `reveal` reads the rest. The public part is computed when an object is
// printed: most never are.

import { inspect } from 'node:util';
import { MASK } from './redact.ts';
import { type HidesName, printable } from './reveal.ts';
import { atOnce, type Steps } from './turns.ts';
import { inside, isPlain, withoutBigints } from './value.ts';

const shown = (copy: object): unknown => {
  const { visible, hidesName } = printable.get(copy) ?? {};
  return masked(copy, visible?.(), hidesName);
};

const toJSON: PropertyDescriptor = {
  value(this: object): unknown {
    return withoutBigints(shown(this));
  },
};
const custom: PropertyDescriptor = {
  value(this: object, _depth: number, options: object): string {
    return inspect(shown(this), options);
  },
};

/** A frozen copy that prints masked. Copies plain objects and lists; leaves every other instance (Date,
 *  URL, yours) untouched. Its properties hold the values in clear; printing it shows only the values that
 *  `visible` has at the same place. Omits getters for which `isOmitted` is true; without `isOmitted`, the
 *  value must have no getters, which makes the copy several times faster. Masks names for which `hidesName`
 *  is true. */
export function maskedCopy<T>(
  value: T,
  visible: () => unknown,
  isOmitted?: (getter: unknown) => boolean,
  hidesName?: HidesName,
): T {
  return atOnce(maskedCopySteps(value, visible, isOmitted, hidesName));
}

/** The same in steps: one for each name at the root. */
export function* maskedCopySteps<T>(
  value: T,
  visible: () => unknown,
  isOmitted?: (getter: unknown) => boolean,
  hidesName?: HidesName,
): Steps<T> {
  const copies = new Map<object, object>();
  const begin = (original: object): object => {
    const made: object = Array.isArray(original) ? [] : Object.create(Object.getPrototypeOf(original));
    copies.set(original, made);
    return made;
  };
  const fill = (made: object, original: object, seen: () => unknown, name: PropertyKey): void => {
    if (!isOmitted) {
      const inner = copyOf((original as Record<PropertyKey, unknown>)[name], seen, name);
      if (name === '__proto__') Object.defineProperty(made, name, { value: inner, enumerable: true });
      else (made as Record<PropertyKey, unknown>)[name] = inner;
      return;
    }
    const property = Object.getOwnPropertyDescriptor(original, name) as PropertyDescriptor;
    if (!property.enumerable || (property.get && isOmitted(property.get))) return;
    if ('value' in property) property.value = copyOf(property.value, seen, name);
    Object.defineProperty(made, name, property);
  };
  const end = (made: object, seen: () => unknown): object => {
    if (!Object.hasOwn(made, 'toJSON')) Object.defineProperty(made, 'toJSON', toJSON);
    if (!Object.hasOwn(made, inspect.custom)) Object.defineProperty(made, inspect.custom, custom);
    printable.set(made, { visible: seen, hidesName });
    return Object.freeze(made);
  };
  const namesOf = (original: object): readonly PropertyKey[] =>
    isOmitted ? Reflect.ownKeys(original) : Object.keys(original);
  const copy = (original: object, seen: () => unknown): unknown => {
    if (!isCopied(original)) return original;
    const known = copies.get(original);
    if (known) return known;
    const made = begin(original);
    for (const name of namesOf(original)) fill(made, original, seen, name);
    return end(made, seen);
  };
  const copyOf = (inner: unknown, seen: () => unknown, name: PropertyKey): unknown =>
    typeof inner === 'object' && inner !== null ? copy(inner, lazilyInside(seen, name)) : inner;
  if (!isCopied(value)) return value;
  const made = begin(value);
  for (const name of namesOf(value)) {
    fill(made, value, visible, name);
    yield;
  }
  return end(made, visible) as T;
}

const isCopied = (value: unknown): value is object => Array.isArray(value) || isPlain(value);

// outside `maskedCopy`, whose scope would keep the original alive for as long as the copy
const lazilyInside = (seen: () => unknown, name: PropertyKey) => (): unknown => inside(seen(), name);

/** A value as it may be printed. Masks each value that `visible` does not have at the same place, and names
 *  for which `hidesName` is true. */
export function masked(
  value: unknown,
  visible: unknown,
  hidesName: HidesName = () => false,
  above: readonly unknown[] = [],
): unknown {
  if (value === undefined || Object.is(value, visible)) return value;
  if (above.includes(value)) return '[circular]';
  const within = [...above, value];
  if (Array.isArray(value))
    return value.map((item, index) => masked(item, inside(visible, index), hidesName, within));
  if (!isPlain(value)) return MASK;
  return Object.fromEntries(
    Object.keys(value).map((name) => [
      hidesName(name) ? MASK : name,
      masked(value[name], inside(visible, name), hidesName, within),
    ]),
  );
}
