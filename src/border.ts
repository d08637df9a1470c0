// The border: what a foreign provider answers becomes entries, holes and errors of ours. query.ts loads this
// file at the first answer that this copy of the library has not made. Messages name kinds, never values.

import { types } from 'node:util';
import { type Entry, isEntry, isOurs, isSound, isUnreadable, type Unreadable } from './entry.ts';
import { ConfigError, isConfigError } from './errors.ts';
import {
  adoptError,
  entryFrom,
  faulty,
  holeAt,
  holeError,
  kindOf,
  readSafely,
  type Side,
  time,
  unsupported,
} from './foreign.ts';
import { keyFrom, keyOf, segments } from './key.ts';
import { maskedCopy } from './masking.ts';
import { plainValue } from './plain-value.ts';
import type { Layer, VersionInfo } from './provider.ts';
import { reveal } from './reveal.ts';
import { type ConfigTree, isPlain, isTree, type Key } from './value.ts';

type Item = Entry | Unreadable;

/** An answer to `get` or `set`. `asked`: the key, if the answer has none of its own.
 *  @throws ConfigError `io` for anything but an entry with a supported value. */
export function adoptEntry(answer: unknown, asked: Key, side: Side, method = 'get'): Entry {
  if (isEntry(answer)) return answer;
  if (typeof answer !== 'object' || answer === null)
    throw faulty(side, asked, `${method} returned ${kindOf(answer)} for "${asked}"`, 'Return an entry');
  const result = readSafely(side, asked, () => {
    const { error } = answer as Partial<Unreadable>;
    if (error !== undefined) return holeError(error, side, asked);
    return entryFrom(answer as Partial<Entry>, validKey(answer) ?? asked, side);
  });
  if (result instanceof ConfigError) throw result;
  return result;
}

/** An answer to `list`. What has an unsupported value is a hole; what has no key is left out with a notice.
 *  @throws ConfigError `io` if the answer is not a list. */
export function adoptItems(answer: unknown, side: Side, method = 'list'): readonly Item[] {
  const items = membersOf(answer, side, method, 'Return a list of entries');
  return items.flatMap((item) => itemFrom(item, side));
}

/** An answer to `getMany`, read for the keys that were asked. An unsupported value fails its own key. */
export function adoptMany(
  answer: unknown,
  keys: readonly Key[],
  side: Side,
): Map<Key, Entry | undefined | ConfigError> {
  const found = (key: Key): Entry | undefined | ConfigError => {
    try {
      // also a Map of another realm, which is not an instance of this one's Map
      if (!types.isMap(answer))
        throw faulty(side, key, `getMany returned ${kindOf(answer)}`, 'Return a Map from keys to entries');
      const item: unknown = answer.get(key);
      if (item === undefined) return undefined;
      return item instanceof Error || isConfigError(item)
        ? adoptError(item, side, key)
        : adoptEntry(item, key, side, 'getMany');
    } catch (error) {
      return adoptError(error, side, key);
    }
  };
  return new Map(keys.map((key) => [key, found(key)]));
}

/** An answer to `layers`.
 *  @throws ConfigError `io` if the answer is not a list of layers. */
export function adoptLayers(answer: unknown, side: Side): readonly Layer[] {
  const layers = membersOf(answer, side, 'layers', 'Return a list of layers');
  return layers.map((layer) => answered(side, 'layers', () => layerFrom(layer, side)));
}

function layerFrom(given: unknown, side: Side): Layer {
  if (typeof given !== 'object' || given === null)
    throw faulty(side, undefined, `layers returned ${kindOf(given)} in its list`, 'Return layers');
  const { name, entries, holes, error, tolerated, local } = given as Partial<Layer>;
  if (typeof name !== 'string')
    throw faulty(side, undefined, 'layers returned a layer without a name', 'Name each layer');
  const items = [...adoptItems(entries ?? [], side, 'layers'), ...adoptItems(holes ?? [], side, 'layers')];
  return {
    name,
    entries: items.filter((item): item is Entry => !isUnreadable(item)),
    holes: items.filter(isUnreadable),
    ...(error !== undefined && { error: adoptError(error, side) }),
    ...(tolerated !== undefined && { tolerated: adoptError(tolerated, side) }),
    ...(local === true && { local }),
  };
}

/** An answer to `versions`. Leaves out what has another type than it should.
 *  @throws ConfigError `io` for anything but a list of versions that have names. */
export function adoptVersions(answer: unknown, side: Side): readonly VersionInfo[] {
  const versions = membersOf(answer, side, 'versions', 'Return a list of versions');
  return Object.freeze(versions.map((one) => answered(side, 'versions', () => versionFrom(one, side))));
}

function versionFrom(given: unknown, side: Side): VersionInfo {
  const { version, modifiedAt, stages, author, reason } = (given ?? {}) as Partial<VersionInfo>;
  if (!isText(version))
    throw faulty(
      side,
      undefined,
      'versions returned a version without a name',
      "Name each version with a string: { version: '3' }",
    );
  const writtenAt = time(modifiedAt);
  const own = Array.isArray(stages) ? stages.filter(isText) : [];
  return Object.freeze({
    version,
    ...(writtenAt !== undefined && { modifiedAt: writtenAt }),
    ...(own.length > 0 && { stages: Object.freeze(own) }),
    ...(isText(author) && { author }),
    ...(isText(reason) && { reason }),
  });
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** A section in place of that of a chain. Nothing is known about its secrets, so it prints masked as a whole.
 *  @throws ConfigError `io` for anything but a section. */
export function adoptTree(answer: unknown, side: Side): ConfigTree | undefined {
  if (answer === undefined) return undefined;
  const { value } = readSafely(side, '', () => plainValue(inClear(answer)));
  if (isTree(value)) return maskedCopy(value, () => undefined);
  throw faulty(side, undefined, `tree returned ${kindOf(answer)}`, 'Return a section');
}

/** A copy without masked parts. */
const inClear = (value: unknown): unknown => {
  const clear = reveal(value);
  if (Array.isArray(clear)) return clear.map(inClear);
  if (!isPlain(clear)) return clear;
  return Object.fromEntries(Object.entries(clear).map(([name, inner]) => [name, inClear(inner)]));
};

/** The members of a list, those of a sparse one too. */
const membersOf = (answer: unknown, side: Side, method: string, hint: string): readonly unknown[] =>
  answered(side, method, () => {
    if (!Array.isArray(answer)) throw faulty(side, undefined, `${method} returned ${kindOf(answer)}`, hint);
    return Array.from(answer as readonly unknown[]);
  });

/** Runs code that reads an answer, whose traps may throw. */
function answered<T>(side: Side, method: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ConfigError
      ? error
      : faulty(side, undefined, `the answer of ${method} cannot be read`);
  }
}

/** Whether an item is ours, with a valid key. */
function passes(item: object): item is Item {
  try {
    return isSound(item) || (isOurs(item) && isCanonical(item.key));
  } catch {
    return false; // an accessor that throws
  }
}

function isCanonical(key: unknown): key is Key {
  try {
    return typeof key === 'string' && keyFrom(segments(key)) === key;
  } catch {
    return false;
  }
}

function itemFrom(item: unknown, side: Side): Item[] {
  const leftOut = (what: string): Item[] => {
    side.notice?.(`${side.name}: ${what} is left out of the list`);
    return [];
  };
  if (typeof item !== 'object' || item === null) return leftOut(`${kindOf(item)} in place of an entry`);
  let key: Key | undefined;
  try {
    if (passes(item)) return [item];
    key = validKey(item);
    if (key === undefined) {
      const nearest = nearestKey((item as { readonly key?: unknown }).key);
      if (nearest === undefined) return leftOut('an entry without a valid key');
      const what = `an entry below "${nearest}" has no valid key`;
      return [holeAt(nearest, item, faulty(side, nearest, what, undefined, 'invalid_key'), side)];
    }
    const { error } = item as Partial<Unreadable>;
    return [
      error === undefined ? entryFrom(item, key, side) : holeAt(key, item, holeError(error, side, key), side),
    ];
  } catch (error) {
    if (key === undefined) return leftOut('an entry that cannot be read');
    return [holeAt(key, item, unsupported(error, side, key), side)];
  }
}

/** The key of an item, if it is valid. A canonical key may have an empty segment, which a person cannot
 *  write. */
function validKey(item: { readonly key?: unknown }): Key | undefined {
  let key: unknown;
  try {
    key = item.key;
    return keyOf(key as Key);
  } catch {
    return isCanonical(key) ? key : undefined;
  }
}

/** The nearest valid key above an invalid one, without the root. */
function nearestKey(key: unknown): Key | undefined {
  if (typeof key !== 'string') return undefined;
  const parts = key.slice(0, 1_000).split(/[./]/);
  while (parts.length > 1) {
    parts.pop();
    const above = validKey({ key: parts.join('.') });
    if (above) return above;
  }
  return undefined;
}
