// How clients spell the parameters that most models have. Used by combine.ts, which recognises a parameter in
// any of these spellings and writes it as the client of the endpoint does, and by cost/estimate.ts.

import type { Spelling } from '../shape.ts';

/** Parameters by their names in this table. */
type Names = Readonly<Record<string, string>>;

const camelCase = {
  topP: 'topP',
  topK: 'topK',
  maxOutputTokens: 'maxOutputTokens',
  stopSequences: 'stopSequences',
  presencePenalty: 'presencePenalty',
  frequencyPenalty: 'frequencyPenalty',
  seed: 'seed',
};

/** The spelling of clients, by the name of an API. */
export const spellings = {
  /** The AI SDK, LangChain of JavaScript in most parts. */
  'ai-sdk': camelCase,
  /** Chat completions. */
  openai: {
    topP: 'top_p',
    maxOutputTokens: 'max_completion_tokens',
    stopSequences: 'stop',
    presencePenalty: 'presence_penalty',
    frequencyPenalty: 'frequency_penalty',
    seed: 'seed',
    reasoningEffort: 'reasoning_effort',
  },
  'openai-responses': { topP: 'top_p', maxOutputTokens: 'max_output_tokens' },
  anthropic: {
    topP: 'top_p',
    topK: 'top_k',
    maxOutputTokens: 'max_tokens',
    stopSequences: 'stop_sequences',
  },
  google: camelCase,
  /** The field `inferenceConfig` of Converse. */
  bedrock: { topP: 'topP', maxOutputTokens: 'maxTokens', stopSequences: 'stopSequences' },
  mistral: {
    topP: 'top_p',
    maxOutputTokens: 'max_tokens',
    stopSequences: 'stop',
    presencePenalty: 'presence_penalty',
    frequencyPenalty: 'frequency_penalty',
    seed: 'random_seed',
  },
  cohere: {
    topP: 'p',
    topK: 'k',
    maxOutputTokens: 'max_tokens',
    stopSequences: 'stop_sequences',
    presencePenalty: 'presence_penalty',
    frequencyPenalty: 'frequency_penalty',
    seed: 'seed',
  },
} satisfies Readonly<Record<Spelling, Names>>;

const ofProviders: Readonly<Record<string, Spelling>> = {
  azure: 'openai',
  vertex: 'google',
  gemini: 'google',
};

/** The spelling of an endpoint, or undefined for a provider that the table does not have. */
export function spellingOf(provider: string, spelling: Spelling | undefined): Names | undefined {
  const name = spelling ?? (Object.hasOwn(ofProviders, provider) ? ofProviders[provider] : provider);
  return name !== undefined && Object.hasOwn(spellings, name) ? spellings[name as Spelling] : undefined;
}

/** The parameter that a spelling means. Names of one letter mean one only where the client has them. */
export function parameterOf(name: string, own: Names | undefined): string {
  const ownName = Object.entries(own ?? {}).find(([, spelled]) => spelled === name);
  return ownName ? ownName[0] : (meanings.get(name) ?? name);
}

const meanings: ReadonlyMap<string, string> = new Map([
  ['maxCompletionTokens', 'maxOutputTokens'], // LangChain
  ...Object.values(spellings).flatMap((names: Names) =>
    Object.entries(names)
      .filter(([, spelled]) => spelled.length > 1)
      .map(([parameter, spelled]) => [spelled, parameter] as const),
  ),
  ...Object.values(spellings).flatMap((names) => Object.keys(names).map((name) => [name, name] as const)),
]);
