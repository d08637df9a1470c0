// The port of a ledger that several processes keep together: what is spent, and what is held for calls under
// way. Implemented by extensions and users, beside the pace. Called by llm/budgets/shared-book.ts, which
// copes with one that is late or fails.

/** A hold, or what a call has cost in the end. Amounts are whole numbers of micro-units of one currency. */
export interface LedgerEntry {
  /** What is limited, in which period. The accounts of a ledger have nothing in common. */
  readonly account: string;
  /** The same entry sent twice counts once, within two minutes. */
  readonly id: string;
  readonly amount: number;
  /** What the caller has seen to be spent. A ledger that has lost its data goes on from there. */
  readonly known: number;
  /** How long the account is kept at least. */
  readonly lifeMs: number;
}

/** An account of a ledger. */
export interface LedgerState {
  readonly spent: number;
  readonly held: number;
}

/** A ledger that several processes keep together. Each operation is one step that no other interrupts. It may
 *  reject, or take long. */
export interface SharedLedger {
  /** Holds an amount if it, what is spent and what is held are at most `limit` together. A hold is given back
   *  after `holdMs`, unless it is settled before. */
  reserve(
    entry: LedgerEntry,
    how: { readonly limit: number; readonly holdMs: number },
  ): Promise<LedgerState & { readonly granted: boolean }>;
  /** Replaces a hold of `held` by what was spent, also after the hold was given back. `before`: what was
   *  spent until then. */
  settle(entry: LedgerEntry, held: number): Promise<LedgerState & { readonly before: number }>;
  spent(account: string): Promise<LedgerState>;
  /** The number of processes that use the ledger, as far as it is known. */
  readonly processes: number;
}
