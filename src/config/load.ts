import { ConfigError, type Problem } from '../errors.ts';
import { append, keyFrom } from '../key.ts';
import { merge } from '../merge/merge.ts';
import type { Hole, Leaf, Merged } from '../merge/merged.ts';
import { type Placed, type Placement, placementOf } from '../merge/placement.ts';
import type { Layer, ListOptions } from '../provider.ts';
import { layersOf } from '../query.ts';
import { isSecretName, looksSecret, MASK } from '../redact.ts';
import { diagnose, isSecret, unknownKeys, unreadable } from '../report/diagnosis.ts';
import { wantedBy } from '../schema/keys.ts';
import { type Shape, shapeAt } from '../schema/shape.ts';
import { Texts, validateTexts } from '../schema/texts.ts';
import type { Key } from '../value.ts';
import type { Carried } from './carry.ts';
import { buildInput, type Input } from './input.ts';
import type { Plan } from './plan.ts';

/** One load: what was found and what the schema made of it. */
export interface Load {
  readonly plan: Plan;
  readonly carried: Carried;
  readonly layers: readonly Layer[];
  readonly merged: Merged;
  readonly placement: Placement;
  readonly texts: Texts;
  /** What the schema was given, and what it made of it. */
  readonly input: Input;
  readonly output: unknown;
  readonly problems: readonly Problem[];
  /** Keys that nobody reads. */
  unknown(): readonly Problem[];
  /** Holes that the schema did not read. */
  readonly unread: readonly Hole[];
}

/** Every provider's own answer. */
export async function ask({ source, at, shape }: Plan, options: ListOptions): Promise<readonly Layer[]> {
  const wanted = shape && wantedBy(shape, at);
  const layers = await layersOf(source, at, { ...options, ...(wanted && { wanted }) });
  if (options.signal?.aborted) throw new ConfigError('aborted', 'loading the configuration was given up');
  return layers;
}

/** The failure of the sources that must answer, if any failed: then nothing can be said about the configuration. */
export function failureOf(layers: readonly Layer[]): ConfigError | undefined {
  const failed = layers.flatMap(({ name, error }) => (error ? [{ name, error }] : []));
  const [first] = failed;
  if (!first) return undefined;
  const problems = failed.map(
    ({ name, error }): Problem => ({ kind: 'failed', key: '', message: error.message, origin: name }),
  );
  if (failed.length === 1) return first.error.with({ problems });
  const told = failed.map(({ error }) => `\n  ${error.message}`).join('');
  // when one of them will not get well by itself, neither will the load
  const worst = failed.find(({ error }) => !error.transient) ?? first;
  return new ConfigError(worst.error.code, `${failed.length} sources failed:${told}`, {
    cause: worst.error,
    problems,
  });
}

/** Merges what the providers said and has the schema validate it. */
export async function assemble(plan: Plan, carried: Carried): Promise<Load> {
  const { layers } = carried;
  const { at, schema, shape, source } = plan;
  const wanted = shape ? wantedBy(shape, at) : { keys: [], prefixes: [] };
  const merged = merge(layers, { keys: wanted.keys, prefixes: [...wanted.prefixes, at] });
  const here = placementOf(merged, at);
  const texts = new Texts();
  if (shape)
    for (const { path, item } of here.leaves) if (item.entry.text) texts.add(path, item.value, shape);
  let input = buildInput(here, shape, ({ item }) => item.value);
  const facts = {
    plan,
    layers,
    carried,
    merged,
    placement: here,
    texts,
    unknown: () => (shape ? unknownKeys(here, shape) : []),
  };
  if (!schema || !shape) {
    const problems = here.holes.map(({ path, item }) => unreadable(item, keyFrom(path), at));
    return { ...facts, input, output: input.value, problems, unread: [] };
  }
  const result = await validateTexts(schema, texts, () => {
    input = buildInput(here, shape, ({ path, item }) => texts.read(path, item.value));
    return input.value;
  });
  const holes = new Map(input.read());
  // who takes anything takes the hole too
  if ('value' in result) {
    for (const { path, item } of here.holes)
      if (!holes.has(item) && isAnything(shape, path) && input.isLeft(result.value, path))
        holes.set(item, keyFrom(path));
  }
  const where = (key: Key): readonly string[] => source.where(append(at, key)).split('\n').filter(Boolean);
  const issues = 'issues' in result ? result.issues : [];
  const problems = [
    ...diagnose(issues, { placement: here, input: input.value, texts, shape, holes, where }),
    ...Array.from(holes, ([hole, key]) => unreadable(hole, key, at)),
  ];
  const unread = here.holes.map(({ item }) => item).filter((hole) => !holes.has(hole));
  return { ...facts, input, output: 'value' in result ? result.value : undefined, problems, unread };
}

/** Whether a schema takes whatever stands at a path, or around it. */
function isAnything(shape: Shape, path: readonly string[]): boolean {
  return ['', ...path].some((_, depth) => {
    const here = shapeAt(shape, path.slice(0, depth));
    return here !== undefined && here.kinds === undefined && here.names.size === 0;
  });
}

/** What of a load may be printed: what sources gave that is not secret, as it was read, and what the schema sets when nothing is set. */
export function publicPart({ placement: here, texts, plan: { shape } }: Load): unknown {
  const tree = (shape && defaults(shape, [])) ?? {};
  return overlay(tree, here, (leaf) =>
    isHidden(leaf, shape) ? undefined : texts.read(leaf.path, leaf.item.value),
  );
}

/** The whole input of a load, secrets masked. */
export function maskedInput({ placement: here, texts, plan: { shape } }: Load): unknown {
  return overlay({}, here, (leaf) => (isHidden(leaf, shape) ? MASK : texts.read(leaf.path, leaf.item.value)));
}

export function isHidden(leaf: Placed<Leaf>, shape: Shape | undefined): boolean {
  return isSecret(leaf, shape) || looksSecret(leaf.item.value);
}

type Tree = Record<string, unknown>;

function overlay(
  tree: unknown,
  { leaves, sections }: Placement,
  give: (leaf: Placed<Leaf>) => unknown,
): unknown {
  let root = tree;
  const section = (path: readonly string[]): Tree =>
    path.reduce<Tree>((at, name) => {
      const inner = at[name];
      return (typeof inner === 'object' && inner !== null ? inner : (at[name] = {})) as Tree;
    }, root as Tree);
  for (const path of sections) section(path);
  for (const leaf of leaves) {
    const name = leaf.path.at(-1);
    if (name === undefined) root = give(leaf);
    else section(leaf.path.slice(0, -1))[name] = give(leaf);
  }
  return root;
}

/** The defaults that a schema tells, secret ones left out. */
function defaults(shape: Shape, path: readonly string[], given = shape.default?.value): unknown {
  if (shape.secret || isSecretName(keyFrom(path))) return undefined;
  if (shape.names.size === 0) return isScalar(given) && !looksSecret(given) ? given : undefined;
  const inner = Array.from(shape.names, ([name, one]) => [
    name,
    defaults(one, [...path, name], (given as Tree | undefined)?.[name] ?? one.default?.value),
  ]);
  return Object.fromEntries(inner);
}

const isScalar = (value: unknown): value is string | number | boolean | bigint | null =>
  typeof value !== 'object' || value === null;

/** All that is wrong with a load. A strict schema and we may both have told of an unknown key. */
export function problemsOf(
  { problems, unknown }: Load,
  judged: 'ignore' | 'warn' | 'error' = 'ignore',
): readonly Problem[] {
  if (judged !== 'error') return problems;
  return [
    ...problems,
    ...unknown().filter(
      ({ key }) => !problems.some((problem) => problem.kind === 'unknown' && problem.key === key),
    ),
  ];
}
