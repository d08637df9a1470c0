import { Test } from '@nestjs/testing';
import { loadConfig, MemoryProvider } from 'llm-config-manager';
import { ConfigService } from 'llm-config-manager/nestjs';
import { AppModule, ModelService } from './app.ts';
import type { AppConfig } from './app-config.ts';
import { schema } from './config.ts';

export async function tested(): Promise<string> {
  // #region test
  const values = new MemoryProvider({ server: {}, llm: { model: 'fake', maxTokens: 1 } });
  const testing = await Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(ConfigService) // instead of the sources: nothing else is read
    .useFactory({ factory: () => loadConfig(schema, values) })
    .compile();
  const models = testing.get(ModelService);
  models.describe(); // => 'fake, 1 tokens'

  const config = testing.get<ConfigService<AppConfig>>(ConfigService);
  await using _ = await config.override({ 'llm.maxTokens': 2 }); // for one test
  models.describe(); // => 'fake, 2 tokens'
  // #endregion
  const text = models.describe();
  await testing.close();
  return text;
}
