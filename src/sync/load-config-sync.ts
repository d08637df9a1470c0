// `loadConfigSync`: the same load as that of `loadConfig`, by the driver that never waits. What a load
// imports on first use is imported here at once, and provided with the first call.

import { Config } from '../config/config.ts';
import type { DeepReadonly } from '../config/paths.ts';
import { type ConfigSource, type LoadOptions, planned } from '../config/plan.ts';
import type { StandardSchemaV1 } from '../schema/schema.ts';
import { atOnce } from '../turns.ts';
import type { ConfigTree } from '../value.ts';
import { provideModules } from './modules.ts';

/** Loads a configuration as `loadConfig` does, without a promise: from environment variables, files,
 *  arguments and values in memory, and from decorators and chains around them. What has to be waited for is
 *  refused: a store, an asynchronous schema, an interceptor, sealed values, the option `deadlineMs`. YAML and
 *  TOML need their parser as a value. All that the configuration does later is asynchronous as usual.
 *  @throws ConfigError `validation` with a report of all problems, `invalid_option` naming what has to be
 *  waited for, or the failure of a source
 *  @example
 *  const config = loadConfigSync(Schema, [
 *    new EnvProvider({ prefix: 'APP' }),
 *    new DotEnvProvider(),
 *    new BundleProvider({ path: 'config/base.yaml', format: yaml }),
 *  ]);
 *  export const env = config.value;
 *  @see loadConfig waits for stores. */
export function loadConfigSync<S extends StandardSchemaV1>(
  schema: S,
  source: ConfigSource,
  options?: LoadOptions<DeepReadonly<StandardSchemaV1.InferOutput<S>>>,
): Config<StandardSchemaV1.InferOutput<S>>;
export function loadConfigSync(
  source: ConfigSource,
  options?: LoadOptions<DeepReadonly<ConfigTree>>,
): Config<ConfigTree>;
export function loadConfigSync(
  first: StandardSchemaV1 | ConfigSource,
  second?: ConfigSource | LoadOptions,
  third?: LoadOptions,
): unknown {
  const caller = { stack: '' };
  Error.captureStackTrace(caller, loadConfigSync);
  const { plan, options, own } = planned('loadConfigSync', first, second, third);
  provideModules();
  return atOnce(Config.load(plan, options, own, caller));
}
