import Fastify, { type FastifyInstance } from 'fastify';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { loadConfig, MemoryProvider } from '../../src/index.ts';
import { type ConfigPluginOptions, configPlugin } from '../../src/integrations/fastify/index.ts';
import { until } from '../support/until.ts';

const Schema = z.object({ llm: z.object({ model: z.string() }) });
const secret = 'fake-Zq83-not-real';

async function appOf(
  options: ConfigPluginOptions,
  app: FastifyInstance = Fastify() as FastifyInstance,
): Promise<FastifyInstance> {
  await app.register(configPlugin, options);
  await app.ready();
  return app;
}
const memory = (model: unknown = 'small') => new MemoryProvider({ llm: { model } } as never);

describe('configPlugin', () => {
  it('decorates the application, also outside the plugin and in nested ones', async () => {
    const app = Fastify();
    await app.register(configPlugin, { schema: Schema, sources: memory() });
    await app.register(async (inner) => {
      inner.get('/model', async () => inner.config.value);
    });
    expect(app.config.get('llm.model')).toBe('small');
    expect((await app.inject('/model')).json()).toEqual({ llm: { model: 'small' } });
    await app.close();
  });

  it('fails the start of the application with the report', async () => {
    const app = Fastify();
    app.register(configPlugin, { schema: Schema, sources: memory(7) });
    await expect(app.ready()).rejects.toMatchObject({ code: 'validation', message: /llm\.model/ as never });
    await app.close();
  });

  it('closes with the application what it has loaded', async () => {
    const app = await appOf({ schema: Schema, sources: memory() });
    const { config } = app;
    await app.close();
    await expect(config.reload()).rejects.toMatchObject({ code: 'aborted' });
  });

  it('leaves a configuration that it was given open', async () => {
    const config = await loadConfig(memory());
    const app = await appOf({ config: config as never });
    expect(app.config).toBe(config);
    await app.close();
    await config.reload();
  });

  it('refuses a second registration, and a decorator of another plugin', async () => {
    const app = Fastify();
    app.decorate('config', {} as never);
    app.register(configPlugin, { schema: Schema, sources: memory() });
    await expect(app.ready()).rejects.toMatchObject({ code: 'invalid_option' });
    await app.close();
  });

  it('has a route of the health of the configuration, without a message', async () => {
    const source = memory();
    const app = await appOf({ schema: Schema, sources: source, health: '/health', on: () => {} });
    expect((await app.inject('/health')).json()).toEqual({
      status: 'ok',
      generation: 1,
      loadedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    await source.set('llm.model', [secret]);
    await app.config.reload().catch(() => undefined);
    const answer = await app.inject('/health');
    expect(answer.json()).toMatchObject({ status: 'degraded', generation: 1, failure: 'validation' });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).not.toContain(secret);
    await app.close();
  });

  it('writes events to the log of the application, without values', async () => {
    const lines: string[] = [];
    const stream = { write: (line: string) => void lines.push(line) };
    const source = memory();
    const app = await appOf(
      { schema: Schema, sources: source },
      Fastify({ logger: { level: 'warn', stream } }) as unknown as FastifyInstance,
    );
    await source.set('llm.model', [secret]);
    await app.config.reload().catch(() => undefined);
    expect(lines.join('')).toContain('refresh_failed');
    expect(lines.join('')).not.toContain(secret);
    await app.close();
  });

  it.each([
    ['is off', false],
    ['drops warnings', { level: 'error', stream: { write: () => undefined } }],
  ] as const)('a logger that %s hides no failure of a reload', async (_, logger) => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const source = memory();
    const options = { schema: Schema, sources: source, watch: { settleMs: 1 } };
    const app = await appOf(options, Fastify({ logger } as object) as FastifyInstance);
    await source.set('llm.model', [secret]);
    await until('the failure is a warning', () => warn.mock.calls.length > 0);
    expect(String(warn.mock.calls[0]?.[0])).toContain('llm.model');
    await app.close();
    warn.mockRestore();
  });

  it('is refused by an old Fastify', () => {
    expect(Reflect.get(configPlugin, Symbol.for('plugin-meta'))).toMatchObject({ fastify: '5.x' });
  });
});
