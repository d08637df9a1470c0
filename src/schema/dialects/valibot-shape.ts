// The shape of a valibot schema. Valibot has no JSON Schema output in its core, but its schemas are plain
// data: no code of a schema runs here, except the getters of `lazy`.

import { isMarkedPublic, isMarkedSecret } from '../json-schema.ts';
import { expected, fits, type Limits } from '../limits.ts';
import { both, either, type Kind, leaf, maxReferences, type Shape, unknown } from '../shape.ts';

/** A schema, or a step of a pipe. */
interface Node {
  readonly kind?: string;
  readonly type?: string;
  readonly [name: string]: unknown;
}

const kinds: Readonly<Record<string, Kind>> = {
  string: 'string',
  number: 'number',
  boolean: 'boolean',
  bigint: 'bigint',
  date: 'date',
  null: 'null',
};
const wrappers = new Set([
  'optional',
  'exact_optional',
  'undefinedable',
  'nullish',
  'nullable',
  'non_optional',
  'non_nullish',
  'non_nullable',
]);
const sections = new Set(['object', 'loose_object', 'strict_object', 'object_with_rest']);
const limitNames: Readonly<Record<string, readonly (keyof Limits)[]>> = {
  min_value: ['minimum'],
  max_value: ['maximum'],
  gt_value: ['exclusiveMinimum'],
  lt_value: ['exclusiveMaximum'],
  min_length: ['minLength', 'minItems'],
  max_length: ['maxLength', 'maxItems'],
};
const formatNames: Readonly<Record<string, string>> = {
  url: 'uri',
  email: 'email',
  uuid: 'uuid',
  ipv4: 'ipv4',
  ipv6: 'ipv6',
  iso_date: 'date',
  iso_timestamp: 'date-time',
};

/** The getters of `lazy` around a part of a schema, and how many have been followed in all of it. */
interface Lazies {
  readonly around: readonly unknown[];
  readonly all: { followed: number };
}

/** The shape that a valibot schema describes. */
export function fromValibot(schema: unknown): Shape {
  return walk(schema as Node, { around: [], all: { followed: 0 } });
}

function walk(node: Node, lazies: Lazies): Shape {
  const pipe = stepsOf(node);
  // steps after a transformation describe its output, not the input
  const until = pipe.findIndex(({ kind }) => kind === 'transformation');
  const checks = until < 0 ? pipe : pipe.slice(0, until);
  const first = base(node, limitsOf(checks), lazies);
  const shape = checks
    .filter(({ kind }) => kind === 'schema')
    .map((one) => walk(one, lazies))
    .reduce(both, first);
  const metadata = Object.assign(
    {},
    ...pipe.filter(({ type }) => type === 'metadata').map((one) => one.metadata as object),
  ) as Node;
  const described = pipe.findLast(({ type }) => type === 'description')?.description ?? metadata.description;
  const words = metadata['x-expects'];
  return {
    ...shape,
    ...(typeof words === 'string' && { expects: words, check: () => false }),
    ...(typeof described === 'string' && { description: described }),
    secret: shape.secret || isMarkedSecret(metadata),
    ...(isMarkedPublic(metadata) && { public: true }),
  };
}

/** The steps of a pipe; those of a pipe at its beginning first. */
function stepsOf({ pipe }: Node): readonly Node[] {
  if (!Array.isArray(pipe)) return [];
  const [first, ...steps] = pipe as [Node, ...Node[]];
  return [...stepsOf(first), ...steps];
}

function base(node: Node, limits: Limits, lazies: Lazies): Shape {
  const type = node.type ?? '';
  const sub = (one: unknown): Shape => walk(one as Node, lazies);
  const kind = kinds[type];
  if (kind) {
    const own = new Set([isWhole(node) && kind === 'number' ? ('integer' as const) : kind]);
    return { ...leaf(kind, expected(own, limits)), kinds: own, check: (value) => fits(value, own, limits) };
  }
  if (wrappers.has(type)) return wrapped(node, sub);
  if (sections.has(type)) return section(node, sub);
  switch (type) {
    case 'literal':
      return choice([node.literal]);
    case 'picklist':
    case 'enum':
      return choice(node.options as unknown[]);
    case 'union':
    case 'variant':
      return either((node.options as unknown[]).map(sub));
    case 'intersect':
      return (node.options as unknown[]).map(sub).reduce(both);
    case 'array':
      return list(limits, sub(node.item));
    case 'tuple':
    case 'strict_tuple':
    case 'loose_tuple':
    case 'tuple_with_rest':
      return {
        ...list(limits),
        tuple: (node.items as unknown[]).map(sub),
        ...(node.rest !== undefined && { items: sub(node.rest) }),
      };
    case 'record':
      return record(node, sub);
    case 'lazy':
      return lazily(node.getter as () => Node, lazies);
    default:
      return unknown;
  }
}

function lazily(getter: () => Node, { around, all }: Lazies): Shape {
  if (around.includes(getter) || ++all.followed > maxReferences) return unknown;
  return walk(getter(), { around: [...around, getter], all });
}

const isWhole = (node: Node): boolean =>
  stepsOf(node).some(({ type }) => type === 'integer' || type === 'safe_integer');

function limitsOf(checks: readonly Node[]): Limits {
  const limits: Record<string, unknown> = {};
  for (const { type = '', requirement } of checks) {
    for (const name of limitNames[type] ?? []) limits[name] = requirement;
    if (type === 'non_empty') limits.minLength = limits.minItems = 1;
    if (type === 'regex' && requirement instanceof RegExp) limits.pattern = requirement.source;
    if (formatNames[type]) limits.format = formatNames[type];
  }
  return limits;
}

function wrapped(node: Node, sub: (one: unknown) => Shape): Shape {
  const inner = sub(node.wrapped);
  const nullable = node.type === 'nullish' || node.type === 'nullable';
  const shape = nullable ? orNull(inner) : inner;
  const known = node.default !== undefined && typeof node.default !== 'function';
  return known ? { ...shape, default: { value: node.default } } : shape;
}

const orNull = (shape: Shape): Shape =>
  shape.kinds
    ? { ...shape, kinds: new Set([...shape.kinds, 'null']), expects: `${shape.expects} or null` }
    : shape;

const optional = (node: Node): boolean =>
  ['optional', 'exact_optional', 'undefinedable', 'nullish'].includes(node.type ?? '');

function section(node: Node, sub: (one: unknown) => Shape): Shape {
  const entries = Object.entries(node.entries as Record<string, Node>);
  const rest =
    node.type === 'loose_object' ? unknown : node.type === 'object_with_rest' ? sub(node.rest) : undefined;
  return {
    ...leaf('section', 'a section'),
    names: new Map(entries.map(([name, one]) => [name, sub(one)])),
    required: new Set(entries.filter(([, one]) => !optional(one)).map(([name]) => name)),
    ...(rest && { rest }),
    closed: node.type === 'strict_object',
    check: (value) => fits(value, new Set(['section']), {}),
  };
}

function record(node: Node, sub: (one: unknown) => Shape): Shape {
  const choices = (node.key as Node).options;
  const value = sub(node.value);
  const shape = {
    ...leaf('section', 'a section'),
    check: (one: unknown) => fits(one, new Set<Kind>(['section']), {}),
  };
  return Array.isArray(choices)
    ? { ...shape, names: new Map(choices.map((name) => [String(name), value])) }
    : { ...shape, rest: value };
}

function list(limits: Limits, items?: Shape): Shape {
  const own = new Set(['list'] as const);
  return {
    ...leaf('list', expected(own, limits, items)),
    ...(items && { items }),
    check: (value) => fits(value, own, limits),
  };
}

function choice(options: readonly unknown[]): Shape {
  const own = new Set(options.map((one) => kinds[typeof one] ?? (one === null ? 'null' : 'string')));
  const limits = options.length === 1 ? { const: options[0] } : { enum: options };
  return { ...leaf('string', expected(own, limits)), kinds: own, check: (value) => fits(value, own, limits) };
}
