// One load of a configuration: reads all providers, merges what they have and validates it. `Config` and
// `checkConfig` call it. A load changes nothing: `Config` decides whether it becomes the next generation.

import { abortedBy, ConfigError, type Problem } from '../errors.ts';
import { lazyModule } from '../internal/lazy.ts';
import { append, keyFrom, rest } from '../key.ts';
import type { Hole } from '../merge/hole.ts';
import type { Placement } from '../merge/placement.ts';
import { thread } from '../operation.ts';
import type { Layer, ListOptions } from '../provider.ts';
import { toConfigError } from '../query.ts';
import { ambiguousNames, type NamesFound } from '../report/conventional-names.ts';
import { withoutTaken } from '../report/places.ts';
import { unreadable } from '../report/problems.ts';
import { reportError } from '../report/report.ts';
import { unknownKeys } from '../report/unknown-keys.ts';
import { wantedBy } from '../schema/keys.ts';
import { type Shape, shapeAt } from '../schema/shape.ts';
import { Texts, validateTexts } from '../schema/texts.ts';
import { type Steps, wait } from '../turns.ts';
import type { Key } from '../value.ts';
import { type Carried, carryForward, type Hold } from './carry-forward.ts';
import { withDeadline } from './deadline.ts';
import { type Found, isUnchanged, mergeLayers } from './found.ts';
import { buildInput, type Input } from './input.ts';
import type { Overrides } from './overrides.ts';
import type { LoadOptions, Plan } from './plan.ts';
import type { LoadMode } from './reloads.ts';
import type { Renames } from './renames.ts';
import type { Before, Vanished } from './vanished.ts';

/** What a load found. */
export interface Load extends Found {
  readonly texts: Texts;
  /** The output of the schema; undefined if the schema rejected the input. */
  readonly output: unknown;
  readonly problems: readonly Problem[];
  /** The keys that the schema does not read; `similar`: only those that are like a known key. */
  unknown(only?: 'similar'): readonly Problem[];
  /** What is known about conventional names; undefined without a schema. */
  readonly names: NamesFound | undefined;
  /** The holes that the schema did not read. */
  readonly unread: readonly Hole[];
}

/** What a configuration was loaded from. */
export interface LoadedFrom {
  readonly plan: Plan;
  readonly options: LoadOptions;
  /** What its current generation has found. */
  found(): Found;
}

/** By configuration. For the command line, which gets one from a module. */
export const loadedFrom = new WeakMap<object, LoadedFrom>();

type UnknownOption = LoadOptions['unknown'];

/** A load whose sources have exactly what they had before. */
export type Unchanged = Pick<Found, 'carried'> & { readonly isUnchanged: true };

/** What a load needs of its configuration. */
export interface LoadContext {
  /** The current generation. Called after the read: a rollback may have replaced it meanwhile. */
  before(): Before | undefined;
  readonly overrides: Overrides;
  readonly mode: LoadMode;
  /** Values of an earlier generation that replace those of the load. */
  pin(): Hold | undefined;
  /** The same for a load whose content must not be put in force. */
  refused(load: Load): Steps<Hold | undefined>;
  /** What was read. A rollback may happen after the read: the load then looks at it again. */
  read: readonly Layer[] | undefined;
  /** Gets what stores have lost, and whether a secret among it should have failed the load. */
  onVanished(all: readonly Vanished[], warn: boolean): void;
}

/** Reads, merges and validates.
 *  @throws ConfigError the failure of a source, or `validation` */
export function loadValid(
  plan: Plan,
  options: ListOptions,
  around: LoadContext,
  loadOptions: LoadOptions,
): Steps<Load | Unchanged> {
  const { before, overrides, mode, onVanished } = around;
  return withDeadline(plan.source.name, loadOptions.deadlineMs, options, function* (limited) {
    const known = mode.readsNothing ? before()?.load.carried : undefined;
    const read = known?.layers ?? (around.read ??= yield* readLayers(plan, limited));
    const failure = failureOf(read);
    if (failure) throw failure;
    const current = before();
    const layers = overrides.over(read, mode.patch);
    if (current && isUnchanged(layers, current.load))
      return { carried: { layers, stale: new Map() }, isUnchanged: true };
    const now = known
      ? { layers: overrides.below(read), stale: known.stale }
      : carryForward(overrides.below(read), overrides.below(current?.load.layers ?? []), Date.now());
    for (let hold = around.pin(); ; ) {
      const { layers: below, stale } = hold ? yield* hold(now) : now;
      const load = yield* validateLayers(plan, { layers: overrides.on(below, mode.patch), stale });
      const problems = allProblems(load, loadOptions.unknown);
      if (problems.length > 0) throw reportError(problems);
      const instead = hold ? undefined : yield* around.refused(load);
      if (!instead) {
        if (current) {
          const { refuseVanished } = yield* wait(loadVanished);
          refuseVanished(current, load, { ...loadOptions, ...mode }, overrides, onVanished);
        }
        return load;
      }
      hold = instead;
    }
  });
}

/** The layer of each provider, or its error. */
export function* readLayers(plan: Plan, options: ListOptions): Steps<readonly Layer[]> {
  const { source, at, shape } = plan;
  const renames = plan.deprecated && (yield* renamesOf(plan));
  const known = shape && wantedBy(shape, at);
  const wanted = known && (renames?.wanted(known) ?? known);
  const type = ['load', 'check'].includes(options[thread]?.cause ?? 'load') ? 'load' : 'reload';
  const layers = yield* layersFrom(source, type, at, { ...options, ...(wanted && { wanted }) });
  if (options.signal?.aborted) throw abortedBy(source.name, 'the load');
  return renames?.apply(layers, wanted ?? { keys: [], prefixes: [at] }) ?? layers;
}

const renames = new WeakMap<Plan, Renames>();
export const loadRenames = lazyModule(() => import('./renames.ts'));
export const loadVanished = lazyModule(() => import('./vanished.ts'));
export const loadDiagnosis = lazyModule(() => import('../report/diagnosis.ts'));

/** The checked option `deprecated`.
 *  @throws ConfigError `invalid_option` */
function* renamesOf(plan: Plan): Steps<Renames> {
  const { Renames } = yield* wait(loadRenames);
  const known = renames.get(plan) ?? new Renames({ ...plan, deprecated: plan.deprecated ?? {} });
  renames.set(plan, known);
  return known;
}

/** The layers of a chain. A chain that is closed or refused by an interceptor is a layer that failed. */
function* layersFrom(
  source: Plan['source'],
  type: 'load' | 'reload',
  at: Key,
  options: ListOptions,
): Steps<readonly Layer[]> {
  try {
    return yield* source.load(type, at, options);
  } catch (error) {
    return [{ name: source.name, entries: [], holes: [], error: toConfigError(error, source.name) }];
  }
}

/** One error for all providers that failed. Without their layers nothing can be concluded about the
 *  configuration. */
export function failureOf(layers: readonly Layer[]): ConfigError | undefined {
  const failed = layers.flatMap(({ name, error }) => (error ? [{ name, error }] : []));
  const [first] = failed;
  if (!first) return undefined;
  // the text of a source's own report shows what it found, so its problems are passed on as data
  const problems = failed.flatMap(({ name, error }): readonly Problem[] =>
    error.code === 'validation' && error.problems
      ? error.problems
      : [{ kind: 'failed', key: '', message: error.message, origin: name }],
  );
  if (failed.length === 1) return first.error.with({ problems });
  const messages = failed.map(({ error }) => `\n  ${error.message}`).join('');
  // permanent if one of the failures is
  const worst = failed.find(({ error }) => !error.transient) ?? first;
  return new ConfigError(worst.error.code, `${failed.length} sources failed:${messages}`, {
    cause: worst.error,
    problems,
  });
}

/** Merges the layers and validates the result. Problems do not throw: they are part of the load. */
export function* validateLayers(plan: Plan, carried: Carried): Steps<Load> {
  const { layers } = carried;
  const { at, schema, shape } = plan;
  const { merged, placement } = yield* mergeLayers(plan, layers);
  yield;
  const texts = new Texts();
  const facts = { plan, carried, layers, merged, placement, texts };
  if (!schema || !shape) {
    const input = buildInput(placement, shape, ({ item }) => item.value);
    const problems = placement.holes.map(({ path, item }) => unreadable(item, keyFrom(path), at));
    const nothing = { unknown: () => [], names: undefined, unread: [] };
    return { ...facts, input, output: input.value, problems, ...nothing };
  }

  for (const { path, item } of placement.leaves)
    if (item.entry.text) texts.add(path, item.value, shape, item.entry.text === 'wide');
  let input!: Input;
  const build = (): unknown => {
    input = buildInput(placement, shape, ({ path, item }) => texts.read(path, item.value));
    return input.value;
  };
  const result = yield* validateTexts(schema, texts, build);
  yield;
  const accepted = 'value' in result;
  const holes = new Map(input.read());
  if (accepted)
    for (const [hole, key] of passedOn(result.value, input, placement, shape))
      if (!holes.has(hole)) holes.set(hole, key);
  const clear = withoutTaken(placement, shape);
  const { context } = plan;
  const where = (key: Key): readonly string[] =>
    plan.source.where(append(at, key), { context }).split('\n').filter(Boolean).map(clear);
  const issues = accepted ? [] : result.issues;
  const keys = wantedBy(shape, at).keys.map((key) => rest(key, at));
  const names = { merged, layers, shape, keys, at, where };
  const evidence = { placement, input: input.value, shape, holes, where };
  const diagnosed = issues.length > 0 ? (yield* wait(loadDiagnosis)).diagnose(issues, evidence) : [];
  return {
    ...facts,
    input,
    output: accepted ? result.value : undefined,
    problems: [
      ...diagnosed,
      ...Array.from(holes, ([hole, key]) => unreadable(hole, key, at)),
      ...ambiguousNames(names),
    ],
    names,
    unknown: (only) => unknownKeys(placement, shape, only),
    unread: placement.holes.map(({ item }) => item).filter((hole) => !holes.has(hole)),
  };
}

/** The holes that the schema did not read but has in its output: a schema that accepts anything, such as
 *  `z.any()`, consumes a hole too. */
const passedOn = (output: unknown, input: Input, { holes }: Placement, shape: Shape): [Hole, Key][] =>
  holes
    .filter(({ path }) => acceptsAnything(shape, path) && input.isUnreadHole(output, path))
    .map(({ path, item }) => [item, keyFrom(path)]);

/** Whether a schema accepts any value at a path or around it. */
const acceptsAnything = (shape: Shape, path: readonly string[]): boolean =>
  ['', ...path].some((_, depth) => {
    const around = shapeAt(shape, path.slice(0, depth));
    return around !== undefined && around.kinds === undefined && around.names.size === 0;
  });

/** The problems of a load under the option `unknown`. A strict schema may have reported an unknown key
 *  already. */
export function allProblems({ problems, unknown }: Load, option: UnknownOption): readonly Problem[] {
  if (option !== 'error') return problems;
  const reported = new Set(problems.filter(({ kind }) => kind === 'unknown').map(({ key }) => key));
  return [...problems, ...unknown().filter(({ key }) => !reported.has(key))];
}
