import { Injectable, Module } from '@nestjs/common';
import { BundleProvider, type ConfigView, DotEnvProvider, EnvProvider } from 'llm-config-manager';
import { ConfigModule, type ConfigService, InjectConfig } from 'llm-config-manager/nestjs';
import { z } from 'zod';

// #region schema
const schema = z.object({
  database: z.object({
    host: z.string().default('localhost'),
    port: z.number().int().default(5432),
    password: z.string(),
  }),
  reports: z.object({ limit: z.number().default(10) }),
});
type AppConfig = z.infer<typeof schema>;

const sources = [new EnvProvider(), new DotEnvProvider(), new BundleProvider('config.yaml')];
// #endregion

// #region after
@Injectable()
export class Reports {
  @InjectConfig('database') private readonly db!: ConfigView<AppConfig['database']>;
  @InjectConfig() private readonly config!: ConfigService<AppConfig>;

  describe() {
    const { host, port, password } = this.db.value;
    return { host, port, hasPassword: password !== undefined, limit: this.config.get('reports.limit') };
  }
}

@Module({
  imports: [ConfigModule.forRoot({ schema, sources }), ConfigModule.forFeature('database')],
  providers: [Reports],
})
export class AppModule {}
// #endregion
