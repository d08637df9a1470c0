import { isDeepStrictEqual } from 'node:util';
import { type Explanation, explain } from '../chain/explain.ts';
import { append, keyFrom, keyOf, segments, startsWith } from '../key.ts';
import { inside, masked, maskedCopy } from '../masking.ts';
import type { KeyStatus, Layer } from '../provider.ts';
import { show } from '../redact.ts';
import { shapeAt } from '../schema/shape.ts';
import { readAs } from '../schema/strings.ts';
import { isPlain, type Key, withoutBigints } from '../value.ts';
import { isHidden, type Load, maskedInput, publicPart } from './load.ts';

/** One state of a configuration, as a whole. */
export interface GenerationInfo {
  /** From 1. */
  readonly number: number;
  /** When its values were loaded, in milliseconds since 1970. */
  readonly loadedAt: number;
  /** What each provider gave, the strongest first. */
  readonly sources: readonly SourceInfo[];
}

/** What one provider gave to a generation. */
export interface SourceInfo {
  readonly name: string;
  /** How many. */
  readonly entries: number;
  /** The one version of all its entries, if they have one. */
  readonly version?: string;
  /** It was unreachable; its entries are those of an earlier generation. */
  readonly stale?: true;
}

/** A validated load: its frozen value, and where each part of it came from. */
export class Generation<T> {
  readonly info: GenerationInfo;
  readonly value: T;
  readonly load: Load;
  #public: { readonly tree: unknown } | undefined;

  constructor(number: number, load: Load, before?: Generation<T>) {
    this.load = load;
    const { stale } = load.carried;
    const same = before?.isSameAs(load) === true;
    this.value = same ? before.value : maskedCopy(load.output as T, () => this.#visible(), load.input.isHole);
    this.info = Object.freeze({
      number: same ? before.info.number : number,
      loadedAt: same ? before.info.loadedAt : Date.now(),
      sources: Object.freeze(load.layers.map((layer) => sourceOf(layer, stale.has(layer)))),
    });
  }

  #visible(): unknown {
    this.#public ??= { tree: publicPart(this.load) };
    return this.#public.tree;
  }

  /** Whether a load says the same as this one: the same values, the same of them secret. */
  isSameAs(load: Load): boolean {
    return (
      isDeepStrictEqual(this.load.input.value, load.input.value) &&
      isDeepStrictEqual(hidden(this.load), hidden(load))
    );
  }

  /** What stands at a path of the value; undefined where nothing does. */
  at(path: readonly string[]): unknown {
    return path.reduce(step, this.value);
  }

  /** Every path of the value, for look-ups by whole keys: an object without a prototype finds keys that stand in source code faster than
   *  a Map does. */
  flat(): Readonly<Record<string, unknown>> {
    const all: Record<string, unknown> = Object.create(null);
    const walk = (value: unknown, path: readonly string[]): void => {
      const key = pathKey(path);
      if (key) all[key] = value;
      if (isPlain(value) && path.length < 32)
        for (const name of Object.keys(value)) walk(value[name], [...path, name]);
    };
    walk(this.value, []);
    return all;
  }

  /** What stands at a path, as it may be printed. */
  shown(path: readonly string[]): unknown {
    return masked(this.at(path), path.reduce(inside, this.#visible()));
  }

  /** The whole input as it may be printed. */
  print(): unknown {
    return maskedInput(this.load);
  }

  explain(key: Key, statusOf: (provider: string, key: Key) => KeyStatus | undefined): Explanation {
    const { plan, layers, merged, placement, texts } = this.load;
    const path = segments(key);
    const full = append(plan.at, key);
    const status = (provider: string): KeyStatus | undefined => {
      const known = statusOf(provider, full);
      return [...this.load.carried.stale.keys()].some(({ name }) => name === provider)
        ? { ...known, stale: true }
        : known;
    };
    const leaf = placement.leaves.find((one) => isDeepStrictEqual(one.path, path));
    const notes: string[] = [];
    if (leaf) {
      const read = texts.read(path, leaf.item.value);
      const hide = isHidden(leaf, plan.shape);
      if (!Object.is(read, leaf.item.value) && !isDeepStrictEqual(read, leaf.item.value)) {
        notes.push(
          `the text ${show(leaf.item.value, hide)} was read as ${readAs(read)}${hide ? '' : `: ${show(read, false)}`}`,
        );
      }
      if (plan.schema && !isDeepStrictEqual(read, this.at(path)))
        notes.push('the schema made something else of it');
    } else if (
      plan.schema &&
      this.at(path) !== undefined &&
      !placement.leaves.some((one) => startsWith(keyFrom(one.path), key))
    ) {
      notes.push(`default of the schema: ${JSON.stringify(withoutBigints(this.shown(path)))}`);
    }
    const expected = shapeAt(plan.shape, path)?.expects;
    if (expected) notes.push(`the schema wants ${expected}`);
    for (const [{ name }, error] of this.load.carried.stale)
      notes.push(
        `${name} is unreachable, its values stand since ${new Date(this.info.loadedAt).toISOString()}: ${error.message}`,
      );
    // the schema's own mark makes a value secret that its sources do not know to be
    const secret = leaf !== undefined && isHidden(leaf, plan.shape);
    return explain(full, layers, merged, { status, ...(secret && { secret }) }).with(...notes);
  }
}

/** What a schema's transform makes may have names that cannot be keys. */
function pathKey(path: readonly string[]): Key | undefined {
  try {
    return keyFrom(path);
  } catch {
    return undefined;
  }
}

/** One step into a value: names of its own; of an instance, also what its class gives it. */
function step(at: unknown, name: string): unknown {
  if (typeof at !== 'object' || at === null) return undefined;
  const own =
    Array.isArray(at) || isPlain(at)
      ? Object.prototype.propertyIsEnumerable.call(at, name)
      : !(name in Object.prototype);
  return own ? (at as Record<string, unknown>)[name] : undefined;
}

const hidden = ({ placement, plan }: Load): string[] =>
  placement.leaves.filter((leaf) => isHidden(leaf, plan.shape)).map(({ path }) => keyFrom(path));

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

/** Whether something at a path really differs between two generations. An instance that cannot be looked into has changed if what it
 *  was made of has. */
export function hasChanged<T>(before: Generation<T>, after: Generation<T>, path: readonly string[]): boolean {
  const [old, now] = [before.at(path), after.at(path)];
  if (Object.is(old, now)) return false;
  if (!isDeepStrictEqual(old, now)) return true;
  return holdsInstance(now) && !isDeepStrictEqual(inputAt(before, path), inputAt(after, path));
}

const inputAt = <T>({ load }: Generation<T>, path: readonly string[]): unknown =>
  path.reduce(inside, load.input.value);

function holdsInstance(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'function';
  if (Array.isArray(value) || isPlain(value)) return Object.values(value).some(holdsInstance);
  return !(value instanceof Date);
}

/** The keys whose input differs between two generations. */
export function changedKeys<T>(before: Generation<T>, after: Generation<T>): Key[] {
  const [old, now] = [valuesOf(before), valuesOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])].filter(
    (key) => !isDeepStrictEqual(old.get(key), now.get(key)),
  );
}

const valuesOf = <T>({ load }: Generation<T>): Map<Key, unknown> =>
  new Map(load.placement.leaves.map(({ path, item }) => [keyFrom(path), item.value]));

export const pathOf = (key: string): readonly string[] => segments(keyOf(key));
