import Fastify, { type FastifyInstance } from 'fastify';
import type { Config, StandardSchemaV1 } from 'llm-config-manager';
import { z } from 'zod';

// #region schema
export const Schema = z.object({
  server: z.object({ port: z.number(), host: z.string() }),
  llm: z.object({ model: z.string(), temperature: z.number().min(0).max(2) }),
});
export type AppConfig = Config<StandardSchemaV1.InferOutput<typeof Schema>>;

declare module 'fastify' {
  interface FastifyInstance {
    readonly config: AppConfig;
  }
}
// #endregion

// #region app
export function buildApp(config: AppConfig): FastifyInstance {
  const app = Fastify();
  app.decorate('config', config);
  app.addHook('onClose', () => config.close());
  // read per request: the next request sees a reload, and a running request keeps its values
  app.get('/model', async () => app.config.value.llm);
  app.get('/health', async () => ({ generation: app.config.generation.number }));
  return app;
}
// #endregion
