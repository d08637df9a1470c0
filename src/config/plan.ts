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
  oneOf,
} from '../internal/options.ts';
import { keyOf } from '../key.ts';
import { type ConfigProvider, isProvider } from '../provider.ts';
import { shapeOf } from '../schema/keys.ts';
import type { StandardSchemaV1 } from '../schema/schema.ts';
import type { Shape } from '../schema/shape.ts';
import type { Key } from '../value.ts';
import type { WatchOptions } from './watching.ts';

/** Where a configuration comes from. Of a list, the first has the highest priority. */
export type ConfigSource = ConfigProvider | readonly ConfigProvider[];

export interface LoadOptions {
  /** The section of the source that is loaded. @default '' (all) */
  readonly at?: Key;
  /** Loads again when a source changes; with `pollMs` also at intervals. @default false */
  readonly watch?: boolean | WatchOptions;
  /** What becomes of keys that nobody reads, in files and prefixed variables. @default 'ignore' */
  readonly unknown?: 'ignore' | 'warn' | 'error';
  /** Ends the load, and later the watching. @default none */
  readonly signal?: AbortSignal;
  /** The caller's identity or anything else that the chain's `intercept` wants to see. @default none */
  readonly context?: unknown;
  /** Hears of every load, failed or not. @default nobody */
  readonly on?: (event: ConfigEvent) => void;
}

/** What is loaded, from where, as what. */
export interface Plan {
  readonly source: ProviderChain;
  readonly at: Key;
  readonly schema: StandardSchemaV1 | undefined;
  readonly shape: Shape | undefined;
}

const loadOptions = {
  at: either(aString, oneOf('')),
  watch: either(aBoolean, anObject),
  unknown: oneOf('ignore', 'warn', 'error'),
  signal: anything,
  context: anything,
  on: aFunction,
};

/** What to load, and the chain that was made for it, if one was. */
export function planOf(
  owner: string,
  schema: StandardSchemaV1 | undefined,
  source: ConfigSource,
  options: LoadOptions,
): { readonly plan: Plan; readonly own?: ProviderChain } {
  if (!isSource(source))
    throw new ConfigError(
      'invalid_option',
      `${owner}: the source is no provider, no chain and no list of providers`,
      {
        hint: "Say where to look, as in new EnvProvider() or new BundleProvider('config.yaml')",
      },
    );
  checkOptions(owner, options, loadOptions);
  if (typeof options.watch === 'object')
    checkOptions(`${owner}: watch`, options.watch, { pollMs: aNumber(1), settleMs: aNumber(0) });
  const own = source instanceof ProviderChain ? undefined : chainOf(source);
  const plan: Plan = {
    source: own ?? (source as ProviderChain),
    at: keyOf(options.at ?? ''),
    schema,
    shape: schema && shapeOf(schema),
  };
  return { plan, ...(own && { own }) };
}

export const isSource = (value: unknown): value is ConfigSource => Array.isArray(value) || isProvider(value);

/** A view of somebody's chain is that somebody's to close. */
const chainOf = (source: ConfigSource): ProviderChain =>
  isProvider(source)
    ? new ProviderChain([source], { closeProviders: !isComposed(source) })
    : new ProviderChain(source);
