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
  anObject,
  anything,
  aString,
  checkOptions,
  either,
  mapOf,
  oneOf,
} from '../internal/options.ts';
import { keyOf } from '../key.ts';
import { type ConfigProvider, isProvider } from '../provider.ts';
import { isSchema, notASchema, type StandardSchemaV1 } from '../schema/schema.ts';
import type { Shape } from '../schema/shape.ts';
import { shapeOf } from '../schema/shape-of.ts';
import type { Key } from '../value.ts';
import type { WatchOptions } from './watching.ts';

/** Where a configuration comes from: a chain, a provider or a list of providers. The first of a list has the
 *  highest priority. */
export type ConfigSource = ConfigProvider | readonly ConfigProvider[];

/** Options of `loadConfig`. */
export interface LoadOptions {
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
  deadlineMs: aNumber(1, 2_147_483_647),
  signal: anything,
  context: anything,
  on: aFunction,
};

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
