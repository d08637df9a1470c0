// What a call will cost at most, as far as it says: from `estimatedTokens`, `maxOutputTokens`, and the
// parameters that its client gets. Used by costs.ts.

import type { ChargedOptions } from '../endpoints/charging.ts';
import type { Amount } from '../endpoints/cost.ts';
import { type Endpoint, withParameters } from '../endpoints/endpoint.ts';
import type { Usage } from '../endpoints/usage.ts';
import { parameterOf } from '../presets/spellings.ts';

/** Servers take a limit below 1 as none. */
function maxOutputOf(
  endpoint: Endpoint,
  { maxOutputTokens, parameters: ofCall }: ChargedOptions,
): number | undefined {
  if (maxOutputTokens !== undefined) return maxOutputTokens;
  const { parameters } = ofCall ? withParameters(endpoint, ofCall) : endpoint;
  const name = Object.keys(parameters).find((one) => parameterOf(one, undefined) === 'maxOutputTokens');
  const most = name === undefined ? undefined : parameters[name];
  return typeof most === 'number' && most >= 1 && Number.isFinite(most) ? most : undefined;
}

/** Whether the estimate of a call can be made, if its price is known. */
export function saysItsSize(endpoint: Endpoint, options: ChargedOptions): boolean {
  if ((options.estimatedTokens ?? maxOutputOf(endpoint, options)) !== undefined) return true;
  const { perCall, inputPerMillion, outputPerMillion } = endpoint.rates ?? {};
  return perCall !== undefined && inputPerMillion === undefined && outputPerMillion === undefined;
}

/** Undefined: the call says nothing of its size, or its price is not known. */
export function estimateOf(
  endpoint: Endpoint,
  options: ChargedOptions,
  priceOf: (usage: Usage | undefined) => Amount | undefined,
): Amount | undefined {
  const { estimatedTokens: all } = options;
  const most = maxOutputOf(endpoint, options);
  if (all === undefined && most === undefined) return priceOf(undefined);
  if (most !== undefined) {
    const outputTokens = all === undefined ? most : Math.min(most, all);
    return priceOf({ inputTokens: (all ?? most) - outputTokens, outputTokens });
  }
  // which of them are output is not known: the dearer of both
  const [input, output] = [
    priceOf({ inputTokens: all as number, outputTokens: 0 }),
    priceOf({ inputTokens: 0, outputTokens: all as number }),
  ];
  return input && output ? (input.micros > output.micros ? input : output) : (input ?? output);
}
