import { type DynamicModule, Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import {
  type Config,
  type ConfigSource,
  type LoadOptions,
  loadConfig,
  type StandardSchemaV1,
} from 'llm-config-manager';

/** What to ask for: `@Inject(CONFIG) private readonly config: AppConfig`. */
export const CONFIG = Symbol('CONFIG');

@Global()
@Module({})
export class ConfigModule implements OnApplicationShutdown {
  @Inject(CONFIG) private readonly config!: Config<unknown>;

  /** The application starts when the configuration is there and valid, and not before. */
  static forRoot(schema: StandardSchemaV1, source: ConfigSource, options: LoadOptions = {}): DynamicModule {
    const provider = { provide: CONFIG, useFactory: () => loadConfig(schema, source, options) };
    return { module: ConfigModule, providers: [provider], exports: [CONFIG] };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.config.close();
  }
}
