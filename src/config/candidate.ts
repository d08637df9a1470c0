// Candidates: values that are validated together with the current generation, shown as a difference, and put
// in force when the application says so. Loaded on first use. A promoted candidate is an override.

import { ConfigError, type Problem } from '../errors.ts';
import { valueAt } from '../internal/dig.ts';
import { anInteger, anObject, aString, checkOptions, listOf } from '../internal/options.ts';
import { keyFrom, keyOf, segments, startsWith } from '../key.ts';
import type { Layer } from '../provider.ts';
import { MASK } from '../redact.ts';
import { reportError } from '../report/report.ts';
import { isHidden } from '../report/secrecy.ts';
import { inTurns, type Steps } from '../turns.ts';
import { type ConfigValue, isPlain, type Key, withoutBigints } from '../value.ts';
import { changedSteps, Generation, type GenerationInfo, isLease } from './generation.ts';
import type { Generations } from './generations.ts';
import { allProblems, type Load, validateLayers } from './load.ts';
import type { OverrideValues, Placing } from './overrides.ts';
import { loadModes } from './reloads.ts';

/** Options of `Config.candidate`. */
export interface CandidateOptions {
  /** Who proposes the values, or why: up to 100 characters. Names them in explanations and in the history.
   *  @default 'candidate' */
  readonly reason?: string;
}

/** A candidate as plain data, without secrets. `config.candidate` of another process takes it. */
export interface CandidateData {
  /** The version of this form. */
  readonly $candidate: 1;
  readonly reason: string;
  /** Values by key. */
  readonly values: Readonly<Record<Key, ConfigValue>>;
  /** Keys whose values are secret, and therefore missing. */
  readonly secrets: readonly Key[];
}

/** A difference between the current generation and a candidate. Secrets are masked. */
export interface CandidateChange {
  readonly key: Key;
  /** Absent if the key had no value. */
  readonly previous?: unknown;
  /** Absent if the key has no value now. */
  readonly current?: unknown;
}

/** Values that are validated as a whole, and not in force before `promote`.
 *  @example
 *  const candidate = await config.candidate({ llm: { temperature: 0.2 } }, { reason: 'optimizer #42' });
 *  console.log(candidate.diff); // [{ key: 'llm.temperature', previous: 0.7, current: 0.2 }]
 *  if (candidate.problems.length === 0) await candidate.promote(); */
export class Candidate<T = unknown> {
  readonly reason: string;
  /** What it would change in the generation for which it was made. */
  readonly diff: readonly CandidateChange[];
  /** Why it cannot be put in force. Empty if it can. */
  readonly problems: readonly Problem[];
  readonly #generations: Generations<T>;
  readonly #layer: Layer;
  readonly #load: Load;

  /** Use `config.candidate`.
   *  @internal */
  constructor(
    generations: Generations<T>,
    layer: Layer,
    load: Load,
    reason: string,
    diff: readonly CandidateChange[],
  ) {
    this.reason = reason;
    this.diff = diff;
    this.problems = Object.freeze(allProblems(load, generations.options.unknown));
    this.#generations = generations;
    this.#layer = layer;
    this.#load = load;
  }

  /** Puts the values in force: asks the sources as a reload after a change does, validates everything again,
   *  and makes the next generation. The values stay above all sources until `release()`, also in reloads.
   *  @throws ConfigError `validation`, or `conflict`: keys would change that `diff` does not show, or
   *  the same values have failed their trial */
  async promote(): Promise<GenerationInfo> {
    const generations = this.#generations;
    if (this.problems.length > 0) throw reportError(this.problems);
    if (!generations.overrides.isActive(this.#layer)) {
      const patch = { layer: this.#layer, check: (...loads: [Placing, Placing]) => this.#check(...loads) };
      await generations.run({ ...loadModes.candidate, reason: this.reason, patch });
    }
    return generations.current.info;
  }

  /** Removes the values from the layers of the configuration. Before `promote`, it has nothing to do.
   *  @throws ConfigError `validation` if the configuration needs them; the next reload is without them */
  async release(): Promise<void> {
    const { overrides } = this.#generations;
    const reason = `release of ${this.reason}`;
    if (overrides.remove(this.#layer)) await this.#generations.run({ ...loadModes.override, reason });
  }

  *#check(before: Placing, after: Placing): Steps<void> {
    const shown = new Set(this.diff.map(({ key }) => key));
    const leases = new Set(
      [before, after].flatMap(({ placement }) =>
        placement.leaves.flatMap(({ path, item }) => (isLease(item) ? [keyFrom(path)] : [])),
      ),
    );
    const changed = yield* changedSteps(before, after);
    const others = changed.filter((key) => !shown.has(key) && !leases.has(key));
    if (others.length === 0) return;
    const names = others.map((key) => `"${key}"`).join(', ');
    throw new ConfigError('conflict', `${this.reason}: the sources have changed other keys too: ${names}`, {
      hint: 'Reload, and make a new candidate',
    });
  }

  toJSON(): CandidateData {
    const { placement, plan } = this.#load;
    const values: Record<Key, ConfigValue> = {};
    const secrets: Key[] = [];
    for (const leaf of placement.leaves) {
      if (leaf.item.layer > 0) continue; // not of the candidate
      const key = keyFrom(leaf.path);
      if (isHidden(leaf, plan.shape)) secrets.push(key);
      else values[key] = withoutBigints(leaf.item.value) as ConfigValue;
    }
    return { $candidate: 1, reason: this.reason, values, secrets };
  }
}

/** Makes a candidate on the layers of the current generation. Asks no source.
 *  @throws ConfigError `invalid_option` */
export async function candidateOf<T>(
  generations: Generations<T>,
  given: OverrideValues | CandidateData,
  options: CandidateOptions,
): Promise<Candidate<T>> {
  const { reason, values } = patchOf(given, options);
  const { overrides, plan, current } = generations;
  const { load: before } = current;
  const hidden = before.placement.leaves.filter((leaf) => isHidden(leaf, plan.shape));
  const isSecret = (key: Key): boolean =>
    hidden.some(({ item }) => startsWith(item.key, key) || startsWith(key, item.key));
  const layer = overrides.layerOf(values, plan.at, nameOf(reason), isSecret);
  const { layers, stale } = before.carried;
  const load = await inTurns(validateLayers(plan, { layers: [layer, ...layers], stale }));
  const diff = await inTurns(difference(current, load, generations));
  return new Candidate(generations, layer, load, reason, diff);
}

/** The name of the layer: no provider has it. */
const nameOf = (reason: string): string => (reason === 'candidate' ? reason : `candidate ${reason}`);

function patchOf(
  given: OverrideValues | CandidateData,
  options: CandidateOptions,
): { readonly reason: string; readonly values: OverrideValues } {
  checkOptions('candidate', options, { reason: aReason });
  if (!isPlain(given) || !('$candidate' in given))
    return { reason: options.reason ?? 'candidate', values: given as OverrideValues };
  const { $candidate, reason, values, secrets } = given as unknown as CandidateData;
  const data = { $candidate, reason, values, secrets };
  checkOptions('candidate', given, {
    $candidate: anInteger(1, 1),
    reason: aReason,
    values: anObject,
    secrets: listOf(aString),
  });
  const missing = Object.entries(data).find(([, value]) => value === undefined);
  if (missing)
    throw new ConfigError('invalid_option', `candidate: the field ${missing[0]} is missing`, {
      hint: 'Pass what toJSON() of a candidate has returned',
    });
  if (secrets.length > 0) {
    const names = secrets.map((key) => `"${keyOf(key)}"`).join(', ');
    throw new ConfigError('invalid_option', `candidate: the data have no value for ${names}`, {
      hint: 'A candidate with secrets does not leave its process: pass the values themselves',
    });
  }
  return { reason: options.reason ?? reason, values };
}

const aReason = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[^\p{C}]{1,100}$/u.test(value) && value.trim() === value
    ? undefined
    : 'a text of at most 100 characters on one line';

/** What a load changes in a generation, masked. */
function* difference<T>(
  before: Generation<T>,
  load: Load,
  { options, nextNumber }: Generations<T>,
): Steps<readonly CandidateChange[]> {
  const keys = yield* changedSteps(before.load, load);
  const isValid = allProblems(load, options.unknown).length === 0;
  const after = isValid ? (yield* Generation.next(nextNumber, load, before, false)).next : undefined;
  const hidden = new Set(
    load.placement.leaves.filter((leaf) => isHidden(leaf, load.plan.shape)).map(({ path }) => keyFrom(path)),
  );
  return Object.freeze(
    keys.map((key): CandidateChange => {
      const path = segments(key);
      const found = hidden.has(key) ? MASK : valueAt(load.input.value, path);
      const [previous, current] = [before.shown(path), after ? after.shown(path) : found];
      return Object.freeze({
        key,
        ...(previous !== undefined && { previous }),
        ...(current !== undefined && { current }),
      });
    }),
  );
}
