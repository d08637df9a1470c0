import { type DynamicModule, Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import {
  type Config,
  type ConfigSource,
  type LoadOptions,
  loadConfig,
  type StandardSchemaV1,
} from 'llm-config-manager';

/** The injection token: `@Inject(CONFIG) private readonly config: AppConfig`. */
export const CONFIG = Symbol('CONFIG');

@Global()
@Module({})
export class ConfigModule implements OnApplicationShutdown {
  @Inject(CONFIG) private readonly config!: Config<unknown>;

  /** The application starts only after a valid configuration is loaded. */
  static forRoot(schema: StandardSchemaV1, source: ConfigSource, options: LoadOptions = {}): DynamicModule {
    const provider = { provide: CONFIG, useFactory: () => loadConfig(schema, source, options) };
    return { module: ConfigModule, providers: [provider], exports: [CONFIG] };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.config.close();
  }
}
