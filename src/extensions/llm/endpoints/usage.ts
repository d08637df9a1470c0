// The tokens that a call has used, read from the shape of an answer, or of the chunks of a stream: of both
// APIs of OpenAI, Anthropic's, the AI SDK and LangChain. Undefined where an answer has none.

/** Tokens of one call. */
export interface Usage {
  /** With those that came from a cache or went into one, whichever vendor counts them. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the input: those that came from a cache. */
  readonly cachedTokens?: number;
  /** Of the input: those that went into a cache. */
  readonly cacheWriteTokens?: number;
  /** Of those that went into a cache: those that it keeps for an hour. */
  readonly cacheWriteHourTokens?: number;
  /** The service tier that the vendor has used, in its word. */
  readonly tier?: string;
}

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

/** The tokens that an answer or a chunk says. A chunk may say only one of the two; the other is then 0. */
export function usageOf(answer: unknown): Usage | undefined {
  const { usage, message, response, usage_metadata, usageMetadata, providerMetadata } = fields(answer);
  const found = [usage, fields(message).usage, fields(response).usage, usage_metadata, usageMetadata].find(
    (one) => typeof one === 'object' && one !== null,
  );
  if (!found) return undefined;
  // models of the AI SDK before version 3 mix the numbers of Anthropic with their own
  const raw = fields(fields(providerMetadata).anthropic).usage;
  const isOld = typeof fields(found).inputTokens !== 'object' && typeof raw === 'object' && raw !== null;
  const all = fields(isOld ? raw : found);
  const input = first(
    all.inputTokens,
    all.input_tokens,
    all.prompt_tokens,
    all.promptTokens,
    all.promptTokenCount,
    all.tokens,
  );
  const output = first(
    all.outputTokens,
    all.output_tokens,
    all.completion_tokens,
    all.completionTokens,
    all.candidatesTokenCount,
  );
  if (input === undefined && output === undefined) return undefined;
  const { cached, written, beside } = cacheIn(all, input ?? 0);
  const tier = tierIn(all, answer);
  const hour = first(fields(all.cache_creation).ephemeral_1h_input_tokens);
  return {
    inputTokens: (input ?? 0) + beside + (first(all.toolUsePromptTokenCount) ?? 0),
    outputTokens: (output ?? 0) + reasoningBeside(all, (input ?? 0) + (output ?? 0)),
    ...(cached && { cachedTokens: cached }),
    ...(written && { cacheWriteTokens: written }),
    ...(hour && { cacheWriteHourTokens: hour }),
    ...(tier && { tier }),
  };
}

/** The tokens of the cache. Anthropic and Bedrock count them beside those of the input; all others count them
 *  among them. */
function cacheIn(
  all: Fields,
  input: number,
): { readonly cached: number; readonly written: number; readonly beside: number } {
  const apart = {
    cached: first(all.cache_read_input_tokens, all.cacheReadInputTokens) ?? 0,
    written: first(all.cache_creation_input_tokens, all.cacheWriteInputTokens) ?? 0,
  };
  const beside = apart.cached + apart.written;
  if (beside > 0) return { ...apart, beside };
  const details = fields(all.prompt_tokens_details ?? all.input_tokens_details ?? all.input_token_details);
  const parts = fields(all.inputTokens);
  const cached =
    first(
      parts.cacheRead,
      details.cached_tokens,
      details.cache_read,
      all.cachedInputTokens,
      all.cachedContentTokenCount,
      all.prompt_cache_hit_tokens,
    ) ?? 0;
  const written = first(parts.cacheWrite, details.cache_creation, details.cache_write_tokens) ?? 0;
  // more than the whole input: they were not counted among it
  return { cached, written, beside: cached + written > input ? cached + written : 0 };
}

/** The tokens of reasoning that are not among those of the output. Google and xAI count them beside, which
 *  clients of other APIs pass on: then only the total has them. */
function reasoningBeside(all: Fields, sum: number): number {
  const thoughts = first(all.thoughtsTokenCount);
  if (thoughts !== undefined) return thoughts;
  const details = fields(
    all.completion_tokens_details ?? all.output_tokens_details ?? all.output_token_details,
  );
  const reasoning = first(all.reasoningTokens, details.reasoning_tokens, details.reasoning) ?? 0;
  return first(all.total_tokens, all.totalTokens) === sum + reasoning ? reasoning : 0;
}

function tierIn(usage: Fields, answer: unknown): string | undefined {
  const { service_tier, response, message, providerMetadata } = fields(answer);
  const tiers = [
    service_tier,
    usage.service_tier,
    fields(response).service_tier,
    fields(fields(message).usage).service_tier,
    fields(fields(providerMetadata).openai).serviceTier,
  ];
  return tiers.find((tier): tier is string => typeof tier === 'string' && /^[\w-]{1,32}$/.test(tier));
}

/** The numbers of the chunks together: each says a sum so far. */
export function laterUsage(before: Usage | undefined, now: Usage | undefined): Usage | undefined {
  if (!before || !now) return now ?? before;
  const later: Record<string, number | string> = { ...before };
  for (const [name, value] of Object.entries(now))
    later[name] = typeof value === 'string' ? value : Math.max(Number(later[name] ?? 0), value);
  return later as unknown as Usage;
}

/** The first that is a number. In newer models of the AI SDK, an object with `total`. */
function first(...values: readonly unknown[]): number | undefined {
  for (const value of values) {
    const number = typeof value === 'object' ? fields(value).total : value;
    if (typeof number === 'number' && number >= 0 && number <= Number.MAX_SAFE_INTEGER) return number;
  }
  return undefined;
}
