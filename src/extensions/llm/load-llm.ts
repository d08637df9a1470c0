// `loadLlm`: loads the section of language models by itself, or reads it from a configuration that the
// application has loaded.

import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { ConfigSource, LoadOptions } from '../../config/plan.ts';
import { aBoolean, aFunction, anything, type Check, checkOptions, mapOf } from '../../internal/options.ts';
import { keyOf } from '../../key.ts';
import { reveal } from '../../reveal.ts';
import { isSchema, type StandardSchemaV1 } from '../../schema/schema.ts';
import { aClock, type Clock, steadied, systemClock } from '../../shelter/clock.ts';
import type { SharedLedger } from '../../shelter/shared-ledger.ts';
import type { Price } from './cost/prices.ts';
import type { LlmData } from './data.ts';
import type { Classify } from './endpoints/ask.ts';
import { Backends } from './endpoints/backends.ts';
import { type LlmEvent, LlmEvents } from './endpoints/events.ts';
import { Limits } from './endpoints/limits.ts';
import type { SharedPaces } from './endpoints/shared-minute.ts';
import { FollowingLlm, type Llm, type LoadedConfig } from './following-llm.ts';
import { costs, missingParts } from './missing-parts.ts';
import { type ExplainedSection, PromptAccess } from './prompt-access.ts';
import { schemaWith } from './schema.ts';

/** The options of `loadLlm`. */
export interface LlmOptions {
  /** The section of the configuration. @default 'llm' */
  readonly at?: string;
  /** Says what errors mean that this library does not know, or means otherwise. @default none */
  readonly classify?: Classify;
  /** The price of a call, such as `await genaiPrices()`. Rates in the configuration win.
   *  @default only rates in the configuration */
  readonly price?: Price;
  /** Makes limits and budgets hold for all processes together that use the same names.
   *  @default each process has the limits and budgets for itself */
  readonly shared?: SharedPaces;
  /** Schemas of the variables of prompts, by the names of the prompts: of zod, valibot, or any other Standard
   *  Schema. One replaces `variables` of the configuration. @default none */
  readonly variables?: Readonly<Record<string, StandardSchemaV1>>;
  /** Whether the event `prompt` has the text, with the variables in it. @default false */
  readonly showPrompts?: boolean;
  /** A listener for the events of all calls. @default none */
  readonly on?: (event: LlmEvent) => void;
  /** The source of time, for tests. @default the system's clock */
  readonly clock?: Clock;
}

/** The options of `loadLlm` for a load of its own. */
export interface LlmLoadOptions
  extends LlmOptions,
    Pick<LoadOptions<LlmData>, 'context' | 'deadlineMs' | 'keep' | 'trial' | 'vanished' | 'watch'> {}

const isConfig = (value: object): value is LoadedConfig =>
  ['at', 'reload', 'subscribe'].every(
    (name) => typeof (value as Partial<Record<string, unknown>>)?.[name] === 'function',
  );

const sharesPaces: Check = (value) =>
  typeof (value as SharedPaces | null)?.pace === 'function' ? undefined : 'an object with pace(name)';
const optionChecks = {
  at: anything,
  classify: aFunction,
  price: aFunction,
  shared: sharesPaces,
  variables: mapOf((value) => (isSchema(value) ? undefined : 'a schema')),
  showPrompts: aBoolean,
  on: aFunction,
  clock: aClock,
};
const loadChecks = {
  ...optionChecks,
  context: anything,
  deadlineMs: anything,
  keep: anything,
  trial: anything,
  vanished: anything,
  watch: anything,
};

/** Loads the endpoints and tasks of language models from a configuration, and follows its changes. Holds data
 *  and decides which endpoint is asked; the requests are made by clients of yours.
 *  @throws ConfigError `validation` with a report, or the failure of a source
 *  @example
 *  await using ai = await loadLlm(chain, { watch: true });
 *  const clientFor = ai.clients(({ baseURL, auth }) =>
 *    new OpenAI({ baseURL, apiKey: reveal(auth.apiKey), maxRetries: 0 }));
 *  const answer = await ai.task('summarize').run((endpoint, { signal }) =>
 *    clientFor(endpoint).chat.completions.create({ model: endpoint.model, messages }, { signal }));
 *  @see llmSchema for a section of a larger configuration */
export function loadLlm(source: ConfigSource, options?: LlmLoadOptions): Promise<Llm>;
export function loadLlm<T>(config: Config<T>, options?: LlmOptions): Promise<Llm<Config<T>>>;
export async function loadLlm(from: ConfigSource | object, options: LlmLoadOptions = {}): Promise<unknown> {
  const isLoaded = isConfig(from);
  checkOptions('loadLlm', options, isLoaded ? optionChecks : loadChecks);
  const {
    at = 'llm',
    on,
    clock = systemClock,
    classify,
    price,
    shared,
    variables,
    showPrompts,
    ...load
  } = options;
  const events = new LlmEvents();
  if (on) events.on(on);
  const [backends, config] = await Promise.all([
    Backends.load(steadied(clock), events),
    isLoaded
      ? from
      : loadConfig(schemaWith(variables), from as ConfigSource, { unknown: 'ignore', ...load, at }),
  ]);
  const section = (isLoaded && keyOf(at) !== '' ? from.at(at) : config) as ExplainedSection;
  if (price) await costs.load();
  for (let missing = missingParts(reveal(section.value)); missing; ) {
    await missing;
    missing = missingParts(reveal(section.value)); // a reload may have come meanwhile
  }
  const prompts = new PromptAccess({
    section,
    schemas: variables,
    events,
    showPrompts: showPrompts === true,
  });
  return new FollowingLlm(
    config as LoadedConfig,
    section,
    { isLoaded, at: isLoaded ? at : '', prompts },
    { backends, limits: new Limits(steadied(clock), shared), events, clock: steadied(clock), classify },
    { price, ledgerOf: shared?.ledger && ((name) => shared.ledger?.(name) as SharedLedger) },
  );
}
