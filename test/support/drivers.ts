import { loadConfig } from '../../src/index.ts';
import { merge, mergeSteps } from '../../src/merge/merge.ts';
import type { Merged } from '../../src/merge/merged.ts';
import { loadConfigSync } from '../../src/sync/index.ts';
import { inTurns } from '../../src/turns.ts';

/** A load that does not wait, as a promise. */
const atOnce: unknown = async (...given: [never, never, never]) => loadConfigSync(...given);

/** Both drivers of a load, by name. */
export const drivers: [name: string, load: typeof loadConfig][] = [
  ['loadConfig', loadConfig],
  ['loadConfigSync', atOnce as typeof loadConfig],
];

/** Both drivers of a merge, by name. */
export const mergers: [name: string, merge: (...given: Parameters<typeof merge>) => Promise<Merged>][] = [
  ['merge in turns', (...given) => inTurns(mergeSteps(...given))],
  ['merge at once', async (...given) => merge(...given)],
];
