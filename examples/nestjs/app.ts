import { Controller, Get, Inject, Injectable, Module } from '@nestjs/common';
import { type ConfigSource, type ConfigView, EnvProvider, MemoryProvider } from 'llm-config-manager';
import { ConfigModule, type ConfigService, InjectConfig } from 'llm-config-manager/nestjs';
import { z } from 'zod';

// #region schema
export const Schema = z.object({
  server: z.object({ host: z.string().default('127.0.0.1'), port: z.number().default(0) }),
  llm: z.object({ model: z.string(), maxTokens: z.number().int() }),
});
export type AppConfig = z.infer<typeof Schema>;
// #endregion

// #region section
@Injectable()
export class ModelService {
  @InjectConfig('llm') private readonly llm!: ConfigView<AppConfig['llm']>;

  describe(): string {
    return `${this.llm.get('model')}, ${this.llm.get('maxTokens')} tokens`; // of the current generation
  }
}

@Module({
  imports: [ConfigModule.forFeature('llm')],
  providers: [ModelService],
  exports: [ModelService],
})
export class ModelModule {}
// #endregion

// #region whole
@Controller('model')
export class ModelController {
  @InjectConfig() private readonly config!: ConfigService<AppConfig>;
  @Inject(ModelService) private readonly models!: ModelService;

  @Get()
  model(): object {
    return { model: this.config.value.llm.model, text: this.models.describe() };
  }
}
// #endregion

// #region module
export const sources: ConfigSource = [
  new EnvProvider({ prefix: 'APP' }),
  new MemoryProvider({ llm: { model: 'small', maxTokens: 512 } }),
];

@Module({
  imports: [ConfigModule.forRoot({ schema: Schema, sources, watch: true }), ModelModule],
  controllers: [ModelController],
})
export class AppModule {}
// #endregion
