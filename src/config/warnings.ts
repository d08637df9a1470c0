// What a load warns of: keys that nothing reads, and texts that look like references. Used by the events of a
// configuration and by `checkConfig`.

import { misspelledNames } from '../report/conventional-names.ts';
import type { Key } from '../value.ts';
import type { Load } from './load.ts';
import type { LoadOptions } from './plan.ts';
import { unreplaced } from './unreplaced.ts';

export interface LoadWarning {
  readonly key: Key;
  readonly message: string;
}

/** Keys that the schema does not read, as the option `unknown` says, and references that are not replaced. */
export function warningsOf(
  load: Load,
  unknown: LoadOptions['unknown'] = 'warn-similar',
): readonly LoadWarning[] {
  const keys =
    unknown === 'warn' ? load.unknown() : unknown === 'warn-similar' ? load.unknown('similar') : [];
  const names = load.names && unknown !== 'ignore' ? misspelledNames(load.names) : [];
  const unread = [...keys, ...names].map(({ key, origin, hint }) => ({
    key,
    message: `nothing reads "${key}" (${origin}). ${hint}`,
  }));
  return [...unread, ...unreplaced(load)];
}
