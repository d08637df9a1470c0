// The sums of what calls have cost in this process, for `ai.spend()`. Used by costs.ts. Each currency has its
// own.

import type { Cost } from '../endpoints/cost.ts';

/** What was spent, and by how many attempts. */
export interface Spent {
  /** In whole micro-units of the currency. */
  readonly micros: number;
  readonly attempts: number;
}

/** What the calls of this process have cost since `loadLlm`, in one currency. */
export interface Spend {
  readonly currency: string;
  readonly micros: number;
  readonly byEndpoint: Readonly<Record<string, Spent>>;
  readonly byTask: Readonly<Record<string, Spent>>;
  /** Among all of it: what was counted as estimated, because the usage has not come. */
  readonly estimated: Spent;
  /** The attempts whose cost is not known, in no sum, by endpoint. */
  readonly unpriced: Readonly<Record<string, number>>;
}

interface Sums {
  micros: number;
  readonly byEndpoint: Map<string, Spent>;
  readonly byTask: Map<string, Spent>;
  estimated: Spent;
}

const none: Spent = { micros: 0, attempts: 0 };
const plus = ({ micros, attempts }: Spent = none, more: number): Spent => ({
  micros: micros + more,
  attempts: attempts + 1,
});

export class Tally {
  readonly #byCurrency = new Map<string, Sums>();
  readonly #unpriced = new Map<string, number>();

  add(task: string, endpoint: string, { micros, currency, isEstimated }: Cost): void {
    let sums = this.#byCurrency.get(currency);
    if (!sums) {
      sums = { micros: 0, byEndpoint: new Map(), byTask: new Map(), estimated: none };
      this.#byCurrency.set(currency, sums);
    }
    sums.micros += micros;
    sums.byEndpoint.set(endpoint, plus(sums.byEndpoint.get(endpoint), micros));
    sums.byTask.set(task, plus(sums.byTask.get(task), micros));
    if (isEstimated) sums.estimated = plus(sums.estimated, micros);
  }

  addUnpriced(endpoint: string): void {
    this.#unpriced.set(endpoint, (this.#unpriced.get(endpoint) ?? 0) + 1);
  }

  /** The first currency that has come. */
  get currency(): string | undefined {
    for (const currency of this.#byCurrency.keys()) return currency;
    return undefined;
  }

  in(currency: string): Spend {
    const { micros = 0, byEndpoint, byTask, estimated = none } = this.#byCurrency.get(currency) ?? {};
    return {
      currency,
      micros,
      byEndpoint: Object.fromEntries(byEndpoint ?? []),
      byTask: Object.fromEntries(byTask ?? []),
      estimated,
      unpriced: Object.fromEntries(this.#unpriced),
    };
  }
}
