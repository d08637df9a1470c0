// The accounts of a budget that each process keeps for itself. Made by budget.ts without a shared ledger.

import type { Clock } from '../../../shelter/clock.ts';
import type { LedgerState } from '../../../shelter/shared-ledger.ts';
import type { Answer, Book, Hold, OnSpent, Terms } from './book.ts';
import { MemoryLedger } from './memory-ledger.ts';

export class OwnBook implements Book {
  readonly kept = 'in this process';
  readonly #ledger: MemoryLedger;
  readonly #onSpent: OnSpent;

  constructor(clock: Clock, onSpent: OnSpent) {
    this.#ledger = new MemoryLedger(clock);
    this.#onSpent = onSpent;
  }

  get accounts(): Iterable<string> {
    return this.#ledger.accounts;
  }

  async look(): Promise<void> {}

  reserve(hold: Hold, terms: Terms): Answer {
    return this.#ledger.reserve(hold, terms).granted ? 'granted' : 'full';
  }

  settle(hold: Hold, amount: number): void {
    const { before, spent } = this.#ledger.settle({ ...hold, amount });
    this.#onSpent(hold, before, spent);
  }

  state(account: string): LedgerState {
    return this.#ledger.spent(account);
  }

  async close(): Promise<void> {}
}
