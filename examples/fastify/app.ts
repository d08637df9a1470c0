import Fastify, { type FastifyInstance } from 'fastify';
import { type ConfigPluginOptions, configPlugin } from 'llm-config-manager/fastify';
import { z } from 'zod';

// #region schema
export const Schema = z.object({
  server: z.object({ port: z.number(), host: z.string() }),
  llm: z.object({ model: z.string(), temperature: z.number().min(0).max(2) }),
});

declare module 'llm-config-manager/fastify' {
  interface Registered {
    config: z.infer<typeof Schema>; // the type of app.config.value
  }
}
// #endregion

// #region app
export async function buildApp(options: ConfigPluginOptions): Promise<FastifyInstance> {
  const app = Fastify();
  await app.register(configPlugin, { health: '/health', ...options });
  // read per request: the next request sees a reload, and a running request keeps its values
  app.get('/model', async () => app.config.value.llm);
  return app;
}
// #endregion
