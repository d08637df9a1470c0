// `llm-config-manager/llm`: endpoints of language models, failover, limits and streams from configuration.

export type { LedgerEntry, LedgerState, SharedLedger } from '../../shelter/shared-ledger.ts';
export type { SharedPace } from '../../shelter/shared-pace.ts';
export type { GenaiPricesOptions } from './cost/genai-adapter.ts';
export type { Price, PricedCall } from './cost/prices.ts';
export type { Spend, Spent } from './cost/tally.ts';
export type {
  AuthType,
  BudgetData,
  BudgetEach,
  EndpointData,
  EndpointLimits,
  LlmData,
  Rank,
  RatesData,
  TaskData,
  TaskKind,
  WeightedEndpoint,
} from './data.ts';
export type { Classify } from './endpoints/ask.ts';
export type { LlmCallOptions } from './endpoints/call.ts';
export type { ExplainedBudget } from './endpoints/charging.ts';
export type { Reason } from './endpoints/classify.ts';
export type { ClientsOptions } from './endpoints/clients.ts';
export type { ChunkKind } from './endpoints/content.ts';
export type { Amount, Cost } from './endpoints/cost.ts';
export type { Endpoint, EndpointAuth } from './endpoints/endpoint.ts';
export type { LlmEvent, LlmEventHead, LlmEventTypes } from './endpoints/events.ts';
export type { ExplainedEndpoint, ExplainedPreset, TaskExplanation } from './endpoints/explain.ts';
export type { Model, ModelOptions } from './endpoints/model.ts';
export type { Wants } from './endpoints/obstacle.ts';
export type { SharedPaces } from './endpoints/shared-minute.ts';
export type { KindOfChunk, LlmStreamOptions } from './endpoints/stream.ts';
export type { Ask, Task } from './endpoints/task.ts';
export type { Usage } from './endpoints/usage.ts';
export type { Llm } from './following-llm.ts';
export { genaiPrices } from './genai-prices.ts';
export { type LlmLoadOptions, type LlmOptions, loadLlm } from './load-llm.ts';
export type { PromptOptions } from './prompt-access.ts';
export type { PromptData, PromptVariable, TaskPrompt, WeightedPrompt } from './prompts/prompt-data.ts';
export type { ExplainedPrompt, Prompt } from './prompts/prompts.ts';
export { type LlmSchema, llmSchema, type ValibotLlm, type ZodLlm } from './schema.ts';
export type { Spelling } from './shape.ts';
