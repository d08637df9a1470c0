// `genaiPrices`: the prices of the package `@pydantic/genai-prices`. The first call loads the adapter and the
// package, which is large.

import type { GenaiPricesOptions } from './cost/genai-adapter.ts';
import type { Price } from './cost/prices.ts';

/** Makes the function `price` from the list of prices in the package `@pydantic/genai-prices`, which you
 *  install. The list is part of the package, so nothing is downloaded. It ignores regions, and a call in
 *  another service tier than the default has no price.
 *  @throws ConfigError `missing_dependency`
 *  @example
 *  const ai = await loadLlm(chain, { price: await genaiPrices() }); */
export async function genaiPrices(options: GenaiPricesOptions = {}): Promise<Price> {
  const { adapted } = await import('./cost/genai-adapter.ts');
  return adapted(options);
}
