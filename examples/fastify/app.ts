import Fastify, { type FastifyInstance } from 'fastify';
import { type ConfigPluginOptions, configPlugin } from 'llm-config-manager/fastify';
import type { z } from 'zod';
import { chain, schema } from './config.ts';

declare module 'llm-config-manager/fastify' {
  interface Registered {
    config: z.infer<typeof schema>; // the type of app.config.value
  }
}

const all: ConfigPluginOptions = { schema, sources: chain, watch: true };

export async function buildApp(options = all): Promise<FastifyInstance> {
  const app = Fastify();
  await app.register(configPlugin, { health: '/health', ...options });
  return app;
}
