import { loadConfig } from '../../src/index.ts';
import { loadConfigSync } from '../../src/sync/index.ts';

/** A load that does not wait, as a promise. */
const atOnce: unknown = async (...given: [never, never, never]) => loadConfigSync(...given);

/** Both drivers of a load, by name. */
export const drivers: [name: string, load: typeof loadConfig][] = [
  ['loadConfig', loadConfig],
  ['loadConfigSync', atOnce as typeof loadConfig],
];
