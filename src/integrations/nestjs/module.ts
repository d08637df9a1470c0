// The module for NestJS. It loads the configuration before the application starts, and closes it on shutdown.
// What applications inject is the `Config` itself; `ConfigService` is only the token.

import {
  type DynamicModule,
  type FactoryProvider,
  Inject,
  Module,
  type ModuleMetadata,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { ConfigSource, LoadOptions } from '../../config/plan.ts';
import type { ConfigView } from '../../config/view.ts';
import { ConfigError } from '../../errors.ts';
import { keyOf } from '../../key.ts';
import type { StandardSchemaV1 } from '../../schema/schema.ts';

/** The configuration as a class that NestJS can inject: the `Config` itself, with all its methods.
 *  @example
 *  constructor(private readonly config: ConfigService<AppConfig>) {}
 *  this.config.get('llm.model'); // typed by the path
 *  this.config.value.llm.model; */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: NestJS puts a Config in its place
// biome-ignore lint/correctness/noUnusedVariables: the interface needs the same parameter
export abstract class ConfigService<T> {}
export interface ConfigService<T> extends Pick<Config<T>, keyof Config<T>> {}

/** The options of `loadConfig`, its arguments, and one of NestJS. */
export interface ConfigModuleOptions extends LoadOptions {
  /** The schema of the configuration. */
  readonly schema: StandardSchemaV1;
  /** Where the configuration comes from, the highest priority first. */
  readonly sources: ConfigSource;
  /** Whether modules may inject the configuration without importing this one. @default true */
  readonly isGlobal?: boolean;
}

/** What a function of other providers returns. */
type MadeOptions = Omit<ConfigModuleOptions, 'isGlobal'>;

/** The options of `forRootAsync`. */
export interface AsyncConfigModuleOptions {
  /** Returns the options of `forRoot`. Receives what `inject` lists. */
  readonly useFactory: (...injected: never[]) => MadeOptions | Promise<MadeOptions>;
  /** The tokens of the providers that `useFactory` receives. @default `[]` */
  readonly inject?: FactoryProvider['inject'];
  /** The modules that export these providers. @default `[]` */
  readonly imports?: ModuleMetadata['imports'];
  /** Whether modules may inject the configuration without importing this one. @default true */
  readonly isGlobal?: boolean;
}

/** The token of a view of a section. NestJS prints it when a module does not import it. */
export const getConfigToken = (path = ''): string | typeof ConfigService =>
  path === '' ? ConfigService : `ConfigModule.forFeature('${keyOf(path)}')`;

/** Injects a view of a section, which follows reloads: a `ConfigView`. Without a path, the whole
 *  configuration.
 *  @example
 *  constructor(@InjectConfig('database') private readonly database: ConfigView<AppConfig['database']>) {}
 *  this.database.get('poolMax'); // => 10, and after a reload the new value */
export const InjectConfig = (path = ''): ParameterDecorator & PropertyDecorator =>
  Inject(getConfigToken(path));

/** Loads a configuration for a NestJS application. The application starts only with a valid one, and closes
 *  it on shutdown.
 *  @example
 *  @Module({ imports: [ConfigModule.forRoot({ schema: Schema, sources, watch: true })] })
 *  class AppModule {} */
export class ConfigModule implements OnApplicationShutdown {
  /** @internal */
  declare private readonly config: ConfigService<unknown>;

  /** For the root module. Takes the options of `loadConfig`. */
  static forRoot({ isGlobal = true, ...options }: ConfigModuleOptions): DynamicModule {
    return rootModule(isGlobal, { useFactory: () => load(options) });
  }

  /** The same with options made of other providers. */
  static forRootAsync(options: AsyncConfigModuleOptions): DynamicModule {
    const { isGlobal = true, imports = [], inject = [], useFactory } = options;
    const make = useFactory as (...injected: readonly unknown[]) => ReturnType<typeof useFactory>;
    return {
      ...rootModule(isGlobal, { inject, useFactory: async (...injected) => load(await make(...injected)) }),
      imports,
    };
  }

  /** For the module of a feature: provides the view that `InjectConfig(path)` injects. `imports` has the root
   *  module's configuration if that is not global. */
  static forFeature(path: string, { imports = [] }: { imports?: DynamicModule[] } = {}): DynamicModule {
    if (path === '')
      throw new ConfigError('invalid_option', 'ConfigModule.forFeature: the path of a section is missing', {
        hint: 'Name a section, or inject ConfigService for the whole configuration',
      });
    const provide = getConfigToken(path);
    const useFactory = (config: ConfigService<Record<string, unknown>>): ConfigView<unknown> =>
      config.at(path);
    const provider = { provide, useFactory, inject: [ConfigService] };
    return { module: ConfigModule, imports, providers: [provider], exports: [provide, ...imports] };
  }

  /** Closes the configuration. */
  async onApplicationShutdown(): Promise<void> {
    await this.config.close();
  }
}

// what `@Module({})` and `@Inject(ConfigService)` do, without the syntax, which is experimental
Module({})(ConfigModule);
Inject(ConfigService)(ConfigModule.prototype, 'config');

const load = ({ schema, sources, ...options }: MadeOptions) => loadConfig(schema, sources, options);

const rootModule = (
  global: boolean,
  factory: Pick<FactoryProvider, 'inject' | 'useFactory'>,
): DynamicModule => ({
  module: ConfigModule,
  global,
  providers: [{ provide: ConfigService, ...factory } as FactoryProvider],
  exports: [ConfigService],
});
