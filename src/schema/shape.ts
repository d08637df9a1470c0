// The shape of a schema: the tree of names that it reads, with what it expects at each. Made from JSON
// Schema, from valibot's data or from recorded reads. Everything else (wanted keys, readings of strings,
// reports, masking) asks the shape, never the library.

/** A kind of value that a schema accepts. */
export type Kind =
  | 'string'
  | 'number'
  | 'integer'
  | 'boolean'
  | 'null'
  | 'bigint'
  | 'date'
  | 'list'
  | 'section';

/** What a schema expects at one path of its input, as far as its library reveals it. */
export interface Shape {
  /** Undefined if anything may be accepted. */
  readonly kinds?: ReadonlySet<Kind>;
  /** In words: `a whole number from 1 to 65535`. */
  readonly expects?: string;
  /** The names that a section lists, with their shapes. */
  readonly names: ReadonlyMap<string, Shape>;
  readonly required: ReadonlySet<string>;
  /** The shape of all names that are not listed, if the schema reads them. */
  readonly rest?: Shape;
  /** True if the schema refuses names that are not listed. */
  readonly closed?: boolean;
  readonly items?: Shape;
  /** A tuple's items, in order. */
  readonly tuple?: readonly Shape[];
  /** True if the schema may read something here or below that is not known. */
  readonly open: boolean;
  /** True if the schema turns any string into what it wants (`z.coerce`). Other strings must be refused
   *  before it sees them. */
  readonly coerces?: boolean;
  /** Whether a value is what `expects` says. */
  readonly check?: (value: unknown) => boolean;
  /** The value if nothing is set. */
  readonly default?: { readonly value: unknown };
  readonly description?: string;
  readonly secret: boolean;
  /** True if the schema's author marked the value as public. */
  readonly public?: boolean;
}

const noShapes: ReadonlyMap<string, Shape> = new Map();
const noNames: ReadonlySet<string> = new Set();

export const leaf = (kind: Kind, expects: string): Shape => ({
  kinds: new Set([kind]),
  expects,
  names: noShapes,
  required: noNames,
  open: false,
  secret: false,
});

/** The schema may read anything here and below. */
export const unknown: Shape = { names: noShapes, required: noNames, open: true, secret: false };

/** How many references inside a schema are followed; what is behind further ones is unknown. Of eight types
 *  that all refer to one another, a shape would have 767,208 keys. */
export const maxReferences = 1_000;

/** The shape of a union. A name that only some alternatives require is not required. */
export function either(shapes: readonly Shape[]): Shape {
  const [first, ...others] = shapes;
  if (!first) return unknown;
  return others.reduce(union, first);
}

function union(a: Shape, b: Shape): Shape {
  const kinds = a.kinds && b.kinds && new Set([...a.kinds, ...b.kinds]);
  const expects =
    a.expects && b.expects && (a.expects === b.expects ? a.expects : `${a.expects} or ${b.expects}`);
  const rest = a.rest && b.rest ? union(a.rest, b.rest) : (a.rest ?? b.rest);
  const items = a.items && b.items ? union(a.items, b.items) : (a.items ?? b.items);
  const tuple = a.tuple ?? b.tuple;
  const { check: one } = a;
  const { check: other } = b;
  const description = a.description ?? b.description;
  return {
    ...(kinds && { kinds }),
    ...(expects && { expects }),
    ...(rest && { rest }),
    ...(items && { items }),
    ...(tuple && { tuple }),
    ...(one && other && { check: (value: unknown) => one(value) || other(value) }),
    ...(description && { description }),
    names: mergeNames(a, b, union),
    required: new Set([...a.required].filter((name) => b.required.has(name))),
    closed: a.closed === true && b.closed === true,
    open: a.open || b.open,
    coerces: a.coerces === true && b.coerces === true,
    secret: a.secret || b.secret,
    public: a.public === true && b.public === true,
  };
}

/** The shape of an intersection. */
export function both(a: Shape, b: Shape): Shape {
  const { check: one } = a;
  const { check: other } = b;
  return {
    ...b,
    ...a,
    ...(one && other && { check: (value: unknown) => one(value) && other(value) }),
    names: mergeNames(a, b, both),
    required: new Set([...a.required, ...b.required]),
    closed: a.closed === true && b.closed === true,
    open: a.open || b.open,
    coerces: a.coerces === true || b.coerces === true,
    secret: a.secret || b.secret,
    public: a.public === true || b.public === true,
  };
}

function mergeNames(a: Shape, b: Shape, merge: (a: Shape, b: Shape) => Shape): ReadonlyMap<string, Shape> {
  const names = new Map(a.names);
  for (const [name, shape] of b.names) {
    const known = names.get(name);
    names.set(name, known ? merge(known, shape) : shape);
  }
  return names;
}

/** Whether the schema marks this or anything below it as secret. */
export function holdsMark(shape: Shape | undefined): boolean {
  if (!shape || shape.secret) return shape !== undefined;
  const { names, rest, items, tuple = [] } = shape;
  return [...names.values(), ...tuple, rest, items].some(holdsMark);
}

/** The shape at `path` below `shape`; undefined if the schema does not mention it. */
export function shapeAt(shape: Shape | undefined, path: readonly PropertyKey[]): Shape | undefined {
  let at = shape;
  for (const step of path) {
    if (!at) return undefined;
    const index = Number(step);
    at =
      at.names.get(String(step)) ??
      (Number.isInteger(index) ? (at.tuple?.[index] ?? at.items) : undefined) ??
      at.rest;
  }
  return at;
}
