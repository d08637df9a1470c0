import type { Problem } from '../errors.ts';
import { nearest } from '../internal/nearest.ts';
import { append, keyFrom, rest, segments } from '../key.ts';
import type { Hole, Leaf } from '../merge/merged.ts';
import type { Placed, Placement } from '../merge/placement.ts';
import type { Origin } from '../origin.ts';
import { looksSecret } from '../redact.ts';
import { holdsMark, type Shape, shapeAt } from '../schema/shape.ts';
import type { Issue, Texts } from '../schema/texts.ts';
import { isKind } from '../schema/words.ts';
import type { ConfigValue, Key } from '../value.ts';
import { missing, unknownKey, wrong } from './problems.ts';

/** All that is known when a schema has refused a configuration. */
export interface Case {
  readonly placement: Placement;
  readonly input: unknown;
  readonly texts: Texts;
  readonly shape: Shape;
  /** Holes that were read, and by which key. */
  readonly holes: ReadonlyMap<Hole, Key>;
  /** Every place where a key would be looked for, in the sources' words. */
  readonly where: (key: Key) => readonly string[];
}

type Path = readonly PropertyKey[];

const isWithin = (path: Path, outer: Path): boolean =>
  outer.every((step, at) => String(step) === String(path[at]));

const dig = (tree: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (at, step) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, step)
        ? (at as Record<PropertyKey, unknown>)[step]
        : undefined,
    tree,
  );

/** What a schema library's issues mean to the person who set the values. */
export function diagnose(issues: readonly Issue[], one: Case): Problem[] {
  if (issues.length === 0) return []; // what is unread or secret need not be looked up, leaf by leaf
  const holes = [...one.holes.keys()];
  const places = one.placement.holes.filter(({ item }) => holes.includes(item)).map(({ path }) => path);
  const unread = unreadKeys(one.placement, one.shape);
  const secrets = one.placement.leaves
    .filter((leaf) => isSecret(leaf, one.shape))
    .map(({ item }) => item.value);
  const problems = issues
    .flatMap((issue) =>
      issue.threw ? [...plainIssues(one.shape, one.input, []), issue] : expand(issue, one.input),
    )
    // what a hole has taken away is told by the hole, and what is said of a section around it may come from that
    .filter(
      ({ path }) =>
        !places.some(
          (place) => isWithin(place, path) || (isWithin(path, place) && dig(one.input, path) === undefined),
        ),
    )
    .flatMap((issue) => problemsOf(ofWhole(issue, one), one, unread, secrets));
  const seen = new Set<string>();
  return problems.filter(({ kind, key, inside }) => {
    const id = `${kind} ${key} ${inside}`;
    return !seen.has(id) && seen.add(id);
  });
}

/** An issue with a union of sections is told by the alternative that came closest. */
function expand(issue: Issue, input: unknown): Issue[] {
  const raw = (issue.raw ?? {}) as {
    readonly code?: unknown;
    readonly type?: unknown;
    readonly errors?: unknown;
    readonly issues?: unknown;
  };
  const alternatives =
    raw.code === 'invalid_union' && Array.isArray(raw.errors)
      ? (raw.errors as Inner[][]).filter((one) => one.length > 0)
      : [];
  // valibot does not say which issue belongs to which alternative
  const flat =
    raw.type === 'union' && Array.isArray(raw.issues)
      ? (raw.issues as Inner[]).filter((one) => stepsOf(one).length > 0)
      : [];
  // a value that is there and wrong is closer than one that is missing
  const missing = (one: Inner): number =>
    dig(input, [...issue.path, ...stepsOf(one)]) === undefined ? 1 : 0;
  const far = (inner: readonly Inner[]): number => inner.reduce((sum, one) => sum + 2 + missing(one), 0);
  const closest =
    alternatives.sort((a, b) => far(a) - far(b))[0] ??
    (flat.some((one) => !missing(one)) ? flat.filter((one) => !missing(one)) : flat);
  const inner = closest
    .map((one) => ({ message: one.message, path: [...issue.path, ...stepsOf(one)], raw: one }))
    .filter(({ path }) => path.length > issue.path.length);
  return inner.length > 0 && inner.length === closest.length
    ? inner.flatMap((one) => expand(one, input))
    : [issue];
}

/** What a transform makes of a secret may have parts of it as names: what is said of them is said of the whole. */
function ofWhole(issue: Issue, { placement, input, shape }: Case): Issue {
  const leaf = leafAt(issue.path, placement);
  if (!leaf || typeof dig(input, leaf.path) === 'object' || !isSecret(leaf, shape)) return issue;
  const { keys } = (issue.raw ?? {}) as { readonly keys?: unknown };
  return issue.path.length > leaf.path.length || keys ? { path: leaf.path, message: issue.message } : issue;
}

/** What can be told without the schema, whose own code threw: what is missing, and what is of the wrong kind. */
function plainIssues({ kinds, names, required, rest, items }: Shape, value: unknown, path: Path): Issue[] {
  if (value === undefined) return [{ path, message: 'is missing' }];
  if (!kinds) return [];
  if (![...kinds].some((kind) => kind === 'date' || isKind(value, kind)))
    return [{ path, message: 'is of the wrong kind' }];
  if (typeof value !== 'object' || value === null) return [];
  const known = new Set([...required, ...Object.keys(value)]);
  return [...known].flatMap((name) => {
    const inner = Array.isArray(value) ? items : (names.get(name) ?? rest);
    return inner ? plainIssues(inner, (value as Record<string, unknown>)[name], [...path, name]) : [];
  });
}

interface Inner {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[];
}

const stepsOf = ({ path = [] }: Inner): Path =>
  Array.from(path, (step) => (typeof step === 'object' ? step.key : step));

function problemsOf(
  issue: Issue,
  one: Case,
  unread: readonly Placed<Leaf>[],
  secrets: readonly ConfigValue[],
): Problem[] {
  if (issue.threw)
    return [
      {
        kind: 'wrong',
        key: '',
        message: issue.message,
        schemaMessage: issue.message,
        hint: 'Have the schema check values before it transforms them',
      },
    ];
  const { keys } = (issue.raw ?? {}) as { readonly keys?: unknown };
  if (Array.isArray(keys)) return keys.flatMap((name) => unknownAt([...issue.path, String(name)], one));
  const parent = shapeAt(one.shape, issue.path.slice(0, -1));
  const name = String(issue.path.at(-1));
  if (issue.path.length > 0 && parent?.closed && !parent.names.has(name)) return unknownAt(issue.path, one);
  if (dig(one.input, issue.path) === undefined) return missingAt(issue.path, one, unread);
  return [wrongAt(issue, one, secrets)];
}

/** The leaf in which a path ends or through which it leads. */
const leafAt = (path: Path, { leaves }: Placement): Placed<Leaf> | undefined =>
  leaves.find((leaf) => isWithin(path, leaf.path));

function wrongAt(issue: Issue, one: Case, secrets: readonly ConfigValue[]): Problem {
  const leaf = leafAt(issue.path, one.placement);
  const path = leaf?.path ?? issue.path.map(String);
  const inside = issue.path.slice(path.length);
  const read = dig(one.input, issue.path) as ConfigValue;
  const part = inside.length > 0 && typeof leaf?.item.value === 'string';
  const problem = wrong(issue, {
    key: keyFrom(path),
    value: leaf && !part ? (dig(leaf.item.value, inside) as ConfigValue) : read,
    read,
    part,
    // a part of what gives itself away as a whole may not
    secret:
      leaf !== undefined &&
      (isSecret(leaf, one.shape) || (inside.length > 0 && looksSecret(leaf.item.value))),
    secrets,
    shape: shapeAt(one.shape, issue.path),
    origin: leaf && originInside(leaf, inside),
    text: leaf?.item.entry.text === true,
  });
  return inside.length > 0 ? { ...problem, inside: insideOf(inside) } : problem;
}

/** A file knows the place of each item of a list. */
function originInside({ item: { entry, key, origin } }: Placed<Leaf>, inside: Path): Origin {
  if (inside.length === 0 || entry.loose) return origin;
  const at = entry.leaf?.(keyFrom([...segments(rest(key, entry.key)), ...inside.map(String)])).origin;
  return at?.line === undefined ? origin : at;
}

/** A leaf is secret by its origin, by the schema's mark on it, on a section around it or on a part of it. */
export function isSecret({ path, item }: Placed<Leaf>, shape: Shape | undefined): boolean {
  return item.secret || isMarked(path, shape);
}

export function isMarked(path: Path, shape: Shape | undefined): boolean {
  return (
    holdsMark(shapeAt(shape, path)) ||
    path.some((_, depth) => shapeAt(shape, path.slice(0, depth))?.secret === true)
  );
}

/** A missing section is told by what is required in it. */
function missingAt(path: Path, one: Case, unread: readonly Placed<Leaf>[]): Problem[] {
  const shape = shapeAt(one.shape, path);
  const needed = shape?.kinds?.has('section') && shape.kinds.size === 1 ? [...shape.required] : [];
  const inner = needed.filter((name) => dig(one.input, [...path, name]) === undefined);
  if (inner.length > 0) return inner.flatMap((name) => missingAt([...path, name], one, unread));
  const leaf = leafAt(path, one.placement);
  if (leaf && path.length > leaf.path.length) {
    const problem = missing(keyFrom(leaf.path), shape, []);
    return [
      {
        ...problem,
        inside: insideOf(path.slice(leaf.path.length)),
        origin: String(originInside(leaf, path.slice(leaf.path.length, -1))),
      },
    ];
  }
  const key = keyFrom(path.map(String));
  const close = nearest(
    key,
    unread.map((other) => keyFrom(other.path)),
  );
  const near = unread.find((other) => keyFrom(other.path) === close);
  return [
    missing(
      key,
      shape,
      one.where(key),
      near && { key: keyFrom(near.path), origin: String(near.item.origin) },
    ),
  ];
}

const insideOf = (path: Path): string =>
  path.map((step) => (/^\d+$/.test(String(step)) ? `[${String(step)}]` : `.${String(step)}`)).join('');

function unknownAt(path: Path, { placement, shape }: Case): Problem[] {
  const leaf = leafAt(path, placement);
  const inside = leaf ? path.slice(leaf.path.length) : [];
  const first = leaf ?? [...placement.leaves, ...placement.holes].find((one) => isWithin(one.path, path));
  const origin = leaf ? originInside(leaf, inside) : first?.item.origin;
  const problem = unknownKey(
    keyFrom(leaf ? leaf.path : path.map(String)),
    origin ? String(origin) : '',
    meantBy(path.map(String), shape),
  );
  return [inside.length > 0 ? { ...problem, inside: insideOf(inside) } : problem];
}

/** The name beside an unknown one that it was probably meant to be. */
function meantBy(path: readonly string[], shape: Shape): Key | undefined {
  const siblings = shapeAt(shape, path.slice(0, -1))?.names.keys() ?? [];
  const meant = nearest(String(path.at(-1)), siblings);
  return meant === undefined ? undefined : keyFrom([...path.slice(0, -1), meant]);
}

/** Leaves that a fully known schema does not read, each by the outermost name that is unknown. */
function unreadKeys({ leaves }: Placement, shape: Shape): readonly Placed<Leaf>[] {
  return leaves.filter(({ path }) => unknownDepth(path, shape) !== undefined);
}

function unknownDepth(path: readonly string[], shape: Shape): number | undefined {
  for (let depth = 0; depth < path.length; depth++) {
    const section = shapeAt(shape, path.slice(0, depth));
    if (!section?.kinds?.has('section') || section.open || section.rest) return undefined;
    if (!section.names.has(path[depth] as string)) return depth + 1;
  }
  return undefined;
}

/** Keys that nobody reads, of exact files and prefixed variables: other sources hold what is not meant for this configuration. */
export function unknownKeys(placement: Placement, shape: Shape): Problem[] {
  const found = new Map<Key, Problem>();
  for (const { path, item } of placement.leaves) {
    const { loose, text } = item.entry;
    const depth = loose === 'always' || (!loose && !text) ? unknownDepth(path, shape) : undefined;
    if (depth === undefined) continue;
    const key = keyFrom(path.slice(0, depth));
    if (!found.has(key))
      found.set(key, unknownKey(key, String(item.origin), meantBy(path.slice(0, depth), shape)));
  }
  return [...found.values()];
}

/** A hole that the schema reads. */
export function unreadable({ error, origin }: Hole, key: Key, at: Key): Problem {
  const { hint } = error;
  const message =
    hint && error.message.endsWith(hint)
      ? error.message.slice(0, -hint.length).trim().replace(/\.$/, '')
      : error.message;
  return {
    kind: 'unreadable',
    key,
    message: message.replaceAll(`"${append(at, key)}"`, `"${key}"`),
    origin: String(origin),
    ...(hint && { hint }),
  };
}
