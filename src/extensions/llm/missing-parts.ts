// The parts that a section uses and that are not loaded yet. Used by load-llm.ts, following-llm.ts and
// schema.ts.

import { isPlain } from '../../value.ts';
import { Part, parts, uses } from './parts.ts';

/** Also used with the option `price`. */
export const costs = new Part(uses('budgets', 'endpoints', 'rates'), () => import('./cost/costs.ts'));

/** Loads what a section needs. Undefined if all of it is loaded. */
export function missingParts(section: unknown): Promise<unknown> | undefined {
  if (!isPlain(section)) return undefined;
  const missing = [...Object.values(parts), costs].filter((part) => !part.now && part.isUsed(section));
  return missing.length === 0 ? undefined : Promise.all(missing.map((part) => part.load()));
}
