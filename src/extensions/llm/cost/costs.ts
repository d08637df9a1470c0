// What the calls of a `loadLlm` cost: prices, budgets and sums. Loaded for sections with rates or budgets,
// and for the option `price` (missing-parts.ts). Each attempt has a charge, because each may be billed: it
// holds its estimate in the hard budgets of its task, and is settled when it ends.

import { randomUUID } from 'node:crypto';
import { ConfigError } from '../../../errors.ts';
import type { SteadyClock } from '../../../shelter/clock.ts';
import type { SharedLedger } from '../../../shelter/shared-ledger.ts';
import type { Answer, Hold } from '../budgets/book.ts';
import { Budget } from '../budgets/budget.ts';
import type { LlmData } from '../data.ts';
import type { Obstacle } from '../endpoints/backends.ts';
import type { Charge, ChargedOptions, Charging, Ended, ExplainedBudget } from '../endpoints/charging.ts';
import type { Amount, Cost } from '../endpoints/cost.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { LlmEvents } from '../endpoints/events.ts';
import type { Usage } from '../endpoints/usage.ts';
import { costOf } from './billed.ts';
import { estimateOf, saysItsSize } from './estimate.ts';
import { type Price, Prices } from './prices.ts';
import { type Spend, Tally } from './tally.ts';

export interface CostsParts {
  readonly clock: SteadyClock;
  readonly events: LlmEvents;
  readonly price: Price | undefined;
  readonly ledgerOf: ((name: string) => SharedLedger) | undefined;
}

/** A hold in a budget. */
type Held = readonly [Budget, Hold];

export class Costs implements Charging {
  readonly #parts: CostsParts;
  readonly #prices: Prices;
  readonly #tally = new Tally();
  readonly #process = randomUUID();
  #budgets: readonly Budget[] = [];
  /** All that were ever made, by name and currency: what was spent survives a reload. */
  readonly #made = new Map<string, Budget>();
  #attempts = 0;
  #firstCurrency: string | undefined;

  constructor(parts: CostsParts) {
    this.#parts = parts;
    this.#prices = new Prices(parts.price, parts.events);
  }

  follow({ budgets = {}, endpoints }: LlmData): void {
    this.#budgets = Object.entries(budgets).map(([name, data]) => {
      const id = JSON.stringify([name, data.currency]);
      let budget = this.#made.get(id);
      if (!budget) this.#made.set(id, (budget = new Budget(name, data, this.#parts)));
      budget.follow(data);
      return budget;
    });
    const rates = Object.values(endpoints).map((endpoint) => endpoint.rates?.currency);
    this.#firstCurrency = [this.#budgets[0]?.currency, ...rates].find((one) => one !== undefined);
  }

  check(task: string, endpoints: readonly Endpoint[], options: ChargedOptions): void {
    for (const budget of this.#budgetsOf(task)) {
      budget.check(task, options);
      const unsized = budget.isHard && endpoints.find((endpoint) => !saysItsSize(endpoint, options));
      if (!unsized) continue;
      const where = `max_tokens in the parameters of ${unsized.name}`;
      throw new ConfigError(
        'invalid_option',
        `llm: the budget "${budget.name}" is hard, and the call of "${task}" does not say what it may use`,
        { hint: `Set estimatedTokens or maxOutputTokens of the call, or ${where}` },
      );
    }
  }

  begin(
    task: string,
    endpoint: Endpoint,
    options: ChargedOptions,
  ): Charge | Obstacle | Promise<Charge | Obstacle> {
    const budgets = this.#budgetsOf(task);
    const hard = budgets.filter(({ isHard }) => isHard);
    const id = `${this.#process}-${++this.#attempts}`;
    const soft = budgets
      .filter(({ isHard }) => !isHard)
      .map((budget): Held => [budget, budget.hold(task, options, id, 0)]);
    if (hard.length === 0) return this.#charge(task, endpoint, options, soft);
    const estimate = estimateOf(endpoint, options, (usage) => this.#prices.of(endpoint, usage));
    const unpriced = hard.find(({ currency }) => estimate?.currency !== currency);
    if (!estimate || unpriced) {
      const why = `its price ${estimate ? `is in ${estimate.currency}` : 'is not known'}`;
      if (estimate) this.#prices.unpriced(endpoint, why);
      return { state: 'over budget', why: `${why}, and the budget "${unpriced?.name}" is hard` };
    }
    const held = hard.map((budget): Held => [budget, budget.hold(task, options, id, estimate.micros)]);
    const done = reserved(held);
    const next = (obstacle: Obstacle | undefined): Charge | Obstacle =>
      obstacle ?? this.#charge(task, endpoint, options, [...soft, ...held]);
    return done instanceof Promise ? done.then(next) : next(done);
  }

  explain(task: string, options: ChargedOptions): readonly ExplainedBudget[] {
    return this.#budgetsOf(task).flatMap((budget) => budget.explain(task, options) ?? []);
  }

  spend(currency = this.#tally.currency ?? this.#firstCurrency ?? 'USD'): Spend {
    return this.#tally.in(currency);
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#made.values(), (budget) => budget.close()));
  }

  #budgetsOf(task: string): readonly Budget[] {
    return this.#budgets.filter((budget) => budget.covers(task));
  }

  #charge(task: string, endpoint: Endpoint, options: ChargedOptions, holds: readonly Held[]): Charge {
    const each = (spent: (hold: Hold, budget: Budget) => number): void => {
      for (const [budget, hold] of holds) {
        const amount = spent(hold, budget);
        if (amount > 0 || hold.amount > 0) budget.settle(hold, amount);
      }
    };
    const release = (): void => each(() => 0);
    const settle = (ended: Ended): Cost | undefined => {
      let hasUsage = false;
      const priceOf = (usage: Usage | undefined): Amount | undefined => {
        hasUsage ||= usage !== undefined;
        return this.#prices.of(endpoint, usage);
      };
      const cost = costOf(ended, { priceOf, estimate: () => estimateOf(endpoint, options, priceOf) });
      if (cost === 'free') release();
      else if (cost === 'unpriced') {
        this.#tally.addUnpriced(endpoint.name);
        if (!hasUsage) this.#prices.unpriced(endpoint, 'its usage is not known');
        each(({ amount }) => amount);
      } else {
        const { micros, currency } = cost;
        this.#tally.add(task, endpoint.name, cost);
        each(({ amount }, budget) => {
          if (budget.currency === currency) return micros;
          this.#prices.unpriced(endpoint, `its price is in ${currency}, and a budget in ${budget.currency}`);
          return amount;
        });
        return cost;
      }
      return undefined;
    };
    return { settle, release };
  }
}

/** Holds an amount in each budget, or in none. */
function reserved(held: readonly Held[], from = 0): Obstacle | undefined | Promise<Obstacle | undefined> {
  const next = held[from];
  if (!next) return undefined;
  const [budget, hold] = next;
  const then = (answer: Answer): ReturnType<typeof reserved> => {
    if (answer === 'granted') return reserved(held, from + 1);
    for (const [other, own] of held.slice(0, from)) other.settle(own, 0);
    return budget.obstacle(hold, answer);
  };
  const answer = budget.reserve(hold);
  return answer instanceof Promise ? answer.then(then) : then(answer);
}
