/** What JSON-like values a schema takes at one place. */
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

/** What a schema wants at one place of its input, as far as it tells. */
export interface Shape {
  /** Undefined: unknown. */
  readonly kinds?: ReadonlySet<Kind>;
  /** In words for a person: `a whole number from 1 to 65535`. */
  readonly expects?: string;
  /** The names that a section has, each with its own shape. */
  readonly names: ReadonlyMap<string, Shape>;
  readonly required: ReadonlySet<string>;
  /** Names beyond those listed: their shape where they may be read, `closed` where they are refused. */
  readonly rest?: Shape;
  readonly closed?: boolean;
  readonly items?: Shape;
  /** A tuple's items, in order. */
  readonly tuple?: readonly Shape[];
  /** Something is read here or below that the schema does not tell. */
  readonly open: boolean;
  /** The schema would turn any string into what it wants (`z.coerce`), so strings that are not that must be refused before. */
  readonly coerces?: boolean;
  readonly check?: (value: unknown) => boolean;
  /** What it becomes when nothing is set. */
  readonly default?: { readonly value: unknown };
  readonly description?: string;
  readonly secret: boolean;
}

const none: ReadonlyMap<string, Shape> = new Map();
const nobody: ReadonlySet<string> = new Set();

export const leaf = (kind: Kind, expects: string): Shape => ({
  kinds: new Set([kind]),
  expects,
  names: none,
  required: nobody,
  open: false,
  secret: false,
});

/** Anything may be read here and below. */
export const unknown: Shape = { names: none, required: nobody, open: true, secret: false };

/** One of several alternatives. What only some of them require is not required. */
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
    names: together(a, b, union),
    required: new Set([...a.required].filter((name) => b.required.has(name))),
    closed: a.closed === true && b.closed === true,
    open: a.open || b.open,
    coerces: a.coerces === true && b.coerces === true,
    secret: a.secret || b.secret,
  };
}

/** All of several at once: an intersection. */
export function both(a: Shape, b: Shape): Shape {
  const { check: one } = a;
  const { check: other } = b;
  return {
    ...b,
    ...a,
    ...(one && other && { check: (value: unknown) => one(value) && other(value) }),
    names: together(a, b, both),
    required: new Set([...a.required, ...b.required]),
    closed: a.closed === true && b.closed === true,
    open: a.open || b.open,
    coerces: a.coerces === true || b.coerces === true,
    secret: a.secret || b.secret,
  };
}

function together(a: Shape, b: Shape, how: (a: Shape, b: Shape) => Shape): ReadonlyMap<string, Shape> {
  const names = new Map(a.names);
  for (const [name, shape] of b.names) {
    const known = names.get(name);
    names.set(name, known ? how(known, shape) : shape);
  }
  return names;
}

/** Whether a schema marks something here or below as secret. */
export function holdsMark(shape: Shape | undefined): boolean {
  if (!shape || shape.secret) return shape !== undefined;
  const { names, rest, items, tuple = [] } = shape;
  return [...names.values(), ...tuple, rest, items].some(holdsMark);
}

/** The shape of what stands at `path` below `shape`; undefined where the schema says nothing about it. */
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
