// What keeps the accounts of a budget: in this process (own-book.ts), or over a ledger that processes share
// (shared-book.ts). Used by budget.ts.

import type { LedgerState } from '../../../shelter/shared-ledger.ts';

/** An amount that is held in an account, or that is spent without a hold. */
export interface Hold {
  readonly account: string;
  readonly id: string;
  /** What is held. 0: nothing. */
  readonly amount: number;
  /** How long the account is kept at least. */
  readonly lifeMs: number;
}

/** The terms of a hold. */
export interface Terms {
  readonly limit: number;
  readonly holdMs: number;
  readonly whenAway: 'refuse' | 'share';
}

/** `away`: the shared ledger does not answer, so nothing was granted. */
export type Answer = 'granted' | 'full' | 'away';

/** Called with what was spent before and after. */
export type OnSpent = (hold: Hold, before: number, spent: number) => void;

export interface Book {
  readonly kept: 'in this process' | 'shared' | 'away';
  /** Finds out what is spent. Does not reject. */
  look(hold: Hold): Promise<void>;
  reserve(hold: Hold, terms: Terms): Answer | Promise<Answer>;
  /** Replaces a hold by what was spent. Does not wait for a shared ledger. */
  settle(hold: Hold, spent: number): void;
  /** The accounts that this process knows. */
  readonly accounts: Iterable<string>;
  /** As far as this process knows. */
  state(account: string): LedgerState;
  /** Waits for what is under way, for a moment. */
  close(): Promise<void>;
}
