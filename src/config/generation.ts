// A generation: one validated load, frozen, with its number and the origins of its values. `Config` replaces
// one with the next. Also compares two generations.

import { isDeepStrictEqual } from 'node:util';
import { valueAt } from '../internal/dig.ts';
import type { Quotes } from '../internal/thrown.ts';
import { keyFrom, keyOf, segments } from '../key.ts';
import { masked, maskedCopySteps } from '../masking.ts';
import type { Leaf } from '../merge/leaf.ts';
import type { Layer } from '../provider.ts';
import { quotesOf } from '../report/safe-message.ts';
import { isHidden } from '../report/secrecy.ts';
import { type Steps, stepLength } from '../turns.ts';
import { isPlain, type Key } from '../value.ts';
import type { Carried } from './carry-forward.ts';
import { type Found, KeptLoad } from './found.ts';
import type { Load, Unchanged } from './load.ts';
import { maskedInput } from './printed-input.ts';
import { PrintedOutput } from './printed-output.ts';

/** A generation of a configuration: its number, its age and its sources. */
export interface GenerationInfo {
  /** Counts from 1. A reload without changes keeps the number. */
  readonly number: number;
  /** When the values were loaded, in milliseconds since 1970. */
  readonly loadedAt: number;
  /** What each provider contributed, the highest priority first. */
  readonly sources: readonly SourceInfo[];
}

/** What one provider contributed to a generation. */
export interface SourceInfo {
  readonly name: string;
  /** The number of entries. */
  readonly entries: number;
  /** The version of the entries, if all have the same. */
  readonly version?: string;
  /** The provider was unreachable: its entries are those of an earlier generation. */
  readonly stale?: true;
}

/** A generation, and the keys that have changed since the one before, if something asks for them. */
export interface Made<T> {
  readonly next: Generation<T>;
  readonly changed: readonly Key[] | undefined;
}

/** A validated load and its frozen value. If the load changes nothing, it takes over the number, the age and
 *  the value of `before`. */
export class Generation<T> {
  readonly info: GenerationInfo;
  readonly value: T;
  #load: KeptLoad;
  #visibleTree: { readonly tree: unknown } | undefined;
  #printed: PrintedOutput | undefined;

  /** The generation of a load, with the keys that have changed if it `compares` them. It is `before` itself
   *  if nothing has changed. */
  static *next<T>(
    number: number,
    load: Load | Unchanged,
    before: Generation<T> | undefined,
    compares: boolean,
  ): Steps<Made<T>> {
    if ('isUnchanged' in load)
      return { next: (before as Generation<T>).#readAgain(load.carried), changed: undefined };
    const old = before && (yield* before.#load.again());
    if (old && (yield* isSame({ ...old, plan: load.plan }, load)))
      return { next: new Generation<T>(number, load, before.value, before.info), changed: undefined };
    // printing asks for what may be shown, long after the generation is made
    const made = (): Generation<T> => next as Generation<T>;
    let next: Generation<T> | undefined;
    const value = yield* maskedCopySteps(
      load.output as T,
      () => made().#visible(),
      load.input.isHole,
      (name) => made().#hidesName(name),
    );
    next = new Generation<T>(number, load, value);
    return { next, changed: compares && old ? yield* changedSteps(old, load) : undefined };
  }

  /** The generation of a load that returns to an earlier one: the first of `known` with the same values, or a
   *  new one. */
  static *restored<T>(
    number: number,
    load: Load,
    [first, ...others]: readonly Generation<T>[],
  ): Steps<Generation<T>> {
    const { next } = yield* Generation.next(number, load, first, false);
    const isFound = next.info.number === first?.info.number || others.length === 0;
    return isFound ? next : yield* Generation.restored(number, load, others);
  }

  /** `same`: about the generation whose value this is, too. */
  private constructor(number: number, load: Load, value: T, same?: GenerationInfo) {
    this.#load = new KeptLoad(load, load.texts.settled());
    const { stale } = load.carried;
    this.value = value;
    this.info = Object.freeze({
      number: same?.number ?? number,
      loadedAt: same?.loadedAt ?? Date.now(),
      sources: Object.freeze(load.layers.map((layer) => sourceOf(layer, stale.has(layer)))),
    });
  }

  get load(): Found {
    return this.#load;
  }

  /** This generation after its sources were read again and had the same. */
  #readAgain(carried: Carried): this {
    const { plan, texts } = this.#load;
    this.#load = new KeptLoad({ plan, carried }, texts);
    return this;
  }

  #visible(): unknown {
    this.#visibleTree ??= { tree: this.#printing().visible(this.value) };
    return this.#visibleTree.tree;
  }

  readonly #hidesName = (name: string): boolean => this.#printing().hidesName(name);

  #printing(): PrintedOutput {
    this.#printed ??= new PrintedOutput(() => this.load);
    return this.#printed;
  }

  /** Finds texts that quote a secret at a path, or four letters of one. Keeps only the secrets. */
  quotes(path: readonly string[] = []): Quotes {
    const { placement, plan } = this.load;
    const isAt = (own: readonly string[]): boolean =>
      own.every((name, depth) => depth >= path.length || name === path[depth]);
    const secrets = placement.leaves.flatMap((leaf) =>
      isAt(leaf.path) && isHidden(leaf, plan.shape) ? [leaf.item.value] : [],
    );
    return (text) => secrets.some((secret) => quotesOf(secret)(text));
  }

  /** The value at a path, or undefined. */
  at(path: readonly string[]): unknown {
    return path.reduce(step, this.value);
  }

  /** Whether the value at a path cannot change: no instance is above it. */
  isFixed(path: readonly string[]): boolean {
    let at: unknown = this.value;
    for (const name of path) {
      if (!isPlain(at)) return false;
      at = at[name];
    }
    return true;
  }

  /** The value at a path, masked where it is secret. */
  shown(path: readonly string[]): unknown {
    return masked(this.at(path), valueAt(this.#visible(), path), this.#hidesName);
  }

  /** The whole input, masked where it is secret. */
  print(): unknown {
    return maskedInput(this.load);
  }
}

/** One step into a value. Of an instance, properties of its class are found too, except those of every
 *  object. */
function step(at: unknown, name: string): unknown {
  if (typeof at !== 'object' || at === null) return undefined;
  const isFound =
    Array.isArray(at) || isPlain(at)
      ? Object.prototype.propertyIsEnumerable.call(at, name)
      : !(name in Object.prototype);
  return isFound ? (at as Record<string, unknown>)[name] : undefined;
}

type Compared = Pick<Found, 'placement' | 'input' | 'plan'>;

/** Whether two loads have the same values, and the same secrets. */
function* isSame(a: Compared, b: Compared): Steps<boolean> {
  if (!(yield* isEqual(a.input.value, b.input.value))) return false;
  return isDeepStrictEqual(yield* hiddenKeys(a), yield* hiddenKeys(b));
}

/** Whether two inputs are equal, section by section. */
function* isEqual(a: unknown, b: unknown): Steps<boolean> {
  if (!isPlain(a) || !isPlain(b)) return isDeepStrictEqual(a, b);
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  for (const name of names) {
    if (!Object.hasOwn(b, name) || !isDeepStrictEqual(a[name], b[name])) return false;
    yield;
  }
  return true;
}

function* hiddenKeys({ placement, plan }: Compared): Steps<readonly string[]> {
  const keys: string[] = [];
  for (const [n, leaf] of placement.leaves.entries()) {
    if (isHidden(leaf, plan.shape)) keys.push(keyFrom(leaf.path));
    if (n % stepLength === 0) yield;
  }
  return keys;
}

function sourceOf({ name, entries }: Layer, stale: boolean): SourceInfo {
  const versions = new Set(entries.map((entry) => entry.version));
  const [version] = versions;
  return Object.freeze({
    name,
    entries: entries.length,
    ...(versions.size === 1 && version !== undefined && { version }),
    ...(stale && { stale }),
  });
}

/** Whether the value at a path differs between two generations. Instances are compared by the input that they
 *  were made of: their own state may be private. */
export function hasChanged<T>(before: Generation<T>, after: Generation<T>, path: readonly string[]): boolean {
  const [old, now] = [before.at(path), after.at(path)];
  if (Object.is(old, now)) return false;
  if (!isDeepStrictEqual(old, now)) return true;
  return holdsInstance(now) && !isDeepStrictEqual(inputAt(before, path), inputAt(after, path));
}

const inputAt = <T>({ load }: Generation<T>, path: readonly string[]): unknown =>
  valueAt(load.input.value, path);

function holdsInstance(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'function';
  if (Array.isArray(value) || isPlain(value)) return Object.values(value).some(holdsInstance);
  return !(value instanceof Date);
}

/** The keys whose input differs between two loads. */
export function* changedSteps(
  before: Pick<Found, 'placement'>,
  after: Pick<Found, 'placement'>,
): Steps<readonly Key[]> {
  const old = yield* valuesOf(before);
  const now = yield* valuesOf(after);
  const changed: Key[] = [];
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    if (!isDeepStrictEqual(old.get(key), now.get(key))) changed.push(key);
    yield;
  }
  return changed;
}

function* valuesOf({ placement }: Pick<Found, 'placement'>): Steps<Map<Key, unknown>> {
  const values = new Map<Key, unknown>();
  for (const { path, item } of placement.leaves) {
    values.set(keyFrom(path), item.value);
    if (values.size % stepLength === 0) yield;
  }
  return values;
}

/** Whether a value is a credential that expires. */
export const isLease = ({ entry }: Leaf): boolean => entry.expiresAt !== undefined;

/** The segments of a path in any spelling. */
export const pathOf = (key: string): readonly string[] => segments(keyOf(key));
