import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { EnvProvider, MemoryProvider } from 'llm-config-manager';
import { ConfigModule } from './config.module.ts';
import { ModelController, Schema } from './model.controller.ts';

const env = { APP_LLM_MAX_TOKENS: '512', ...process.env };

// #region module
const sources = [new EnvProvider({ prefix: 'APP', env }), new MemoryProvider({ llm: { model: 'small' } })];

@Module({
  imports: [ConfigModule.forRoot(Schema, sources)],
  controllers: [ModelController],
})
class AppModule {}
// #endregion

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
  logger: false,
});
await app.listen(0, '127.0.0.1');
const answer = await fetch(`${await app.getUrl()}/model`);
console.log(await answer.text());
await app.close();
