// Amounts of money in whole micro-units. Used by all of cost/ and budgets/. A price per million tokens, in
// units, times tokens is in micro-units already.

import type { Amount } from '../endpoints/cost.ts';

/** The micro-units of an amount in units. */
export const microsOf = (units: number): number => Math.round(units * 1e6);

/** Rounds up: what costs something is never 0. The tolerance is for errors of binary fractions. A server may
 *  say any number of tokens, and sums must stay numbers. */
export const wholeMicros = (micros: number): number =>
  Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.ceil(micros - 1e-6)));

/** As a person reads it: `12.34 USD`, with as many digits as it needs. */
export function shown({ micros, currency }: Amount): string {
  const digits = (micros / 1e6).toFixed(6).replace(/(\.\d\d\d*?)0+$/, '$1');
  return `${digits} ${currency}`;
}

/** Whether a value is an amount, such as one that a function of the application has returned. */
export function isAmount(value: unknown): value is Amount {
  const { micros, currency } = (value ?? {}) as Partial<Amount>;
  return (
    Number.isSafeInteger(micros) &&
    (micros as number) >= 0 &&
    typeof currency === 'string' &&
    /^[A-Z]{3}$/.test(currency)
  );
}
