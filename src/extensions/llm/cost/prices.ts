// What a call costs: by the rates of its endpoint, else by the function `price` of the application. Used by
// costs.ts. A call whose price is not known has none, and never 0.

import type { RatesData } from '../data.ts';
import type { Amount } from '../endpoints/cost.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { LlmEvents } from '../endpoints/events.ts';
import type { Usage } from '../endpoints/usage.ts';
import { isAmount, wholeMicros } from './amount.ts';

/** A call, as a price depends on it. */
export interface PricedCall {
  readonly provider: string;
  readonly model: string;
  readonly region?: string;
  /** The service tier that the vendor says it has used, or that the endpoint asks for: `flex`, `priority`. */
  readonly tier?: string;
  readonly usage: Usage;
  /** The name of the endpoint. */
  readonly endpoint: string;
}

/** The price of a call; undefined if it is not known. Must return at once.
 *  @example
 *  const price: Price = ({ model, usage }) =>
 *    model === 'in-house' ? { micros: Math.ceil(usage.outputTokens * 0.2), currency: 'EUR' } : undefined; */
export type Price = (call: PricedCall) => Amount | undefined;

export class Prices {
  readonly #price: Price | undefined;
  readonly #events: LlmEvents;
  /** The endpoints and reasons that are reported. */
  readonly #reported = new Set<string>();

  constructor(price: Price | undefined, events: LlmEvents) {
    this.#price = price;
    this.#events = events;
  }

  /** Undefined: it is not known, which is reported. Without a usage, only a price per call is known. */
  of(endpoint: Endpoint, usage: Usage | undefined): Amount | undefined {
    const { rates } = endpoint;
    let why = 'its price is not known';
    try {
      const amount: unknown = rates ? byRates(rates, usage) : usage && this.#given(endpoint, usage);
      if (isAmount(amount)) return amount;
      if (amount !== undefined)
        why = 'price returned no amount: { micros, currency } with a whole number of micro-units';
    } catch {
      why = 'price has thrown';
    }
    if (usage) this.unpriced(endpoint, why);
    return undefined;
  }

  #given(endpoint: Endpoint, usage: Usage): unknown {
    const { provider, model, name, region } = endpoint;
    const tier = usage.tier ?? askedTier(endpoint);
    return this.#price?.({
      provider,
      model,
      ...(region !== undefined && { region }),
      ...(tier !== undefined && { tier }),
      usage,
      endpoint: name,
    });
  }

  /** Reports once that calls of an endpoint have no price. */
  unpriced({ name, model }: Endpoint, why: string): void {
    const id = JSON.stringify([name, model, why]);
    if (this.#reported.has(id)) return;
    this.#reported.add(id);
    this.#events.emit('unpriced', () => ({ endpoint: name, model, why, level: 'warn' }));
  }
}

function byRates(rates: RatesData, usage: Usage | undefined): Amount | undefined {
  const { currency, inputPerMillion: input, outputPerMillion: output, perCall } = rates;
  const isByTokens = input !== undefined || output !== undefined;
  if (isByTokens && !usage) return undefined;
  const {
    inputTokens = 0,
    outputTokens = 0,
    cachedTokens = 0,
    cacheWriteTokens = 0,
    cacheWriteHourTokens = 0,
  } = isByTokens && usage ? usage : {};
  const { cachedPerMillion = input, cacheWritePerMillion = input } = rates;
  const { cacheWriteHourPerMillion = cacheWritePerMillion } = rates;
  const parts: readonly (readonly [tokens: number, perMillion: number | undefined])[] = [
    [inputTokens - cachedTokens - cacheWriteTokens, input],
    [cachedTokens, cachedPerMillion],
    [cacheWriteTokens - cacheWriteHourTokens, cacheWritePerMillion],
    [cacheWriteHourTokens, cacheWriteHourPerMillion],
    [outputTokens, output],
  ];
  if (parts.some(([tokens, perMillion]) => tokens > 0 && perMillion === undefined)) return undefined;
  const sum = parts.reduce((total, [tokens, perMillion = 0]) => total + Math.max(0, tokens) * perMillion, 0);
  return { micros: wholeMicros(sum + (perCall ?? 0) * 1e6), currency };
}

/** The tier that the parameters of an endpoint ask for. */
function askedTier({ parameters }: Endpoint): string | undefined {
  const tier = parameters.service_tier ?? parameters.serviceTier;
  return typeof tier === 'string' && tier !== 'auto' ? tier : undefined;
}
