// The tokens that a call has used, read from the shape of an answer, or of the chunks of a stream: of both
// APIs of OpenAI, Anthropic's, the AI SDK and LangChain. Undefined where an answer has none.

/** Tokens of one call. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

/** The tokens that an answer or a chunk says. Anthropic's numbers are without those of its cache, so they are
 *  added. A chunk may say only one of the two; the other is then 0. */
export function usageOf(answer: unknown): Usage | undefined {
  const { usage, message, response, usage_metadata, usageMetadata } = fields(answer);
  const found = [usage, fields(message).usage, fields(response).usage, usage_metadata, usageMetadata].find(
    (one) => typeof one === 'object' && one !== null,
  );
  if (!found) return undefined;
  const all = fields(found);
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
  const cached = first(all.cache_read_input_tokens) ?? 0;
  const written = first(all.cache_creation_input_tokens) ?? 0;
  if (input === undefined && output === undefined) return undefined;
  return { inputTokens: (input ?? 0) + cached + written, outputTokens: output ?? 0 };
}

/** The numbers of the chunks together: each says a sum so far. */
export const laterUsage = (before: Usage | undefined, now: Usage | undefined): Usage | undefined =>
  before && now
    ? {
        inputTokens: Math.max(before.inputTokens, now.inputTokens),
        outputTokens: Math.max(before.outputTokens, now.outputTokens),
      }
    : (now ?? before);

/** The first that is a number. In newer models of the AI SDK, an object with `total`. */
function first(...values: readonly unknown[]): number | undefined {
  for (const value of values) {
    const number = typeof value === 'object' ? fields(value).total : value;
    if (typeof number === 'number' && number >= 0 && Number.isFinite(number)) return number;
  }
  return undefined;
}
