// The types of the section `llm`, as a load returns it. `shape.ts` says the same as data. Used by check.ts
// and endpoints/; an application sees them in `ai.config`.

import type { PromptData, TaskPrompt } from './prompts/prompt-data.ts';
import type { authTypes, budgetEach, kinds, Spelling } from './shape.ts';

/** What a task is for. */
export type TaskKind = (typeof kinds)[number];

/** How a client proves who it is: with a key, with a bearer token, or with the credentials of its
 *  surroundings (AWS, Google, Entra). */
export type AuthType = (typeof authTypes)[number];

/** The most that an endpoint may be asked in a minute. */
export interface EndpointLimits {
  /** Calls that begin. @default none */
  readonly requestsPerMinute?: number;
  /** Tokens of the input and of the output together. @default none */
  readonly tokensPerMinute?: number;
}

/** An endpoint as the configuration has it. */
export interface EndpointData {
  /** `openai`, `azure`, `anthropic`, … Passed on, and part of the default of `quota`. */
  readonly provider: string;
  /** The name of the model. */
  readonly model: string;
  /** The address of the API. @default the client's own */
  readonly baseURL?: string;
  /** How the client proves who it is. @default { type: 'ambient' } */
  readonly auth?: { readonly type: AuthType; readonly apiKey?: string; readonly token?: string };
  /** Parameters of each call, in the spelling of the client. `null`: the model does not take it, so it is
   *  removed from presets and calls, too. @default {} */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Headers of each request. All count as secret. @default {} */
  readonly headers?: Readonly<Record<string, string>>;
  /** Passed on, as for Bedrock. @default none */
  readonly region?: string;
  /** Passed on, as for Vertex. @default none */
  readonly project?: string;
  /** Passed on, as for Vertex. @default none */
  readonly location?: string;
  /** Passed on, as for Azure. @default none */
  readonly deployment?: string;
  /** Passed on, as for Azure. @default none */
  readonly apiVersion?: string;
  /** Passed on, as for OpenAI. @default none */
  readonly organization?: string;
  /** The time until the answer, or until the first content of a stream. @default 60_000 */
  readonly timeoutMs?: number;
  /** The time between two chunks of a stream, after its first content. @default 30_000 */
  readonly idleMs?: number;
  /** How often a call is repeated here after an error of the server or of the network. @default 1 */
  readonly retries?: number;
  /** The size of the context. After an input that is too long, only a larger one is asked.
   *  @default unknown */
  readonly contextTokens?: number;
  /** What the model can do, in words of your own: `tools`, `json`, `vision`. @default [] */
  readonly supports?: readonly string[];
  /** Requests and tokens of a minute. @default none */
  readonly limits?: EndpointLimits;
  /** Endpoints of one quota rest together. @default one for each provider, URL and credential */
  readonly quota?: string;
  /** The vector space of an embedding model. @default the model itself */
  readonly space?: string;
  /** How the client spells the parameters of presets and calls. @default that of the provider */
  readonly spelling?: Spelling;
  /** What calls cost here. Wins over the function `price`. @default none */
  readonly rates?: RatesData;
}

/** What calls cost, in units of the currency. A call with tokens that have no rate is not priced. */
export interface RatesData {
  /** As in ISO 4217: `USD`. */
  readonly currency: string;
  /** For a million tokens of the input. @default none */
  readonly inputPerMillion?: number;
  /** For a million tokens of the output, with those of reasoning. @default none */
  readonly outputPerMillion?: number;
  /** For a million tokens of the input that come from a cache. @default inputPerMillion */
  readonly cachedPerMillion?: number;
  /** For a million tokens of the input that go into a cache. @default inputPerMillion */
  readonly cacheWritePerMillion?: number;
  /** For a million of those that the cache keeps for an hour. @default cacheWritePerMillion */
  readonly cacheWriteHourPerMillion?: number;
  /** For each call, beside its tokens. @default none */
  readonly perCall?: number;
}

/** The most that calls may cost. One of `perMonth` and `perDay` is required. */
export interface BudgetData {
  /** As in ISO 4217: `USD`. */
  readonly currency: string;
  /** In units of the currency, for a calendar month of UTC. @default none */
  readonly perMonth?: number;
  /** In units of the currency, for a day of UTC. @default none */
  readonly perDay?: number;
  /** The tasks whose calls count. @default all */
  readonly tasks?: readonly string[];
  /** One budget for each task, or for each `tenant` or `subject` of the calls. @default one for all */
  readonly each?: BudgetEach;
  /** A call that does not fit is refused with `quota_exceeded`. Otherwise it is only counted. @default
   *  false */
  readonly hard?: boolean;
  /** The part of the budget at which it is reported, once a period. @default 0.8 */
  readonly alertAt?: number;
  /** What a hard budget does while its shared ledger is away: it refuses calls, or each process has its
   *  share of what was left. @default 'refuse' */
  readonly whenAway?: 'refuse' | 'share';
  /** After so long, what is held for a call is given back: its process may have died. Set it longer than your
   *  longest call. @default 600_000 */
  readonly holdMs?: number;
}

/** What has a budget for itself. */
export type BudgetEach = (typeof budgetEach)[number];

/** An endpoint with a weight inside its rank. Without one, it has the weight 1. */
export interface WeightedEndpoint {
  readonly endpoint: string;
  /** 0: only after all others of the rank. @default 1 */
  readonly weight?: number;
}

/** An endpoint, or several that share a rank. */
export type Rank = string | WeightedEndpoint | readonly (string | WeightedEndpoint)[];

/** A task as the configuration has it. */
export interface TaskData {
  /** @default 'chat' */
  readonly kind?: TaskKind;
  /** The endpoints: in order, and by weight inside a list. */
  readonly use: readonly Rank[];
  /** The name of a preset. @default none */
  readonly preset?: string;
  /** The prompt of `ai.prompt`. @default the prompt with the name of the task */
  readonly prompt?: TaskPrompt;
}

/** The section `llm` of a configuration. */
export interface LlmData {
  readonly endpoints: Readonly<Record<string, EndpointData>>;
  readonly tasks: Readonly<Record<string, TaskData>>;
  /** Parameters by the names of presets. */
  readonly presets?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Prompts by their names and versions. */
  readonly prompts?: Readonly<Record<string, Readonly<Record<string, PromptData>>>>;
  readonly budgets?: Readonly<Record<string, BudgetData>>;
}
