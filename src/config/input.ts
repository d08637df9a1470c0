// The input of a schema: the merged tree, in which a hole notices that it is read. Only a hole that is read
// is a problem: a disabled secret that the schema does not know must not stop the application. A hole in
// place of a value (`db.password`) is a getter. A hole in place of a section (`db`, denied) in which other
// sources have values is a proxy: libraries look for names by reading, by `in`, by descriptors or by listing.

import { keyFrom } from '../key.ts';
import type { Hole } from '../merge/hole.ts';
import type { Leaf } from '../merge/leaf.ts';
import type { Placed, Placement } from '../merge/placement.ts';
import { type Shape, shapeAt } from '../schema/shape.ts';
import type { ConfigValue, Key } from '../value.ts';

export interface Input {
  readonly value: unknown;
  /** The holes that were read, and the keys by which. Ends the recording. */
  read(): ReadonlyMap<Hole, Key>;
  /** Whether the output has an unread hole at `path`: a schema such as `z.any()` passes it on. */
  isUnreadHole(output: unknown, path: readonly string[]): boolean;
  /** Whether a getter belongs to a hole. */
  isHole(getter: unknown): boolean;
}

type Section = Record<string, unknown>;

/** Builds the input. Adds sections that the schema requires and no source has, so that the issues name the
 *  missing keys in them. */
export function buildInput(
  placement: Placement,
  shape: Shape | undefined,
  toValue: (leaf: Placed<Leaf>) => ConfigValue,
): Input {
  const { root, value: plain } = plainTree(placement, toValue);
  if (shape) addRequired(root, shape);

  const readHoles = new Map<Hole, Key>();
  const getters = new Set<unknown>();
  const proxies = new Set<unknown>();
  let recording = true;
  const record = (hole: Hole, path: readonly string[]): void => {
    if (recording && !readHoles.has(hole)) readHoles.set(hole, keyFrom(path));
  };

  let value = plain;
  // the deepest first: a section must be complete before it is wrapped
  for (const { path, item: hole } of [...placement.holes].sort((a, b) => b.path.length - a.path.length)) {
    const name = path.at(-1);
    const parent = name === undefined ? undefined : sectionAt(root, path.slice(0, -1));
    const present = name === undefined ? root : parent?.[name];
    if (
      typeof present === 'object' &&
      present !== null &&
      (name === undefined || hasLeafBelow(placement, path))
    ) {
      const proxy = recorder(
        present as Section,
        (inner) => record(hole, inner === undefined ? path : [...path, inner]),
        mayListNames(shapeAt(shape, path)),
      );
      proxies.add(proxy);
      if (parent && name !== undefined) parent[name] = proxy;
      else value = proxy;
    } else if (parent && name !== undefined) {
      const get = (): undefined => record(hole, path) as undefined;
      getters.add(get);
      Object.defineProperty(parent, name, { get, enumerable: true, configurable: true });
    }
  }
  return {
    value,
    read: () => {
      recording = false;
      return readHoles;
    },
    isUnreadHole: (output, path) => {
      const name = path.at(-1);
      if (name === undefined) return proxies.has(output);
      const parent = path.slice(0, -1).reduce<unknown>((at, step) => propertyOf(at, step)?.value, output);
      const property = propertyOf(parent, name);
      return getters.has(property?.get) || proxies.has(property?.value);
    },
    isHole: (getter) => getters.has(getter),
  };
}

/** The tree without its holes. `value` differs from `root` if the configuration is a single value. */
function plainTree(
  { sections, leaves }: Placement,
  toValue: (leaf: Placed<Leaf>) => ConfigValue,
): { readonly root: Section; readonly value: unknown } {
  const root: Section = {};
  let value: unknown = root;
  for (const path of sections) sectionAt(root, path);
  for (const leaf of leaves) {
    const name = leaf.path.at(-1);
    if (name === undefined) value = toValue(leaf);
    else sectionAt(root, leaf.path.slice(0, -1))[name] = toValue(leaf);
  }
  return { root, value };
}

/** Looks at a property without reading it, which a hole would record. */
const propertyOf = (at: unknown, name: string): PropertyDescriptor | undefined =>
  typeof at === 'object' && at !== null ? Object.getOwnPropertyDescriptor(at, name) : undefined;

const hasLeafBelow = ({ leaves }: Placement, path: readonly string[]): boolean =>
  leaves.some((leaf) => leaf.path.length > path.length && path.every((step, at) => leaf.path[at] === step));

/** Whether a schema may read names of a section that it does not know in advance. */
const mayListNames = (shape: Shape | undefined): boolean =>
  !shape?.kinds || shape.open || shape.rest !== undefined;

function sectionAt(root: Section, path: readonly string[]): Section {
  let at = root;
  for (const step of path) {
    const inner = at[step];
    at = (typeof inner === 'object' && inner !== null ? inner : (at[step] = {})) as Section;
  }
  return at;
}

function addRequired(section: Section, shape: Shape): void {
  for (const name of shape.required) {
    const inner = shape.names.get(name);
    const isSection = inner?.kinds?.size === 1 && inner.kinds.has('section');
    if (!inner || !isSection) continue;
    if (!Object.hasOwn(section, name)) section[name] = {};
    const present = section[name];
    if (typeof present === 'object' && present !== null && !Array.isArray(present))
      addRequired(present as Section, inner);
  }
}

/** A section with a hole: calls `record` for each name that is looked for and absent, and, if `listing`, when
 *  names are listed. */
function recorder(section: Section, record: (name?: string) => void, listing: boolean): Section {
  const isMissing = (name: string | symbol): name is string =>
    typeof name === 'string' && name !== 'then' && name !== 'toJSON' && !(name in section);
  return new Proxy(section, {
    get: (target, name) => (isMissing(name) ? record(name) : Reflect.get(target, name)),
    has: (target, name) => {
      if (isMissing(name)) record(name);
      return Reflect.has(target, name);
    },
    getOwnPropertyDescriptor: (target, name) => {
      if (isMissing(name)) record(name);
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
    ownKeys: (target) => {
      if (listing) record();
      return Reflect.ownKeys(target);
    },
  });
}
