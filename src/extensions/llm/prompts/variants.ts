// The prompts of a task with their weights, and which of them a subject gets. The same subject always gets
// the same variant, in every process.

import { randomUUID } from 'node:crypto';
import { variant } from '../../../config/rollout.ts';
import type { TaskPrompt, WeightedPrompt } from './prompt-data.ts';

/** The variants of a task, in their order. */
export const variantsOf = (prompt: TaskPrompt): readonly Required<WeightedPrompt>[] =>
  (typeof prompt === 'string' ? [prompt] : prompt).map((item) =>
    typeof item === 'string' ? { prompt: item, weight: 1 } : { weight: 1, ...item },
  );

/** Makes what chooses the variant of a subject; without a subject, one at random. `key`: the name of the
 *  task. */
export function choosing<V extends { readonly weight: number }>(
  key: string,
  variants: readonly V[],
): (subject?: string) => V {
  if (variants.length === 1) return () => variants[0] as V;
  // by their places: the names of an object that look like numbers would come first
  const weights = Object.fromEntries(variants.map(({ weight }, at) => [`v${at}`, weight]));
  return (subject = randomUUID()) => variants[Number(variant(key, weights, subject).slice(1))] as V;
}
