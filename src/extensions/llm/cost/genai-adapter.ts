// The adapter of the optional package `@pydantic/genai-prices`, whose prices are in US dollars. Loaded by
// ../genai-prices.ts. A calculation of the package takes 40 to 250 µs, so plain rates of a model are kept for
// a minute; some change with the date or the time of day.

import { ConfigError } from '../../../errors.ts';
import { lazy, peer } from '../../../internal/lazy.ts';
import { aString, checkOptions, mapOf } from '../../../internal/options.ts';
import type { Amount } from '../endpoints/cost.ts';
import { wholeMicros } from './amount.ts';
import type { Price, PricedCall } from './prices.ts';

/** The options of `genaiPrices`. */
export interface GenaiPricesOptions {
  /** The vendors of that package by the `provider` of your endpoints, where the names differ. It knows the
   *  usual ones: `openai`, `azure`, `anthropic`, `google`, `vertex`, `bedrock`. @default {} */
  readonly providers?: Readonly<Record<string, string>>;
}

type Tokens = Readonly<Record<string, number>>;

/** What is used of the package. */
interface GenaiPrices {
  calcPrice(
    usage: Tokens,
    model: string,
    options: { readonly providerId: string },
  ): { readonly total_price: number; readonly model_price: Readonly<Record<string, unknown>> } | null;
}

const load = lazy(
  async () =>
    (await peer(
      'genaiPrices',
      '@pydantic/genai-prices',
      () => import('@pydantic/genai-prices'),
    )) as unknown as GenaiPrices,
);

const keptMs = 60_000;
const maxKept = 1_000;
/** Tiers that cost what the list says. */
const usualTiers: ReadonlySet<string> = new Set(['default', 'standard', 'auto', 'on_demand']);

/** Dollars for a million tokens. */
interface Rates {
  readonly until: number;
  readonly input: number;
  readonly output: number;
  readonly cached: number | undefined;
  readonly written: number | undefined;
}

export async function adapted(options: GenaiPricesOptions): Promise<Price> {
  checkOptions('genaiPrices', options, { providers: mapOf(aString) });
  const { providers = {} } = options;
  const { calcPrice } = await load();
  if (typeof calcPrice !== 'function')
    throw new ConfigError('missing_dependency', 'genaiPrices: the package has no calcPrice', {
      hint: 'Run: npm install @pydantic/genai-prices@0.1',
    });
  const kept = new Map<string, Rates>();
  return ({ provider, model, tier, usage }) => {
    if (tier !== undefined && !usualTiers.has(tier)) return undefined;
    const providerId = Object.hasOwn(providers, provider) ? (providers[provider] as string) : provider;
    const id = JSON.stringify([providerId, model]);
    const rates = kept.get(id);
    const now = Date.now();
    const quick = rates && now < rates.until ? byRates(rates, usage) : undefined;
    if (quick) return quick;
    const found = calcPrice(tokensOf(usage), model, { providerId });
    if (!found || !Number.isFinite(found.total_price)) return undefined;
    const plain = plainRates(found.model_price, now + keptMs);
    if (plain) {
      if (kept.size >= maxKept) kept.clear();
      kept.set(id, plain);
    }
    return dollars(found.total_price * 1e6);
  };
}

const dollars = (micros: number): Amount => ({ micros: wholeMicros(micros), currency: 'USD' });

/** In the words of the package, whose `input_tokens` are all tokens of the input. */
function tokensOf(usage: PricedCall['usage']): Tokens {
  const { inputTokens, outputTokens, cachedTokens, cacheWriteTokens, cacheWriteHourTokens } = usage;
  return {
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    ...(cachedTokens && { cache_read_tokens: cachedTokens }),
    ...(cacheWriteTokens && { cache_write_tokens: cacheWriteTokens }),
    ...(cacheWriteHourTokens && { cache_write_1h_tokens: cacheWriteHourTokens }),
  };
}

/** Undefined: the price of a token depends on the size of the call. */
function plainRates(price: Readonly<Record<string, unknown>>, until: number): Rates | undefined {
  const {
    input_mtok: input,
    output_mtok: output,
    cache_read_mtok,
    cache_write_mtok,
    requests_kcount,
  } = price;
  if (typeof input !== 'number' || typeof output !== 'number' || requests_kcount !== undefined)
    return undefined;
  const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
  return { until, input, output, cached: number(cache_read_mtok), written: number(cache_write_mtok) };
}

/** Undefined: the package must calculate it. */
function byRates({ input, output, cached, written }: Rates, usage: PricedCall['usage']): Amount | undefined {
  const { inputTokens, outputTokens, cachedTokens = 0, cacheWriteTokens = 0, cacheWriteHourTokens } = usage;
  if (cacheWriteHourTokens) return undefined;
  if ((cachedTokens > 0 && cached === undefined) || (cacheWriteTokens > 0 && written === undefined))
    return undefined;
  const plain = inputTokens - cachedTokens - cacheWriteTokens;
  return dollars(
    plain * input + cachedTokens * (cached ?? 0) + cacheWriteTokens * (written ?? 0) + outputTokens * output,
  );
}
