// The way back to an earlier generation: for `config.rollback`, and for a generation that fails its trial.
// Loaded on first use. Asks no source: it must work while a store is down.

import { ConfigError } from '../errors.ts';
import { anInteger, checkOptions, oneOf } from '../internal/options.ts';
import { inTurns } from '../turns.ts';
import type { Key } from '../value.ts';
import type { Hold } from './carry-forward.ts';
import { closedError } from './failures.ts';
import { changedSteps, Generation } from './generation.ts';
import type { Generations, Promoted } from './generations.ts';
import { held, type Secrets } from './holding.ts';
import { allProblems, validateLayers } from './load.ts';

/** Options of `Config.rollback`. */
export interface RollbackOptions {
  /** Whether secrets stay those of now, or are those of the earlier generation as well. What expires is
   *  always that of now. @default 'now' */
  readonly secrets?: Secrets;
}

/** The way back to a generation. */
interface Return {
  readonly secrets?: Secrets;
  /** What loads may change from now on: only secrets, or anything. */
  readonly pins: boolean;
  /** Why, for people. */
  readonly why: string;
  /** Whether there is still a reason to go back. */
  isCurrent?(): Promise<boolean>;
}

/** Goes back by `steps` of the generations `kept`, until the next explicit reload.
 *  @throws ConfigError `not_found`, `conflict` */
export async function rollback<T>(
  generations: Generations<T>,
  kept: readonly Promoted<T>[],
  steps: number,
  options: RollbackOptions,
): Promise<void> {
  checkOptions('rollback', { steps, ...options }, { steps: anInteger(1), secrets: oneOf('now', 'then') });
  const target = kept[steps];
  if (!target) throw tooFar(kept.length - 1, generations.options.keep);
  await goBack(generations, target, { ...options, pins: true, why: 'rollback was called' });
}

function tooFar(earlier: number, keep = 1): ConfigError {
  if (earlier === 0)
    return new ConfigError('not_found', 'rollback: the configuration has no earlier generation');
  const noun = earlier === 1 ? 'generation' : 'generations';
  const what = `rollback: the configuration has ${earlier} earlier ${noun}`;
  return new ConfigError('not_found', what, {
    hint: earlier >= keep ? 'Set the option keep to keep more' : 'Look at history()',
  });
}

/** Puts the values of an earlier generation in force, with the secrets of now.
 *  @throws ConfigError `conflict` if the two do not fit */
export async function goBack<T>(
  generations: Generations<T>,
  target: Promoted<T>,
  { secrets = 'now', pins, why, isCurrent }: Return,
): Promise<void> {
  const { plan, overrides, events, options } = generations;
  const then = target.generation;
  for (;;) {
    if (isCurrent && !(await isCurrent())) return;
    const before = generations.current;
    const { layers: all } = then.load;
    const active = all.filter((layer) => overrides.isActive(layer));
    const fixed = all.filter((layer) => !overrides.isActive(layer));
    const hold: Hold = (now) => held(plan, fixed, now, secrets);
    const { layers, stale } = before.load.carried;
    const below = await inTurns(hold({ layers: overrides.below(layers), stale }));
    const load = await inTurns(
      validateLayers(plan, { layers: [...active, ...below.layers], stale: below.stale }),
    );
    const problems = allProblems(load, options.unknown);
    if (problems.length > 0) throw conflict(then.info.number, problems);
    const next = await inTurns(Generation.restored(generations.nextNumber, load, [before, then]));
    const changed = await inTurns(changedSteps(before.load, next.load));
    if (generations.stop.signal.aborted) throw closedError();
    if (before !== generations.current) continue;
    const [from, to] = [before.info.number, then.info.number];
    const at = generations.kept.findIndex(({ generation }) => generation.info.number === to);
    const earlier = at < 0 ? [] : generations.kept.slice(at + 1);
    const reason = `back to ${to}: ${why}`;
    const promoted = { generation: next, time: Date.now(), reason, keys: changed };
    const message = `generation ${from} was rolled back to ${to}: ${why}`;
    const version = String(next.info.number);
    events.emitRolledBack({ message, from, to, keys: changed, version, isCalled: pins });
    generations.return([promoted, ...earlier], changed, pins ? hold : undefined);
    return;
  }
}

function conflict(number: number, problems: NonNullable<ConfigError['problems']>): ConfigError {
  const keys: readonly Key[] = [...new Set(problems.map(({ key }) => key))];
  const shown = keys.map((key) => `"${key}"`).join(', ');
  const what = `the values of generation ${number} do not fit the secrets of now: ${shown}`;
  return new ConfigError('conflict', what, {
    problems,
    hint: "Go back to another generation, or restore its secrets too: { secrets: 'then' }",
  });
}
