import { keyFrom } from '../key.ts';
import type { Hole, Leaf } from '../merge/merged.ts';
import type { Placed, Placement } from '../merge/placement.ts';
import { type Shape, shapeAt } from '../schema/shape.ts';
import type { ConfigValue, Key } from '../value.ts';

/** What is given to a schema: the merged tree, in which every hole tells when it is read. */
export interface Input {
  readonly value: unknown;
  /** The holes that were read, and the keys by which; nothing is recorded any more once this was asked for. */
  read(): ReadonlyMap<Hole, Key>;
  /** Whether a schema has handed on what stands in place of a hole, unread, as one of anything does. */
  isLeft(output: unknown, path: readonly string[]): boolean;
  /** Whether a getter is one of a hole's. */
  isHole(getter: unknown): boolean;
}

type Section = Record<string, unknown>;

/** Builds a schema's input. Sections that the schema requires stand there even if nobody has anything in them: then what is missing
 *  is told key by key. */
export function buildInput(
  placement: Placement,
  shape: Shape | undefined,
  give: (leaf: Placed<Leaf>) => ConfigValue,
): Input {
  const root: Section = {};
  let only: { readonly value: unknown } | undefined;
  const found = new Map<Hole, Key>();
  const getters = new Set<unknown>();
  const wrappers = new Set<unknown>();
  let recording = true;
  const record = (hole: Hole, path: readonly string[]): void => {
    if (recording && !found.has(hole)) found.set(hole, keyFrom(path));
  };

  for (const path of placement.sections) sectionAt(root, path);
  for (const leaf of placement.leaves) {
    const name = leaf.path.at(-1);
    if (name === undefined) only = { value: give(leaf) };
    else sectionAt(root, leaf.path.slice(0, -1))[name] = give(leaf);
  }
  if (shape) addRequired(root, shape);

  let value: unknown = only ? only.value : root;
  // the deepest first: a section must be complete before it is wrapped
  for (const { path, item: hole } of [...placement.holes].sort((a, b) => b.path.length - a.path.length)) {
    const name = path.at(-1);
    const parent = name === undefined ? undefined : sectionAt(root, path.slice(0, -1));
    const here = name === undefined ? root : parent?.[name];
    const whole = shapeAt(shape, path);
    if (typeof here === 'object' && here !== null && (name === undefined || isUnder(placement, path))) {
      const wrapped = recorder(
        here as Section,
        (inside) => record(hole, inside === undefined ? path : [...path, inside]),
        isWalked(whole),
      );
      wrappers.add(wrapped);
      if (parent && name !== undefined) parent[name] = wrapped;
      else value = wrapped;
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
      return found;
    },
    isLeft: (output, path) => {
      const name = path.at(-1);
      if (name === undefined) return wrappers.has(output);
      const here = path.slice(0, -1).reduce<unknown>((at, step) => propertyOf(at, step)?.value, output);
      const property = propertyOf(here, name);
      return getters.has(property?.get) || wrappers.has(property?.value);
    },
    isHole: (getter) => getters.has(getter),
  };
}

const propertyOf = (at: unknown, name: string): PropertyDescriptor | undefined =>
  typeof at === 'object' && at !== null ? Object.getOwnPropertyDescriptor(at, name) : undefined;

const isUnder = ({ leaves }: Placement, path: readonly string[]): boolean =>
  leaves.some((leaf) => leaf.path.length > path.length && path.every((step, at) => leaf.path[at] === step));

/** Whether a schema may read names of a section that it does not list. */
const isWalked = (shape: Shape | undefined): boolean =>
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
    const here = section[name];
    if (typeof here === 'object' && here !== null && !Array.isArray(here))
      addRequired(here as Section, inner);
  }
}

/** A section of which a part cannot be read: it tells whenever something is asked for that is not in it. */
function recorder(section: Section, record: (name?: string) => void, walked: boolean): Section {
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
      if (walked) record();
      return Reflect.ownKeys(target);
    },
  });
}
