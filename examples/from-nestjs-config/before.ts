import { readFileSync } from 'node:fs';
import { Inject, Injectable, Module } from '@nestjs/common';
import { ConfigModule, ConfigService, type ConfigType, registerAs } from '@nestjs/config';
import { parse } from 'yaml';

// #region before
const fromFile = () => parse(readFileSync('config.yaml', 'utf8')) as Record<string, unknown>;

const database = registerAs('database', () => ({
  host: process.env.DATABASE_HOST ?? 'localhost',
  port: Number.parseInt(process.env.DATABASE_PORT ?? '5432', 10),
  password: process.env.DATABASE_PASSWORD,
}));

@Injectable()
export class Reports {
  @Inject(database.KEY) private readonly db!: ConfigType<typeof database>;
  @Inject(ConfigService) private readonly config!: ConfigService;

  describe() {
    const { host, port, password } = this.db;
    return {
      host,
      port,
      hasPassword: password !== undefined,
      limit: this.config.get<number>('reports.limit', 10),
    };
  }
}

@Module({
  imports: [ConfigModule.forRoot({ isGlobal: true, load: [fromFile] }), ConfigModule.forFeature(database)],
  providers: [Reports],
})
export class AppModule {}
// #endregion
