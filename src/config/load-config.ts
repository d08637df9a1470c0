import { isSchema, noSchema, type StandardSchemaV1 } from '../schema/schema.ts';
import type { ConfigTree } from '../value.ts';
import type { ConfigCheck } from './check-config.ts';
import type { Config } from './config.ts';
import type { ConfigSource, LoadOptions } from './plan.ts';

/** Loads a configuration: typed and validated by `schema`, merged from `source`, frozen. Disposing it stops the watching and closes a
 *  source that was not a chain already.
 *  @throws ConfigError `validation` with all problems at once; or a source's own failure */
export function loadConfig<S extends StandardSchemaV1>(
  schema: S,
  source: ConfigSource,
  options?: LoadOptions,
): Promise<Config<StandardSchemaV1.InferOutput<S>>>;
export function loadConfig(source: ConfigSource, options?: LoadOptions): Promise<Config<ConfigTree>>;
export async function loadConfig(
  first: StandardSchemaV1 | ConfigSource,
  second?: ConfigSource | LoadOptions,
  third?: LoadOptions,
): Promise<unknown> {
  const [{ isSource, planOf }, { Config }] = await Promise.all([import('./plan.ts'), import('./config.ts')]);
  const schema = isSchema(first) ? first : undefined;
  if (!schema && (!isSource(first) || isSchema(second))) throw noSchema('loadConfig');
  const options = ((schema ? third : second) ?? {}) as LoadOptions;
  const { plan, own } = planOf('loadConfig', schema, (schema ? second : first) as ConfigSource, options);
  return Config.load(plan, options, own);
}

/** A dry run of `loadConfig`: all problems, and what would be read from where. Changes nothing, makes no credentials, and does not throw
 *  for what is wrong with the configuration or its sources. */
export async function checkConfig<S extends StandardSchemaV1>(
  schema: S,
  source: ConfigSource,
  options?: Omit<LoadOptions, 'watch'>,
): Promise<ConfigCheck> {
  const { check } = await import('./check-config.ts');
  return check(schema, source, options);
}
