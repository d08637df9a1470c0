// Checks what every format must refuse in a tree: reserved names, keys and sections beyond the limits,
// numbers without all their digits. Used by all formats. `freezeAndCount` is the fast path of loading; only
// if it gives up does an Examination find the fault and its path.

import { ConfigError } from '../errors.ts';
import { keyFrom, reserved } from '../key.ts';
import type { ConfigTree, ConfigValue } from '../value.ts';
import { bigInteger, quotedName, reservedKey, tooDeep } from './refusal.ts';

export const maxDepth = 100;
export const maxSections = 32;
/** Keys up to this length are within the limit however they are quoted. */
const surelyShort = 60;

/** In place of a key's length: a value inside a list is part of a leaf, and its names make no keys. */
const inLeaf = -1;

export const isReserved = (name: string): boolean =>
  (name.length === 9 || name.length === 11) && reserved.has(name);

export interface Fault {
  readonly path: readonly string[];
  readonly what: string;
  readonly hint?: string;
}

let members = 0;

/** Freezes a tree and counts its members. Returns `undefined`, with the tree partly frozen, if something
 *  needs an Examination. */
export function freezeAndCount(tree: ConfigTree): number | undefined {
  members = 0;
  return passTree(tree, 0, 0) ? undefined : members;
}

function passTree(tree: ConfigTree, depth: number, length: number): boolean {
  if (depth >= maxSections) return true;
  let count = 0;
  for (const name in tree) {
    count++;
    const total = length === inLeaf ? inLeaf : length + name.length + 1;
    if (total > surelyShort || isReserved(name) || passValue(tree[name] as ConfigValue, depth + 1, total))
      return true;
  }
  members += count;
  Object.freeze(tree);
  return false;
}

function passList(list: readonly ConfigValue[], depth: number): boolean {
  if (depth >= maxSections) return true;
  for (let i = 0; i < list.length; i++) if (passValue(list[i] as ConfigValue, depth + 1, inLeaf)) return true;
  Object.freeze(list);
  return false;
}

function passValue(value: ConfigValue, depth: number, length: number): boolean {
  if (typeof value === 'object') {
    if (value === null) return false;
    return Array.isArray(value) ? passList(value, depth) : passTree(value as ConfigTree, depth, length);
  }
  return isUnsafe(value);
}

const isUnsafe = (value: ConfigValue): boolean =>
  typeof value === 'number' && !(value <= Number.MAX_SAFE_INTEGER && value >= -Number.MAX_SAFE_INTEGER);

/** The first fault of a tree and its path: a reserved name, a key that is too long, too many levels. */
export class Examination {
  members = 0;
  /** There is a number that is not finite, or an integer beyond 2^53. */
  unsafeNumber = false;
  fault: Fault | undefined;
  readonly #path: (string | number)[] = [];

  constructor(tree: ConfigTree) {
    this.#tree(tree, 0, 0);
  }

  #value(value: ConfigValue, depth: number, length: number): boolean {
    if (typeof value === 'object') {
      if (value === null) return false;
      return Array.isArray(value) ? this.#list(value, depth) : this.#tree(value as ConfigTree, depth, length);
    }
    if (isUnsafe(value)) this.unsafeNumber = true;
    return false;
  }

  #list(list: readonly ConfigValue[], depth: number): boolean {
    if (depth >= maxDepth) return this.#found(depth, tooDeep);
    for (let i = 0; i < list.length; i++) {
      this.#path[depth] = i;
      if (this.#value(list[i] as ConfigValue, depth + 1, inLeaf)) return true;
    }
    return false;
  }

  /** `length`: the length of the tree's key, or `inLeaf`. */
  #tree(tree: ConfigTree, depth: number, length: number): boolean {
    const names = Object.keys(tree);
    this.members += names.length;
    if (depth >= maxDepth) return this.#found(depth, tooDeep);
    if (depth >= maxSections && length !== inLeaf && names.length > 0)
      return this.#found(depth, `more than ${maxSections} sections deep`);
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      this.#path[depth] = name;
      if (isReserved(name)) return this.#found(depth + 1, reservedKey);
      const total = length === inLeaf ? inLeaf : length + name.length + 1;
      if (total > surelyShort && tooLong(this.#path.slice(0, depth + 1)))
        return this.#found(depth + 1, 'a key of more than 512 characters');
      if (this.#value(tree[name] as ConfigValue, depth + 1, total)) return true;
    }
    return false;
  }

  #found(length: number, what: string): true {
    this.fault = { path: this.#path.slice(0, length).map(String), what };
    return true;
  }
}

function tooLong(path: readonly (string | number)[]): boolean {
  try {
    keyFrom(path as string[]);
    return false;
  } catch {
    return true;
  }
}

/** Throws if a format cannot print a tree. `refuse` returns why a value cannot be printed. */
export function assertPrintable(
  tree: ConfigTree,
  owner: string,
  refuse: (value: ConfigValue) => string | undefined,
): void {
  const { fault } = new Examination(tree);
  const [path, what] = fault ? [fault.path, fault.what] : (findValue(tree, refuse) ?? []);
  if (path && what)
    throw new ConfigError(
      'validation',
      `${owner}: the value at ${path.map(quotedName).join('.')} cannot be written: ${what}`,
    );
}

/** Why JSON and YAML cannot print a number without losing digits. */
export const losesDigits = (value: ConfigValue): string | undefined =>
  typeof value === 'bigint' || (isUnsafe(value) && /^-?\d+$/.test(String(value))) ? bigInteger : undefined;

function findValue(
  value: ConfigValue,
  refuse: (value: ConfigValue) => string | undefined,
  path: readonly string[] = [],
): [string[], string] | undefined {
  if (typeof value !== 'object' || value === null) {
    const what =
      typeof value === 'number' && !Number.isFinite(value) ? 'a number that is not finite' : refuse(value);
    return what === undefined ? undefined : [[...path], what];
  }
  for (const [name, inner] of Object.entries(value)) {
    const found = findValue(inner as ConfigValue, refuse, [...path, name]);
    if (found) return found;
  }
  return undefined;
}

/** Freezes a tree down to its leaves. A frozen part is known to be frozen throughout. */
export function freezeTree(value: ConfigValue): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  for (const name in value) freezeTree((value as ConfigTree)[name] as ConfigValue);
  Object.freeze(value);
}
