import { Controller, Get, Inject } from '@nestjs/common';
import type { Config, StandardSchemaV1 } from 'llm-config-manager';
import { z } from 'zod';
import { CONFIG } from './config.module.ts';

// #region controller
export const Schema = z.object({ llm: z.object({ model: z.string(), maxTokens: z.number().int() }) });
type AppConfig = Config<StandardSchemaV1.InferOutput<typeof Schema>>;

@Controller('model')
export class ModelController {
  @Inject(CONFIG) private readonly config!: AppConfig;

  @Get()
  model(): object {
    const { model, maxTokens } = this.config.value.llm;
    return { model, maxTokens };
  }
}
// #endregion
