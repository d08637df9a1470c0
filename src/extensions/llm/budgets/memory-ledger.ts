// The ledger of one process: what is spent, and what is held for calls under way. Used by own-book.ts, and
// by shared-book.ts while the shared ledger is away. The same rules as the ledger over Redis.

import type { Clock } from '../../../shelter/clock.ts';
import type { LedgerEntry, LedgerState } from '../../../shelter/shared-ledger.ts';

interface Hold {
  readonly amount: number;
  readonly endsAt: number;
}

interface Account {
  spent: number;
  held: number;
  /** By id, in the order in which they began. */
  readonly holds: Map<string, Hold>;
  endsAt: number;
}

/** How often accounts that have ended are looked for. */
const pruneMs = 3_600_000;

export class MemoryLedger {
  readonly #clock: Clock;
  readonly #accounts = new Map<string, Account>();
  #pruneAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get accounts(): Iterable<string> {
    return this.#accounts.keys();
  }

  reserve(
    entry: Omit<LedgerEntry, 'known'>,
    { limit, holdMs }: { readonly limit: number; readonly holdMs: number },
  ): LedgerState & { readonly granted: boolean } {
    const account = this.#account(entry.account, entry.lifeMs);
    const { id, amount } = entry;
    const granted = account.spent + account.held + amount <= limit;
    if (granted) {
      account.holds.set(id, { amount, endsAt: this.#clock.now() + holdMs });
      account.held += amount;
    }
    return { granted, spent: account.spent, held: account.held };
  }

  settle({
    account: name,
    id,
    amount,
    lifeMs,
  }: Omit<LedgerEntry, 'known'>): LedgerState & { readonly before: number } {
    const account = this.#account(name, lifeMs);
    const before = account.spent;
    this.#release(account, id);
    account.spent += amount;
    return { before, spent: account.spent, held: account.held };
  }

  spent(name: string): LedgerState {
    const account = this.#accounts.get(name);
    if (!account) return { spent: 0, held: 0 };
    this.#expire(account);
    return { spent: account.spent, held: account.held };
  }

  #account(name: string, lifeMs: number): Account {
    const now = this.#clock.now();
    if (now >= this.#pruneAt) this.#prune(now);
    let account = this.#accounts.get(name);
    if (!account) {
      account = { spent: 0, held: 0, holds: new Map(), endsAt: 0 };
      this.#accounts.set(name, account);
    }
    account.endsAt = Math.max(account.endsAt, now + lifeMs);
    this.#expire(account);
    return account;
  }

  #release(account: Account, id: string): void {
    const hold = account.holds.get(id);
    if (!hold) return;
    account.holds.delete(id);
    account.held -= hold.amount;
  }

  /** Gives back the holds that are past their deadline: of streams that nothing reads to their end. */
  #expire(account: Account): void {
    const now = this.#clock.now();
    for (const [id, { endsAt }] of account.holds) {
      // a reload may have changed the deadlines: those of later holds wait for the first one at most
      if (endsAt > now) break;
      this.#release(account, id);
    }
  }

  #prune(now: number): void {
    this.#pruneAt = now + pruneMs;
    for (const [name, { endsAt }] of this.#accounts) if (endsAt <= now) this.#accounts.delete(name);
  }
}
