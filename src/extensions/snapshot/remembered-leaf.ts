// What a snapshot knows of one key, and how that is written as a line of JSON. Used by memory.ts and
// content.ts. A value keeps the entry that it came from: a tree is taken apart only when it is needed.

import { type Entry, type Metadata, makeEntry } from '../../entry.ts';
import { segments } from '../../key.ts';
import { makeOrigin } from '../../origin.ts';
import { type ConfigValue, inside, isTree, type Key } from '../../value.ts';

/** A key whose value is known. `path`: where it is in the value of `entry`. */
export interface ValueLeaf {
  readonly kind: 'value';
  /** Its own time: when the store was read. */
  readonly at: number;
  readonly entry: Entry | StoredValue;
  readonly path: Key;
}

/** A key that the store does not have. `deleted`: because this process has deleted it. */
export interface AbsentLeaf {
  readonly kind: 'absent';
  readonly at: number;
  readonly deleted?: boolean;
}

/** A key about which nothing may be answered, nor about what is below it: the store has refused it, or it is
 *  a lease, or its value has expired. */
export interface UnknownLeaf {
  readonly kind: 'unknown';
  readonly at: number;
}

export type Leaf = ValueLeaf | AbsentLeaf | UnknownLeaf;

/** A value as the file has it, beside its key and time. Short names, because 100,000 keys repeat them. */
export interface StoredValue {
  readonly v: ConfigValue;
  /** Secret. */
  readonly s?: 1;
  /** The origin: provider, source, version. */
  readonly o: readonly [provider: string, source: string, version?: string];
  readonly version?: string;
  readonly modifiedAt?: number;
  readonly expiresAt?: number;
  readonly metadata?: Metadata;
  readonly document?: string;
  readonly text?: boolean | 'wide';
  readonly openedWith?: string;
}

export const isStored = (entry: Entry | StoredValue): entry is StoredValue => 'v' in entry;

export const leafValue = ({ entry, path }: ValueLeaf): ConfigValue =>
  isStored(entry) ? entry.v : (segments(path).reduce<unknown>(inside, entry.value) as ConfigValue);

export const expiresAt = ({ entry }: ValueLeaf): number => entry.expiresAt ?? Number.POSITIVE_INFINITY;

/** A leaf as the file has it. */
export function storedValue(leaf: ValueLeaf): StoredValue {
  const { entry, path } = leaf;
  if (isStored(entry)) return entry;
  const facts = entry.leaf && isTree(entry.value) ? entry.leaf(path) : entry;
  const { provider, source, version: shown, line, column } = facts.origin;
  const { version, modifiedAt, expiresAt, metadata, document, text } = entry;
  const { openedWith } = facts;
  const place = line === undefined || column === undefined ? source : `${source}:${line}:${column}`;
  return {
    v: leafValue(leaf),
    ...((entry.secret || facts.secret) && { s: 1 }),
    o: shown === undefined ? [provider, place] : [provider, place, shown],
    ...(version !== undefined && { version }),
    ...(modifiedAt !== undefined && { modifiedAt }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(metadata && { metadata }),
    ...(document !== undefined && document !== provider && { document }),
    ...(text && { text }),
    ...(openedWith !== undefined && { openedWith }),
  };
}

/** The entry of a leaf that is answered from the snapshot. Its origin says so. */
export function rememberedEntry(key: Key, leaf: ValueLeaf, readAt: number): Entry {
  const { v, s, o, ...more } = storedValue(leaf);
  const [provider, source, version] = o;
  const origin = makeOrigin({ provider, source: `${source} (snapshot)`, version });
  return makeEntry({ key, value: v, secret: s === 1, origin, readAt, ...more });
}

/** Whether both have numbers as versions, and the one of `leaf` is lower. */
export function isOlderVersion(leaf: Leaf, than: Leaf): boolean {
  if (leaf.kind !== 'value' || than.kind !== 'value') return false;
  const [version, before] = [leaf.entry.version, than.entry.version];
  return version !== before && isNumber(version) && isNumber(before) && BigInt(version) < BigInt(before);
}

const isNumber = (version: string | undefined): version is string =>
  version !== undefined && /^\d{1,30}$/.test(version);
