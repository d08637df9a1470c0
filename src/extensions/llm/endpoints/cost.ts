// Amounts of money, and what an attempt has cost. Used by events.ts and charging.ts.

/** An amount of money in whole micro-units: 1,500,000 of USD are 1.50 dollars. */
export interface Amount {
  readonly micros: number;
  /** As in ISO 4217: `USD`. */
  readonly currency: string;
}

/** What an attempt has cost. */
export interface Cost extends Amount {
  /** The usage has not come, so this is the estimate. */
  readonly isEstimated: boolean;
}
