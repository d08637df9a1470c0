// The parts of this module that not every configuration uses. Each is loaded when a section first has it, so
// that who uses only endpoints loads none.

import { isPlain } from '../../value.ts';

/** A part: its module, once it is loaded. */
class Part<T> {
  readonly isUsed: (section: Record<string, unknown>) => boolean;
  readonly #load: () => Promise<T>;
  #module: T | undefined;

  constructor(isUsed: (section: Record<string, unknown>) => boolean, load: () => Promise<T>) {
    this.isUsed = isUsed;
    this.#load = load;
  }

  get now(): T | undefined {
    return this.#module;
  }

  async load(): Promise<T> {
    return (this.#module ??= await this.#load());
  }
}

/** Whether a section has `name` itself, or one of its tasks or endpoints has `field`. */
const uses =
  (name: string, among: 'tasks' | 'endpoints', field: string) =>
  (section: Record<string, unknown>): boolean => {
    const { [name]: own, [among]: all } = section;
    if (own !== undefined) return true;
    return isPlain(all) && Object.values(all).some((one) => isPlain(one) && one[field] !== undefined);
  };

export const parts = {
  presets: new Part(uses('presets', 'tasks', 'preset'), () => import('./presets/presets.ts')),
  prompts: new Part(uses('prompts', 'tasks', 'prompt'), () => import('./prompts/prompts.ts')),
  /** Also used with the option `price`. */
  costs: new Part(uses('budgets', 'endpoints', 'rates'), () => import('./cost/costs.ts')),
};

/** Loads the parts that a section uses and that are not loaded yet. Undefined: there are none. */
export function missingParts(section: unknown): Promise<unknown> | undefined {
  if (!isPlain(section)) return undefined;
  const missing = Object.values(parts).filter((part) => !part.now && part.isUsed(section));
  return missing.length === 0 ? undefined : Promise.all(missing.map((part) => part.load()));
}
