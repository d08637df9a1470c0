// The two entry points that the core exports. They load everything else on their first call, so that an
// import of the core stays small.

import type { StandardSchemaV1 } from '../schema/schema.ts';
import { inTurns } from '../turns.ts';
import type { ConfigTree } from '../value.ts';
import type { Caller } from './caller.ts';
import type { ConfigCheck } from './check-config.ts';
import type { Config } from './config.ts';
import type { DeepReadonly } from './paths.ts';
import type { ConfigSource, LoadOptions } from './plan.ts';

/** Loads a configuration: reads and merges the sources, validates the result and freezes it. Reports all
 *  problems at once. Without a schema the value is the plain tree. Dispose of the configuration, or close it,
 *  to stop watching. That also closes the providers, except those of a `ProviderChain` that you pass.
 *  @throws ConfigError `validation` with a report of all problems, or the failure of a source
 *  @example
 *  const schema = z.object({ port: z.number().default(8080), llm: z.object({ model: z.string() }) });
 *  const source = [new EnvProvider({ prefix: 'APP' }), new BundleProvider('config.yaml')];
 *  const config = await loadConfig(schema, source);
 *  config.value.port; // => 8080
 *  config.get('llm.model'); // => 'small'
 *  @see checkConfig for a dry run */
export function loadConfig<S extends StandardSchemaV1>(
  schema: S,
  source: ConfigSource,
  options?: LoadOptions<DeepReadonly<StandardSchemaV1.InferOutput<S>>>,
): Promise<Config<StandardSchemaV1.InferOutput<S>>>;
export function loadConfig(
  source: ConfigSource,
  options?: LoadOptions<DeepReadonly<ConfigTree>>,
): Promise<Config<ConfigTree>>;
export async function loadConfig(
  first: StandardSchemaV1 | ConfigSource,
  second?: ConfigSource | LoadOptions,
  third?: LoadOptions,
): Promise<unknown> {
  const caller = {} as Caller;
  Error.captureStackTrace(caller, loadConfig); // before the first await, while the caller is on the stack
  const [{ planned }, { Config }] = await Promise.all([import('./plan.ts'), import('./config.ts')]);
  const { plan, options, own } = planned('loadConfig', first, second, third);
  return inTurns(Config.load(plan, options, own, caller));
}

/** Checks what `loadConfig` would load: every problem, and the origin of every key. Acquires no credentials
 *  and changes nothing. Does not throw for problems of the configuration or its sources.
 *  @throws ConfigError `invalid_option` for wrong arguments
 *  @example
 *  const check = await checkConfig(schema, new EnvProvider({ prefix: 'APP' }), { unknown: 'error' });
 *  console.log(String(check)); // a table of the keys, then the problems
 *  process.exitCode = check.ok ? 0 : 1; */
export async function checkConfig<S extends StandardSchemaV1>(
  schema: S,
  source: ConfigSource,
  options?: Omit<LoadOptions, 'watch'>,
): Promise<ConfigCheck> {
  const { check } = await import('./check-config.ts');
  return check(schema, source, options);
}
