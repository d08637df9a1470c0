import 'reflect-metadata';
import { Inject, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ConfigView, loadConfig, MemoryProvider } from '../../src/index.ts';
import { ConfigModule, ConfigService, InjectConfig } from '../../src/integrations/nestjs/index.ts';

const Schema = z.object({ llm: z.object({ model: z.string() }), port: z.number().default(80) });
type AppConfig = z.infer<typeof Schema>;
const memory = (model: unknown = 'small') => new MemoryProvider({ llm: { model } } as never);

@Injectable()
class Models {
  @InjectConfig('llm') readonly llm!: ConfigView<AppConfig['llm']>;
  @InjectConfig() readonly config!: ConfigService<AppConfig>;
}
const feature = (imports: Parameters<typeof ConfigModule.forFeature>[1] = {}) => {
  @Module({ imports: [ConfigModule.forFeature('llm', imports)], providers: [Models], exports: [Models] })
  class ModelModule {}
  return ModelModule;
};
const withImports = (...imports: unknown[]) => Test.createTestingModule({ imports } as never);

describe('ConfigModule', () => {
  it('injects the configuration and views of sections, which follow reloads', async () => {
    const sources = memory();
    const app = await withImports(ConfigModule.forRoot({ schema: Schema, sources }), feature()).compile();
    const { llm, config } = app.get(Models);
    expect([llm.get('model'), config.get('port'), config.value.llm.model]).toEqual(['small', 80, 'small']);
    await sources.set('llm.model', 'large');
    await config.reload();
    expect(llm.value).toEqual({ model: 'large' });
    await app.close();
    await expect(config.reload()).rejects.toMatchObject({ code: 'aborted' });
  });

  it('makes its options of other providers', async () => {
    @Module({ providers: [{ provide: 'model', useValue: 'tiny' }], exports: ['model'] })
    class Names {}
    const root = ConfigModule.forRootAsync({
      imports: [Names],
      inject: ['model'],
      useFactory: async (model: string) => ({ schema: Schema, sources: memory(model) }),
    });
    const app = await withImports(root, feature()).compile();
    expect(app.get(Models).llm.get('model')).toBe('tiny');
    await app.close();
  });

  it('an invalid configuration fails the start with the report', async () => {
    const compiling = withImports(ConfigModule.forRoot({ schema: Schema, sources: memory(7) })).compile();
    await expect(compiling).rejects.toMatchObject({ code: 'validation', problems: [{ key: 'llm.model' }] });
  });

  it('a test puts another configuration in its place, and reads no source', async () => {
    const sources = Object.assign(memory(), { list: () => expect.unreachable('it was read') });
    const fake = await loadConfig(Schema, memory('fake'));
    const app = await withImports(ConfigModule.forRoot({ schema: Schema, sources }), feature())
      .overrideProvider(ConfigService)
      .useValue(fake)
      .compile();
    expect(app.get(Models).llm.get('model')).toBe('fake');
    await using _ = await app.get<ConfigService<AppConfig>>(ConfigService).override({ 'llm.model': 'other' });
    expect(app.get(Models).llm.get('model')).toBe('other');
    await app.close();
  });

  it('a feature that is not imported is named in the error', async () => {
    @Module({ providers: [Models] })
    class Lacking {}
    const compiling = withImports(
      ConfigModule.forRoot({ schema: Schema, sources: memory() }),
      Lacking,
    ).compile();
    await expect(compiling).rejects.toThrow("ConfigModule.forFeature('llm')");
  });

  it('is visible only where it is imported if it is not global', async () => {
    @Injectable()
    class User {
      @Inject(ConfigService) readonly config!: ConfigService<AppConfig>;
    }
    @Module({ providers: [User] })
    class Other {}
    const root = ConfigModule.forRoot({ schema: Schema, sources: memory(), isGlobal: false });
    await expect(withImports(root, Other).compile()).rejects.toThrow('ConfigService');
    const app = await withImports(root, feature({ imports: [root] })).compile();
    expect(app.get(Models).llm.get('model')).toBe('small');
    await app.close();
  });

  it('refuses a feature without a path', () => {
    expect(() => ConfigModule.forFeature('')).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });
});
