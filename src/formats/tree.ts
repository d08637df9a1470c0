import { ConfigError } from '../errors.ts';
import { keyFrom, reserved } from '../key.ts';
import type { ConfigTree, ConfigValue } from '../value.ts';
import { named, reservedKey, tooDeep } from './refusal.ts';

export const maxDepth = 100;
export const maxSections = 32;
/** Shorter keys than this are short enough however they are quoted. */
const surelyShort = 60;

const inLeaf = -1;

export const isReserved = (name: string): boolean =>
  (name.length === 9 || name.length === 11) && reserved.has(name);

export interface Fault {
  readonly path: readonly string[];
  readonly what: string;
  readonly hint?: string;
}

let members = 0;

/** Freezes a tree and counts its members; `undefined`, and half done, where something needs an Examination. The hot path of loading. */
export function glance(tree: ConfigTree): number | undefined {
  members = 0;
  return glanceAtTree(tree, 0, 0) ? undefined : members;
}

function glanceAtTree(tree: ConfigTree, depth: number, length: number): boolean {
  if (depth >= maxSections) return true;
  let count = 0;
  for (const name in tree) {
    count++;
    const total = length === inLeaf ? inLeaf : length + name.length + 1;
    if (total > surelyShort || isReserved(name) || glanceAt(tree[name] as ConfigValue, depth + 1, total))
      return true;
  }
  members += count;
  Object.freeze(tree);
  return false;
}

function glanceAtList(list: readonly ConfigValue[], depth: number): boolean {
  if (depth >= maxSections) return true;
  for (let i = 0; i < list.length; i++) if (glanceAt(list[i] as ConfigValue, depth + 1, inLeaf)) return true;
  Object.freeze(list);
  return false;
}

function glanceAt(value: ConfigValue, depth: number, length: number): boolean {
  if (typeof value === 'object') {
    if (value === null) return false;
    return Array.isArray(value)
      ? glanceAtList(value, depth)
      : glanceAtTree(value as ConfigTree, depth, length);
  }
  return isOdd(value);
}

const isOdd = (value: ConfigValue): boolean =>
  typeof value === 'number' && !(value <= Number.MAX_SAFE_INTEGER && value >= -Number.MAX_SAFE_INTEGER);

/** What is wrong with a tree, and where: a name that may be no key, a key too long, a depth too deep. */
export class Examination {
  members = 0;
  /** There is a number that is not finite, or beyond the integers that keep their digits. */
  oddNumber = false;
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
    if (isOdd(value)) this.oddNumber = true;
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

  /** `length` is that of the tree's key so far. What stands in a list is part of a leaf: its names make no keys. */
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

/** Throws for a tree that a format cannot print; `refuse` says why a value cannot be. */
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
      `${owner}: the value at ${path.map(named).join('.')} cannot be written: ${what}`,
    );
}

/** What JSON and YAML would give back with other digits, or not at all. */
export const losesDigits = (value: ConfigValue): string | undefined =>
  typeof value === 'bigint' || (isOdd(value) && /^-?\d+$/.test(String(value)))
    ? 'an integer beyond 2^53, which would lose digits'
    : undefined;

function findValue(
  value: ConfigValue,
  refuse: (value: ConfigValue) => string | undefined,
  path: readonly string[] = [],
): [string[], string] | undefined {
  if (typeof value !== 'object' || value === null) {
    const what =
      typeof value === 'number' && !Number.isFinite(value) ? 'it is no finite number' : refuse(value);
    return what === undefined ? undefined : [[...path], what];
  }
  for (const [name, inner] of Object.entries(value)) {
    const found = findValue(inner as ConfigValue, refuse, [...path, name]);
    if (found) return found;
  }
  return undefined;
}

/** Freezes a tree down to its leaves; what is frozen already is so down to its own. */
export function freezeTree(value: ConfigValue): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  for (const name in value) freezeTree((value as ConfigTree)[name] as ConfigValue);
  Object.freeze(value);
}
