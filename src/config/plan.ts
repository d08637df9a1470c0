// The arguments of `loadConfig` and `checkConfig`: their types, their checks, and the plan made of them. A
// list of providers becomes a chain, which the load then owns and closes.

import { ProviderChain } from '../chain/chain.ts';
import { isComposed } from '../decorators/decorate.ts';
import { ConfigError } from '../errors.ts';
import type { ConfigEvent } from '../events.ts';
import {
  aBoolean,
  aFunction,
  aNumber,
  anInteger,
  anObject,
  anything,
  aString,
  checkOptions,
  either,
  mapOf,
  maxTimerMs,
  oneOf,
} from '../internal/options.ts';
import { keyOf } from '../key.ts';
import { type ConfigProvider, isProvider } from '../provider.ts';
import { isSchema, notASchema, type StandardSchemaV1 } from '../schema/schema.ts';
import type { Shape } from '../schema/shape.ts';
import { shapeOf } from '../schema/shape-of.ts';
import type { Key } from '../value.ts';
import type { ConfigStats } from './stats.ts';
import type { WatchOptions } from './watching.ts';

/** Where a configuration comes from: a chain, a provider or a list of providers. The first of a list has the
 *  highest priority. */
export type ConfigSource = ConfigProvider | readonly ConfigProvider[];

/** A configuration on trial: what `healthy` reads of it. */
export interface TriedConfig<V> {
  readonly value: V;
  stats(): ConfigStats;
}

/** What `healthy` gets. */
export interface TrialCheck<V> {
  /** The configuration, whose current generation is on trial. */
  readonly config: TriedConfig<V>;
  /** The values that come back if it is unhealthy. */
  readonly previous: V;
  /** Aborts when the answer is late or no longer of use. */
  readonly signal: AbortSignal;
}

/** How a generation shows that it is good. */
export interface TrialOptions<V = unknown> {
  /** How long it must stay healthy. */
  readonly ms: number;
  /** The pause between two checks, and the longest time that one may take. @default a tenth of `ms` */
  readonly everyMs?: number;
  /** Whether the application works well. Called when the listeners of changes have been called and the
   *  resources of `config.use` have been made. A failure, and no answer in time, is `false`. */
  healthy(check: TrialCheck<V>): boolean | Promise<boolean>;
}

/** Options of `loadConfig`. `V`: the type of the value, which `trial` reads. */
export interface LoadOptions<V = unknown> {
  /** Loads only this section of the source; keys and problems are relative to it. @default '' (everything) */
  readonly at?: Key;
  /** Reloads when a source reports a change, and at intervals with `pollMs`. @default false */
  readonly watch?: boolean | WatchOptions;
  /** What to do with keys in files and prefixed variables that the schema does not read: nothing, a
   *  `notice` event for those that look like a misspelling of a known key, a `notice` for each, or a
   *  problem. Without a listener, a notice is a warning of the process. @default 'warn-similar' */
  readonly unknown?: 'ignore' | 'warn-similar' | 'warn' | 'error';
  /** What to do when a reload finds that a store no longer has a secret, and a weaker source or a default
   *  of the schema would take its place: fail the reload, emit `vanished`, or neither. A store that was
   *  restarted empty looks like that. Other values that vanish emit the event and never fail a reload.
   *  @default 'refuse'
   *  @see Config.reload accepts single keys. */
  readonly vanished?: 'refuse' | 'warn' | 'accept';
  /** Old names of keys and sections, with the new ones: `{ 'db.url': 'database.url' }`. What a source has
   *  under an old name counts under the new one, and is a notice (`LLM_CONFIG_DEPRECATED`) with its origin.
   *  If one source has both names, the new one wins. @default {} */
  readonly deprecated?: Readonly<Record<Key, Key>>;
  /** How many earlier generations `rollback` can reach. Each keeps its secrets in memory. @default 1 */
  readonly keep?: number;
  /** Tries each generation that replaces another, and goes back to the last good one if it is unhealthy.
   *  @default none
   *  @example
   *  const healthy = async () => (await errorRate()) < 0.01;
   *  const trial = { ms: 15 * 60_000, everyMs: 10_000, healthy };
   *  await using config = await loadConfig(schema, source, { watch: true, trial }); */
  readonly trial?: TrialOptions<V>;
  /** The longest time that a load, or a reload, may take, in milliseconds. The error `timeout` names each
   *  source that has not answered, also an optional one. @default none */
  readonly deadlineMs?: number;
  /** Aborts the load. Closes the configuration if it is aborted later. @default none */
  readonly signal?: AbortSignal;
  /** Passed to the chain's `intercept`, for example the caller's identity. @default none */
  readonly context?: unknown;
  /** A listener for the events of all loads, the first included. @default none */
  readonly on?: (event: ConfigEvent) => void;
}

/** The checked arguments of `loadConfig`. */
export interface Plan {
  readonly source: ProviderChain;
  readonly at: Key;
  readonly schema: StandardSchemaV1 | undefined;
  readonly shape: Shape | undefined;
  readonly deprecated?: LoadOptions['deprecated'];
  readonly context?: unknown;
}

const loadOptionChecks = {
  at: either(aString, oneOf('')),
  watch: either(aBoolean, anObject),
  unknown: oneOf('ignore', 'warn-similar', 'warn', 'error'),
  vanished: oneOf('refuse', 'warn', 'accept'),
  deprecated: mapOf(aString),
  keep: anInteger(0),
  trial: anObject,
  deadlineMs: aNumber(1, maxTimerMs),
  signal: anything,
  context: anything,
  on: aFunction,
};

const trialChecks = { ms: aNumber(1, maxTimerMs), everyMs: aNumber(1, maxTimerMs), healthy: aFunction };

function checkTrial(owner: string, trial: TrialOptions): void {
  checkOptions(`${owner}: trial`, trial, trialChecks);
  for (const name of ['ms', 'healthy'] as const)
    if (trial[name] === undefined)
      throw new ConfigError('invalid_option', `${owner}: trial: the option ${name} is required`, {
        hint: 'Pass { ms: 600_000, healthy: async () => (await errorRate()) < 0.01 }',
      });
}

/** The arguments of `loadConfig` or `loadConfigSync`, checked. */
export function planned(
  owner: string,
  first: StandardSchemaV1 | ConfigSource,
  second: ConfigSource | LoadOptions | undefined,
  third: LoadOptions | undefined,
): ReturnType<typeof planOf> & { readonly options: LoadOptions } {
  const schema = isSchema(first) ? first : undefined;
  if (!schema && (!isSource(first) || isSchema(second))) throw notASchema(owner);
  const options = ((schema ? third : second) ?? {}) as LoadOptions;
  return { ...planOf(owner, schema, (schema ? second : first) as ConfigSource, options), options };
}

/** Checks the arguments. `own` is the chain that was made for the load: its owner must close it. */
export function planOf(
  owner: string,
  schema: StandardSchemaV1 | undefined,
  source: ConfigSource,
  options: LoadOptions,
): { readonly plan: Plan; readonly own?: ProviderChain } {
  if (!isSource(source))
    throw new ConfigError(
      'invalid_option',
      `${owner}: the source is not a provider, a chain or a list of providers`,
      {
        hint: "Pass a source, such as new EnvProvider() or new BundleProvider('config.yaml')",
      },
    );
  checkOptions(owner, options, loadOptionChecks);
  if (typeof options.watch === 'object')
    checkOptions(`${owner}: watch`, options.watch, { pollMs: aNumber(1), settleMs: aNumber(0) });
  if (options.trial) checkTrial(owner, options.trial);
  const own = source instanceof ProviderChain ? undefined : chainOf(source);
  const plan: Plan = {
    source: own ?? (source as ProviderChain),
    at: keyOf(options.at ?? ''),
    schema,
    shape: schema && shapeOf(schema),
    ...(options.deprecated && { deprecated: options.deprecated }),
    ...(options.context !== undefined && { context: options.context }),
  };
  return { plan, ...(own && { own }) };
}

export const isSource = (value: unknown): value is ConfigSource => Array.isArray(value) || isProvider(value);

/** A chain around the source. It does not close a view of another chain: that chain belongs to the caller. */
const chainOf = (source: ConfigSource): ProviderChain =>
  isProvider(source)
    ? new ProviderChain([source], { closeProviders: !isComposed(source) })
    : new ProviderChain(source);
