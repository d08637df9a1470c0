import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ConfigService } from 'llm-config-manager/nestjs';
import { AppModule } from './app.ts';
import type { AppConfig } from './app-config.ts';
import { tested } from './test.ts';

// #region start
const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
  logger: ['error'],
});
const { host, port } = app.get<ConfigService<AppConfig>>(ConfigService).value.server;
await app.listen(port, host);
// #endregion

const answer = await fetch(`${await app.getUrl()}/model`);
console.log(await answer.text());
await app.close();

console.log(await tested());
