import { Controller, Get, Inject, Injectable, Module } from '@nestjs/common';
import type { ConfigView } from 'llm-config-manager';
import { ConfigModule, type ConfigService, InjectConfig } from 'llm-config-manager/nestjs';
import { type AppConfig, AppConfigModule } from './app-config.ts';

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
@Module({
  imports: [AppConfigModule, ModelModule],
  controllers: [ModelController],
})
export class AppModule {}
// #endregion
