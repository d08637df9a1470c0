// Fastify and OpenFeature in their oldest versions, in CommonJS.
import { OpenFeature } from '@openfeature/server-sdk';
import fastify from 'fastify';
import { loadConfig, MemoryProvider } from 'llm-config-manager';
import { configPlugin } from 'llm-config-manager/fastify';
import { ConfigFlags } from 'llm-config-manager/openfeature';
import { z } from 'zod';

const Schema = z.object({ flags: z.object({ express: z.boolean(), limit: z.number().default(10) }) });
const sources = () => new MemoryProvider({ flags: { express: true } });

declare module 'llm-config-manager/fastify' {
  interface Registered {
    config: z.infer<typeof Schema>;
  }
}

it('Fastify has the typed configuration and closes it', async () => {
  const app = fastify();
  await app.register(configPlugin, { schema: Schema, sources: sources(), health: '/health' });
  app.get('/', async () => ({ express: app.config.value.flags.express }));
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  const ask = async (path: string) => (await fetch(address + path)).json();
  expect(await ask('/')).toEqual({ express: true });
  expect(await ask('/health')).toMatchObject({ status: 'ok', generation: 1 });
  const { config } = app;
  await app.close();
  await expect(config.reload()).rejects.toMatchObject({ code: 'aborted' });
});

it('OpenFeature reads flags with their reasons', async () => {
  const config = await loadConfig(Schema, sources());
  await OpenFeature.setProviderAndWait(new ConfigFlags(config, 'flags'));
  const flags = OpenFeature.getClient();
  expect(await flags.getBooleanDetails('express', false)).toMatchObject({ value: true, reason: 'STATIC' });
  expect(await flags.getNumberDetails('limit', 1)).toMatchObject({ value: 10, reason: 'DEFAULT' });
  await OpenFeature.close();
  await config.close();
});
