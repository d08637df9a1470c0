// NestJS in its oldest version, as its own command-line tool sets up an application: CommonJS, ts-jest,
// constructor parameters.
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type ConfigView, loadConfig, MemoryProvider } from 'llm-config-manager';
import { ConfigModule, ConfigService, getConfigToken, InjectConfig } from 'llm-config-manager/nestjs';
import { z } from 'zod';

const Schema = z.object({ llm: z.object({ model: z.string() }), port: z.number().default(80) });
type AppConfig = z.infer<typeof Schema>;

@Injectable()
class Models {
  constructor(
    private readonly config: ConfigService<AppConfig>,
    @InjectConfig('llm') private readonly llm: ConfigView<AppConfig['llm']>,
  ) {}

  describe(): string {
    return `${this.llm.get('model')} at ${this.config.get('port')}`;
  }
}

@Module({ imports: [ConfigModule.forFeature('llm')], providers: [Models] })
class ModelModule {}

const sources = new MemoryProvider({ llm: { model: 'small' } });

@Module({ imports: [ConfigModule.forRoot({ schema: Schema, sources }), ModelModule] })
class AppModule {}

it('injects the configuration by its class and a section by its path', async () => {
  const app = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const models = app.get(Models, { strict: false });
  expect(models.describe()).toBe('small at 80');
  await sources.set('llm.model', 'large');
  await app.get<ConfigService<AppConfig>>(ConfigService).reload();
  expect(models.describe()).toBe('large at 80');
  await app.close();
});

it('a test puts another section in its place', async () => {
  const app = await Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(getConfigToken('llm'))
    .useValue({ get: () => 'fake' })
    .compile();
  expect(app.get(Models, { strict: false }).describe()).toBe('fake at 80');
  await app.close();
});

it('a test puts another configuration in its place', async () => {
  const app = await Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(ConfigService)
    .useValue(await loadConfig(Schema, new MemoryProvider({ llm: { model: 'fake' } })))
    .compile();
  expect(app.get(Models, { strict: false }).describe()).toBe('fake at 80');
  await app.close();
});
