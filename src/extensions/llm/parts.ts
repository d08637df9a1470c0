// The parts of this module that not every configuration uses. Each is loaded when a section first has it, so
// that who uses only endpoints loads none. The third is in missing-parts.ts, because it uses endpoints.

import { isPlain } from '../../value.ts';

/** A part: its module, once it is loaded. */
export class Part<T> {
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
export const uses =
  (name: string, among: 'tasks' | 'endpoints', field: string) =>
  (section: Record<string, unknown>): boolean => {
    const { [name]: own, [among]: all } = section;
    if (own !== undefined) return true;
    return isPlain(all) && Object.values(all).some((one) => isPlain(one) && one[field] !== undefined);
  };

export const parts = {
  presets: new Part(uses('presets', 'tasks', 'preset'), () => import('./presets/presets.ts')),
  prompts: new Part(uses('prompts', 'tasks', 'prompt'), () => import('./prompts/prompts.ts')),
};
