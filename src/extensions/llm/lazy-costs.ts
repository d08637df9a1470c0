// Loads what counts the cost of calls, once a configuration or an option asks for it. Used by load-llm.ts:
// who uses only endpoints loads none of cost/ and budgets/.

import { ConfigError } from '../../errors.ts';
import type { Costs, CostsParts } from './cost/costs.ts';
import type { Spend } from './cost/tally.ts';
import type { LlmData } from './data.ts';

export class LazyCosts {
  readonly #parts: CostsParts;
  #data: LlmData | undefined;
  #costs: Costs | undefined;
  #loading: Promise<Costs> | undefined;

  constructor(parts: CostsParts) {
    this.#parts = parts;
  }

  /** A promise while it is being loaded; undefined if nothing is to be counted. */
  get(): Costs | Promise<Costs> | undefined {
    return this.#costs ?? this.#loading;
  }

  follow(data: LlmData): void {
    this.#data = data;
    if (this.#costs) this.#costs.follow(data);
    else if (this.#parts.price || hasMoney(data)) {
      this.#loading ??= this.#load();
      this.#loading.catch(() => undefined); // the next call reports it
    }
  }

  spend(currency: string | undefined): Spend {
    if (this.#costs) return this.#costs.spend(currency);
    throw new ConfigError('invalid_option', 'llm: the cost of calls is not counted', {
      hint: 'Pass the option price to loadLlm, such as await genaiPrices(), or set rates of the endpoints',
    });
  }

  async close(): Promise<void> {
    await this.#costs?.close();
  }

  async #load(): Promise<Costs> {
    const { Costs } = await import('./cost/costs.ts');
    const costs = new Costs(this.#parts);
    costs.follow(this.#data as LlmData);
    this.#costs = costs;
    return costs;
  }
}

const hasMoney = ({ endpoints, budgets }: LlmData): boolean =>
  Object.keys(budgets ?? {}).length > 0 || Object.values(endpoints).some(({ rates }) => rates !== undefined);
