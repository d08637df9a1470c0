// The plugin for Fastify: decorates the application with its configuration, and closes it with the
// application. Has the marks of `fastify-plugin` instead of a dependency on it.

import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { ConfigSource, LoadOptions } from '../../config/plan.ts';
import { ConfigError } from '../../errors.ts';
import { logTo } from '../../events.ts';
import type { StandardSchemaV1 } from '../../schema/schema.ts';
import type { ConfigTree } from '../../value.ts';

/** Declare the type of your configuration here, once.
 *  @example
 *  declare module 'llm-config-manager/fastify' {
 *    interface Registered {
 *      config: z.infer<typeof Schema>;
 *    }
 *  } */
// biome-ignore lint/suspicious/noEmptyInterface: applications add their own type
export interface Registered {}

type Value = Registered extends { config: infer T } ? T : ConfigTree;

declare module 'fastify' {
  interface FastifyInstance {
    /** The configuration. Read `config.value` in each request: it follows reloads. */
    readonly config: Config<Value>;
  }
}

interface Route {
  /** The path of a route that answers whether the last reload has succeeded: `/health`. @default none */
  readonly health?: string;
}

/** Options of the plugin: what to load, or a configuration that is loaded already. The plugin closes only
 *  what it has loaded. */
export type ConfigPluginOptions = Route &
  (
    | (LoadOptions & { readonly schema: StandardSchemaV1; readonly sources: ConfigSource })
    | { readonly config: Config<Value> }
  );

/** Loads a configuration and decorates the application with it, as `app.config`. An invalid one fails
 *  `app.ready()` with the report. Events go to `app.log` unless the option `on` has a listener. The
 *  application closes the configuration when it closes.
 *  @example
 *  await app.register(configPlugin, { schema: Schema, sources: [new EnvProvider({ prefix: 'APP' })] });
 *  app.config.value.llm.model; // => 'small' */
export const configPlugin: FastifyPluginAsync<ConfigPluginOptions> = async (app, options) => {
  if (app.hasDecorator('config'))
    throw new ConfigError(
      'invalid_option',
      'configPlugin: the application has a decorator "config" already',
      {
        hint: 'Register the plugin once, and no other plugin that decorates `config`',
      },
    );
  const config = 'config' in options ? options.config : await loadFor(app, options);
  app.decorate('config', config);
  if (!('config' in options)) app.addHook('onClose', () => config.close());
  if (options.health !== undefined) app.get(options.health, () => healthOf(config));
};

// what `fastify-plugin` does: the decorator is visible outside the plugin, and an old Fastify is refused
Object.assign(configPlugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'llm-config-manager',
  [Symbol.for('plugin-meta')]: { name: 'llm-config-manager', fastify: '5.x' },
});

async function loadFor(
  app: FastifyInstance,
  { schema, sources, health: _, ...options }: Exclude<ConfigPluginOptions, { config: unknown }>,
): Promise<Config<Value>> {
  // without a listener, a failure is a warning of the process; a log that drops warnings must not hide it
  const { isLevelEnabled } = app.log as { isLevelEnabled?: (level: string) => boolean };
  const on = isLevelEnabled?.call(app.log, 'warn') ? { on: logTo(app.log) } : {};
  return (await loadConfig(schema, sources, { ...on, ...options })) as Config<Value>;
}

/** The state of a configuration. Has no message, because anyone may read it. */
const healthOf = ({ failure, generation }: Config<Value>): object => ({
  status: failure ? 'degraded' : 'ok',
  generation: generation.number,
  loadedAt: new Date(generation.loadedAt).toISOString(),
  ...(failure && { failure: failure.code }),
});
