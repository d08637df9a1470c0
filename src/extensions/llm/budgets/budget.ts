// A budget of the configuration: which account a call uses, what fits, and what is reported. Used by
// cost/costs.ts. It outlives reloads, which change its limits and keep what is spent.

import { randomUUID } from 'node:crypto';
import { ConfigError } from '../../../errors.ts';
import { type SteadyClock, shownNow } from '../../../shelter/clock.ts';
import type { SharedLedger } from '../../../shelter/shared-ledger.ts';
import { microsOf, shown } from '../cost/amount.ts';
import type { BudgetData } from '../data.ts';
import type { Obstacle } from '../endpoints/backends.ts';
import type { ChargedOptions, ExplainedBudget } from '../endpoints/charging.ts';
import type { LlmEvents } from '../endpoints/events.ts';
import type { Answer, Book, Hold } from './book.ts';
import { OwnBook } from './own-book.ts';
import { periodAt } from './period.ts';
import { SharedBook } from './shared-book.ts';

/** What is reported when it is spent. */
interface Marks {
  readonly alert: number;
  readonly limit: number;
}

/** Accounts are kept for a day after their period, for calls that end later. */
const lateMs = 86_400_000;

export class Budget {
  readonly #name: string;
  readonly #clock: SteadyClock;
  readonly #events: LlmEvents;
  readonly #book: Book;
  #data: BudgetData;

  constructor(
    name: string,
    data: BudgetData,
    {
      clock,
      events,
      ledgerOf,
    }: {
      readonly clock: SteadyClock;
      readonly events: LlmEvents;
      readonly ledgerOf: ((name: string) => SharedLedger) | undefined;
    },
  ) {
    this.#name = name;
    this.#data = data;
    this.#clock = clock;
    this.#events = events;
    const onSpent = ({ account }: Hold, before: number, spent: number): void =>
      this.#passed(account, before, spent);
    this.#book = ledgerOf
      ? new SharedBook(ledgerOf(`llm:${name}:${data.currency}`), clock, {
          onSpent,
          onAway: (isAway) => this.#ledgerIs(isAway ? 'away' : 'back'),
        })
      : new OwnBook(clock, onSpent);
    if (data.each === undefined) void this.#book.look(this.hold('', {}, randomUUID(), 0));
  }

  get currency(): string {
    return this.#data.currency;
  }

  get isHard(): boolean {
    return this.#data.hard === true;
  }

  get name(): string {
    return this.#name;
  }

  /** Another limit, with the same currency. What is spent already may pass the new marks. */
  follow(data: BudgetData): void {
    const before = this.#marks;
    this.#data = data;
    const { name } = this.#period();
    for (const account of this.#book.accounts) {
      if (account.split(' ', 1)[0] !== name) continue;
      const { spent } = this.#book.state(account);
      this.#passed(account, spent, spent, before);
    }
  }

  covers(task: string): boolean {
    return this.#data.tasks?.includes(task) ?? true;
  }

  /** @throws ConfigError `invalid_option` for a call without the tenant or subject that the budget is for */
  check(task: string, options: ChargedOptions): void {
    const { each } = this.#data;
    if (each !== 'tenant' && each !== 'subject') return;
    if (options[each] !== undefined) return;
    throw new ConfigError(
      'invalid_option',
      `llm: the budget "${this.#name}" is for each ${each}, and the call of "${task}" has none`,
      { hint: `Set the option ${each} of the call` },
    );
  }

  /** The account that a call uses now. */
  hold(task: string, options: ChargedOptions, id: string, amount: number): Hold {
    const period = this.#period();
    const of = this.#of(task, options);
    return {
      account: of === undefined ? period.name : `${period.name} ${of}`,
      id,
      amount,
      lifeMs: period.endsAt - shownNow(this.#clock) + lateMs,
    };
  }

  /** Holds an amount for a call. */
  reserve(hold: Hold): Answer | Promise<Answer> {
    const { holdMs = 600_000, whenAway = 'refuse' } = this.#data;
    return this.#book.reserve(hold, { limit: this.#limit, holdMs, whenAway });
  }

  settle(hold: Hold, spent: number): void {
    this.#book.settle(hold, spent);
  }

  /** Why a call was refused. */
  obstacle({ account, amount }: Hold, answer: Answer): Obstacle {
    if (answer === 'away')
      return {
        state: 'over budget',
        why: `the ledger of the budget "${this.#name}" does not answer, and the budget is hard`,
      };
    const { spent, held } = this.#book.state(account);
    const { currency } = this;
    const money = (micros: number): string => shown({ micros, currency });
    const left = money(Math.max(0, this.#limit - spent - held));
    return {
      state: 'over budget',
      why:
        `the budget "${this.#name}" has ${left} left for ${account}, ` +
        `and the call may cost ${money(amount)}`,
    };
  }

  explain(task: string, options: ChargedOptions): ExplainedBudget | undefined {
    const { each } = this.#data;
    const of = this.#of(task, options);
    if (each !== undefined && of === undefined) return undefined;
    const { spent, held } = this.#book.state(this.hold(task, options, '', 0).account);
    return Object.freeze({
      budget: this.#name,
      ...(of !== undefined && { of }),
      period: this.#period().name,
      currency: this.currency,
      limitMicros: this.#limit,
      spentMicros: spent,
      heldMicros: held,
      hard: this.isHard,
      kept: this.#book.kept,
    });
  }

  close(): Promise<void> {
    return this.#book.close();
  }

  get #limit(): number {
    const { perMonth, perDay } = this.#data;
    return microsOf(perMonth ?? (perDay as number));
  }

  #period(): ReturnType<typeof periodAt> {
    return periodAt(shownNow(this.#clock), this.#data.perMonth !== undefined);
  }

  #of(task: string, options: ChargedOptions): string | undefined {
    const { each } = this.#data;
    return each === undefined ? undefined : each === 'task' ? task : options[each];
  }

  get #marks(): Marks {
    const { alertAt = 0.8 } = this.#data;
    return { alert: Math.ceil(this.#limit * alertAt), limit: this.#limit };
  }

  /** Reports the marks that are passed now, and were not passed `before`, by the marks of then. What is spent
   *  never falls in an account, so each mark is passed once, in one of the processes. */
  #passed(account: string, before: number, spent: number, then = this.#marks): void {
    const { alert, limit } = this.#marks;
    const emit = (state: 'alert' | 'exceeded'): void =>
      this.#events.emit('budget', () => ({
        budget: this.#name,
        account,
        state,
        currency: this.currency,
        spentMicros: spent,
        limitMicros: limit,
        outcome: state === 'alert' ? 'ok' : 'quota_exceeded',
        level: state === 'alert' ? 'warn' : 'error',
      }));
    if (before < then.alert && spent >= alert) emit('alert');
    if (before <= then.limit && spent > limit) emit('exceeded');
  }

  #ledgerIs(state: 'away' | 'back'): void {
    this.#events.emit('budget', () => ({
      budget: this.#name,
      state,
      currency: this.currency,
      outcome: state === 'away' ? 'unavailable' : 'ok',
      level: state === 'away' ? 'error' : 'info',
    }));
  }
}
