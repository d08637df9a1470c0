// The accounts of a budget that processes keep together, over a ledger that they share. Made by budget.ts.
// While the ledger is away, a hard budget refuses calls, or each process has its share of what was left. What
// is settled then is sent later, so nothing that was spent is lost as long as the process lives.

import { later, type SteadyClock } from '../../../shelter/clock.ts';
import type { LedgerState, SharedLedger } from '../../../shelter/shared-ledger.ts';
import type { Answer, Book, Hold, OnSpent, Terms } from './book.ts';
import { MemoryLedger } from './memory-ledger.ts';

/** How long a call waits for the ledger: models take longer. In a cluster, a node that was never asked
 *  refuses until its connection is open, so what is rejected is asked again. */
const patienceMs = 1_000;
const againMs = 50;
/** How long the ledger is not asked after it has failed. */
const aloneMs = 1_000;
const maxKnown = 10_000;
/** Beyond that, amounts of one account are sent as one. */
const maxUnsent = 1_000;

interface Unsent {
  readonly hold: Hold;
  amount: number;
  sending: Promise<void> | undefined;
  /** Once it was sent, its amount must stay: the ledger may have it. */
  tries: number;
}

/** A ledger may be one of the application, and what it says is sent to it again. */
const wholeOf = (amount: number): number => (Number.isSafeInteger(amount) ? Math.max(0, amount) : 0);

export class SharedBook implements Book {
  readonly #ledger: SharedLedger;
  readonly #clock: SteadyClock;
  readonly #onSpent: OnSpent;
  readonly #onAway: (isAway: boolean) => void;
  readonly #known = new Map<string, LedgerState>();
  /** By id of the hold. */
  readonly #unsent = new Map<string, Unsent>();
  /** The holds that this process has granted by itself. */
  readonly #own = new Set<string>();
  #sharesOf: { readonly known: ReadonlyMap<string, LedgerState>; readonly own: MemoryLedger } | undefined;
  #isAway = false;
  #aloneUntil = Number.NEGATIVE_INFINITY;
  #cancelRetry: (() => void) | undefined;
  #isClosed = false;

  constructor(
    ledger: SharedLedger,
    clock: SteadyClock,
    { onSpent, onAway }: { readonly onSpent: OnSpent; readonly onAway: (isAway: boolean) => void },
  ) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#onSpent = onSpent;
    this.#onAway = onAway;
  }

  get kept(): 'shared' | 'away' {
    return this.#isAway ? 'away' : 'shared';
  }

  get accounts(): Iterable<string> {
    return this.#known.keys();
  }

  async reserve(hold: Hold, terms: Terms): Promise<Answer> {
    if (this.#clock.now() < this.#aloneUntil) return this.#alone(hold, terms);
    try {
      const asked = this.#asked(() => this.#ledger.reserve(this.#entry(hold, hold.amount), terms));
      const { granted, ...state } = await this.#inTime(asked, () => {
        if (!this.#own.has(hold.id)) this.#send(hold, 0); // its call was refused
      });
      this.#back();
      this.#learn(hold.account, state);
      return granted ? 'granted' : 'full';
    } catch {
      this.#away();
      return this.#alone(hold, terms);
    }
  }

  /** Finds out what is spent before the first call, and is counted as a process. */
  async look(hold: Hold): Promise<void> {
    try {
      const asked = this.#asked(() => this.#ledger.settle(this.#entry(hold, 0), 0));
      this.#learn(hold.account, await this.#inTime(asked));
    } catch {
      // calls find out by themselves
    }
  }

  settle(hold: Hold, amount: number): void {
    if (this.#own.delete(hold.id)) this.#sharesOf?.own.settle({ ...hold, amount });
    this.#send(hold, amount);
  }

  state(account: string): LedgerState {
    const { spent, held } = this.#known.get(account) ?? { spent: 0, held: 0 };
    let unsent = 0;
    for (const { hold, amount } of this.#unsent.values()) if (hold.account === account) unsent += amount;
    return { spent: spent + unsent, held };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry?.();
    const all = [...this.#unsent.values()].map((one) => this.#try(one));
    await Promise.all(all);
  }

  /** What a process may do by itself while the ledger is away: its share of what was left. */
  #alone(hold: Hold, { limit, holdMs, whenAway }: Terms): Answer {
    if (whenAway === 'refuse') return 'away';
    this.#sharesOf ??= { known: new Map(this.#known), own: new MemoryLedger(this.#clock) };
    const { known, own } = this.#sharesOf;
    const then = known.get(hold.account);
    if (!then) return 'away'; // what others have spent is not known
    const left = Math.max(0, limit - then.spent - then.held);
    const share = Math.floor(left / Math.max(1, this.#ledger.processes));
    if (!own.reserve(hold, { limit: share, holdMs }).granted) return 'full';
    this.#own.add(hold.id);
    return 'granted';
  }

  #entry({ account, id, lifeMs }: Hold, amount: number) {
    return { account, id, amount, lifeMs, known: this.#known.get(account)?.spent ?? 0 };
  }

  #learn(account: string, { spent, held }: LedgerState): void {
    if (this.#known.size >= maxKnown && !this.#known.has(account))
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    const before = this.#known.get(account)?.spent ?? 0;
    this.#known.set(account, { spent: Math.max(before, wholeOf(spent)), held: wholeOf(held) });
  }

  #send(hold: Hold, amount: number): void {
    let unsent = this.#unsent.get(hold.id);
    if (!unsent && this.#unsent.size >= maxUnsent) unsent = this.#mergeable(hold.account);
    if (unsent) unsent.amount += amount;
    else {
      unsent = { hold, amount, sending: undefined, tries: 0 };
      this.#unsent.set(hold.id, unsent);
    }
    if (this.#clock.now() < this.#aloneUntil) this.#retryLater(aloneMs);
    else void this.#try(unsent);
  }

  #mergeable(account: string): Unsent | undefined {
    for (const one of this.#unsent.values()) if (one.hold.account === account && one.tries === 0) return one;
    return undefined;
  }

  #try(unsent: Unsent): Promise<void> {
    unsent.sending ??= this.#settle(unsent).finally(() => {
      unsent.sending = undefined;
    });
    return unsent.sending;
  }

  async #settle(unsent: Unsent): Promise<void> {
    const { hold, amount } = unsent;
    unsent.tries++;
    try {
      const asked = async () => this.#ledger.settle(this.#entry(hold, amount), hold.amount);
      const { before, ...state } = await this.#inTime(asked());
      this.#unsent.delete(hold.id);
      this.#back();
      this.#learn(hold.account, state);
      this.#onSpent(hold, before, state.spent);
    } catch {
      if (unsent.tries > 1) this.#away();
      this.#retryLater(unsent.tries > 1 ? aloneMs : againMs);
    }
  }

  #retryLater(ms: number): void {
    if (this.#isClosed) return;
    this.#cancelRetry ??= later(this.#clock, ms, () => {
      this.#cancelRetry = undefined;
      void this.#retry();
    });
  }

  /** One after another, until one fails. */
  async #retry(): Promise<void> {
    for (const unsent of [...this.#unsent.values()]) {
      await this.#try(unsent);
      if (this.#unsent.has(unsent.hold.id)) return;
    }
  }

  #away(): void {
    this.#aloneUntil = this.#clock.now() + aloneMs;
    if (this.#isAway) return;
    this.#isAway = true;
    this.#onAway(true);
  }

  #back(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#sharesOf = undefined;
    this.#aloneUntil = Number.NEGATIVE_INFINITY;
    this.#onAway(false);
  }

  /** Asks again after a rejection, for a moment. */
  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    const until = this.#clock.now() + patienceMs;
    for (;;)
      try {
        return await ask();
      } catch (error) {
        if (this.#clock.now() + againMs >= until) throw error;
        await new Promise<void>((resolve) => void this.#clock.after(againMs, resolve));
      }
  }

  /** Waits at most a moment. `onLate`: it has come after that. */
  #inTime<T>(asked: Promise<T>, onLate?: () => void): Promise<T> {
    return new Promise((resolve, reject) => {
      let isLate = false;
      const cancel = this.#clock.after(patienceMs, () => {
        isLate = true;
        reject(new Error('the ledger is late'));
      });
      asked.then(
        (value) => {
          cancel();
          if (isLate) onLate?.();
          resolve(value);
        },
        (error: unknown) => {
          cancel();
          reject(error);
        },
      );
    });
  }
}
