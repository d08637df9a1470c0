// From the issues of a schema to problems in terms of keys and origins. Loaded by load.ts with the first
// issue, and called with everything that is known about the rejected configuration. Which problems follow
// from which issue is decided here; `problems.ts` words them.

import type { Problem } from '../errors.ts';
import { valueAt } from '../internal/dig.ts';
import { keyFrom } from '../key.ts';
import type { Hole } from '../merge/hole.ts';
import type { Placement } from '../merge/placement.ts';
import { PathIndex } from '../schema/by-path.ts';
import type { Issue, Path } from '../schema/dialects/dialect.ts';
import { isKind } from '../schema/limits.ts';
import { type Shape, shapeAt } from '../schema/shape.ts';
import type { ConfigValue, Key } from '../value.ts';
import { Frames } from './frame.ts';
import { insideText, Located, originInside } from './issue-path.ts';
import { missing, schemaThrew, wrong } from './problems.ts';
import { SecretRuns } from './secret-runs.ts';
import { misspellings, type UnreadLeaf, unknownAt } from './unknown-keys.ts';

/** Everything that is known about a configuration that a schema has rejected. */
export interface Evidence {
  readonly placement: Placement;
  /** The input of the schema. */
  readonly input: unknown;
  readonly shape: Shape;
  /** The holes that the schema read, and the keys by which it read them. */
  readonly holes: ReadonlyMap<Hole, Key>;
  /** Every place where a key can be set, in the sources' words. */
  readonly where: (key: Key) => readonly string[];
}

interface Findings extends Evidence {
  readonly located: Located;
  /** The leaf that the schema does not read and that may be a misspelling of a missing key. */
  readonly misspelled: (key: Key) => UnreadLeaf | undefined;
  /** Whether a text holds a secret of this configuration. */
  readonly holdsSecret: (text: string) => boolean;
  readonly frames: Frames;
}

/** The problems behind a schema's issues, each once. */
export function diagnose(issues: readonly Issue[], evidence: Evidence): Problem[] {
  const { placement, input, shape } = evidence;
  const located = new Located(placement, shape);
  let runs: SecretRuns | undefined;
  const holdsSecret = (text: string): boolean => {
    runs ??= new SecretRuns(located.secrets());
    return runs.holds(text);
  };
  const misspelled = misspellings(placement, shape);
  const frames = new Frames(located, holdsSecret);
  const findings = { ...evidence, located, misspelled, holdsSecret, frames };
  const holes = new PathIndex(placement.holes.filter(({ item }) => evidence.holes.has(item)));
  // a hole is a problem itself; an issue inside it, or with a missing section around it, only follows from
  // that
  const followsFromHole = ({ path }: Issue): boolean =>
    holes.inside(path).length > 0 || (holes.around(path).length > 0 && valueAt(input, path) === undefined);
  const problems = issues
    .flatMap((issue) =>
      issue.threw ? [...issuesOfShape(shape, input, []), issue] : closestAlternative(issue, input),
    )
    .filter((issue) => !followsFromHole(issue))
    .flatMap((issue) => problemsFrom(withoutMadeNames(issue, findings), findings));
  const seen = new Set<string>();
  return problems.filter(({ kind, key, inside }) => {
    const id = `${kind} ${key} ${inside}`;
    return !seen.has(id) && seen.add(id);
  });
}

/** Replaces an issue with a union by the issues of the alternative that comes closest to the input. */
function closestAlternative(issue: Issue, input: unknown): readonly Issue[] {
  const { path, alternatives = [], mixed = [] } = issue;
  const isMissing = (inner: Issue): boolean => valueAt(input, inner.path) === undefined;
  // a wrong value is closer than a missing one
  const distance = (issues: readonly Issue[]): number =>
    issues.reduce((sum, inner) => sum + (isMissing(inner) ? 3 : 2), 0);
  const ranked = alternatives.filter((issues) => issues.length > 0).sort((a, b) => distance(a) - distance(b));
  const inner = mixed.filter((one) => one.path.length > path.length);
  const present = inner.filter((one) => !isMissing(one));
  const closest = ranked[0] ?? (present.length > 0 ? present : inner);
  return closest.length > 0 && closest.every((one) => one.path.length > path.length)
    ? closest.flatMap((one) => closestAlternative(one, input))
    : [issue];
}

/** Cuts the path of an issue before the first name that neither a source nor the schema has, if that name may
 *  be a part of a secret: a transform may use one as a name, and so may a text that was read as a section. */
function withoutMadeNames(issue: Issue, { located, input, shape, holdsSecret }: Findings): Issue {
  const { path, unknownNames, ...rest } = issue;
  const leaf = located.leafAt(path);
  const start = leaf?.path.length ?? 0;
  const isShown = (steps: Path): boolean => {
    const [outer, name] = [steps.slice(0, -1), String(steps.at(-1))];
    const inSource = leaf
      ? valueAt(leaf.item.value, steps.slice(start)) !== undefined
      : located.firstInside(steps) !== undefined;
    if (inSource || shapeAt(shape, outer)?.names.has(name)) return true;
    const around = valueAt(input, outer);
    if (Array.isArray(around) && Object.hasOwn(around, name)) return true;
    return !(leaf && located.isHidden(leaf)) && !holdsSecret(name);
  };
  let end = start;
  while (end < path.length && isShown(path.slice(0, end + 1))) end++;
  if (end < path.length) return { ...rest, path: path.slice(0, end) };
  return unknownNames?.every((name) => isShown([...path, name])) === false ? { ...rest, path } : issue;
}

/** What can be found without the schema when its own code threw: missing values and values of a wrong
 *  kind. */
function issuesOfShape({ kinds, names, required, rest, items }: Shape, value: unknown, path: Path): Issue[] {
  if (value === undefined) return [{ path, message: 'is missing' }];
  if (!kinds) return [];
  if (![...kinds].some((kind) => kind === 'date' || isKind(value, kind)))
    return [{ path, message: 'is of the wrong kind' }];
  if (typeof value !== 'object' || value === null) return [];
  return [...new Set([...required, ...Object.keys(value)])].flatMap((name) => {
    const shape = Array.isArray(value) ? items : (names.get(name) ?? rest);
    return shape ? issuesOfShape(shape, valueAt(value, [name]), [...path, name]) : [];
  });
}

function problemsFrom(issue: Issue, findings: Findings): Problem[] {
  const { located, input, shape } = findings;
  const { path, unknownNames } = issue;
  if (issue.threw) return [schemaThrew(issue.message)];
  if (unknownNames) return unknownNames.map((name) => unknownAt([...path, name], located, shape));
  const section = shapeAt(shape, path.slice(0, -1));
  if (path.length > 0 && section?.closed && !section.names.has(String(path.at(-1))))
    return [unknownAt(path, located, shape)];
  if (valueAt(input, path) === undefined) return missingAt(path, findings, issue);
  return [wrongAt(issue, findings)];
}

function wrongAt(issue: Issue, { located, input, shape, holdsSecret, frames }: Findings): Problem {
  const leaf = located.leafAt(issue.path);
  const path = leaf?.path ?? issue.path.map(String);
  const inside = issue.path.slice(path.length);
  const read = valueAt(input, issue.path) as ConfigValue;
  const part = inside.length > 0 && typeof leaf?.item.value === 'string';
  const secret = leaf !== undefined && located.isHidden(leaf);
  const origin = leaf && originInside(leaf, inside);
  const found = wrong(issue, {
    key: keyFrom(path),
    value: leaf && !part ? (valueAt(leaf.item.value, inside) as ConfigValue) : read,
    read,
    part,
    // the whole leaf decides: a part of a secret need not look like a secret
    secret,
    holdsSecret: (message) => (secret && located.isQuoted(leaf, message)) || holdsSecret(message),
    shape: shapeAt(shape, issue.path),
    origin,
    text: leaf?.item.entry.text ?? false,
  });
  const problem = inside.length > 0 ? { ...found, inside: insideText(inside) } : found;
  if (origin && !secret) frames.add(problem, origin);
  return problem;
}

/** For a missing section: one problem for each key that is required in it. */
function missingAt(path: Path, findings: Findings, issue?: Issue): Problem[] {
  const { located, input, misspelled, where, holdsSecret } = findings;
  const shape = shapeAt(findings.shape, path);
  const about = { shape, holdsSecret };
  const required = shape?.kinds?.has('section') && shape.kinds.size === 1 ? [...shape.required] : [];
  const absent = required.filter((name) => valueAt(input, [...path, name]) === undefined);
  if (absent.length > 0) return absent.flatMap((name) => missingAt([...path, name], findings));
  const leaf = located.leafAt(path);
  if (leaf && path.length > leaf.path.length) {
    const inside = path.slice(leaf.path.length);
    const origin = String(originInside(leaf, inside.slice(0, -1)));
    return [
      { ...missing(keyFrom(leaf.path), about, [], undefined, issue), inside: insideText(inside), origin },
    ];
  }
  const key = keyFrom(path.map(String));
  return [missing(key, about, where(key), misspelled(key), issue)];
}
