// What an attempt is charged when it ends: what it has used, the estimate where its usage has not come, or
// nothing where the vendor has done no work. Used by costs.ts.

import type { Ended } from '../endpoints/charging.ts';
import type { Reason } from '../endpoints/classify.ts';
import type { Amount, Cost } from '../endpoints/cost.ts';
import { type Usage, usageOf } from '../endpoints/usage.ts';

/** The vendor may go on after these, and bill the answer that did not arrive. After all others, it has
 *  refused the request or has failed. */
const mayBeBilled: ReadonlySet<Reason> = new Set(['timeout', 'aborted', 'unknown']);

interface Pricing {
  priceOf(usage: Usage | undefined): Amount | undefined;
  estimate(): Amount | undefined;
}

/** `free`: nothing is billed. `unpriced`: something may be, and how much is not known. */
export function costOf(
  { usage, fault, error, hasBegun, isCut }: Ended,
  { priceOf, estimate }: Pricing,
): Cost | 'free' | 'unpriced' {
  // a failure after the whole answer says what it has used
  const ofError = fault && !usage ? usageOf(error) : undefined;
  if (ofError || (!fault && !isCut)) {
    const actual = priceOf(usage ?? ofError);
    return actual ? { ...actual, isEstimated: false } : estimated(estimate());
  }
  const isBilled = usage !== undefined || hasBegun || (fault && mayBeBilled.has(fault.reason));
  if (!isBilled) return 'free';
  return estimated(larger(estimate(), usage && priceOf(usage)));
}

const estimated = (amount: Amount | undefined): Cost | 'unpriced' =>
  amount ? { ...amount, isEstimated: true } : 'unpriced';

/** What has come so far is a part, which may be more than the estimate. */
const larger = (a: Amount | undefined, b: Amount | undefined): Amount | undefined =>
  a && b && a.currency === b.currency && b.micros > a.micros ? b : (a ?? b);
