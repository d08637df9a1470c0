import { Hono } from 'hono';
import type { AppConfig } from './config.ts';

// #region app
type Env = { Variables: { settings: AppConfig['value'] } };

export function buildApp(config: AppConfig): Hono<Env> {
  const app = new Hono<Env>();
  // one generation for the whole request, also while a reload replaces it
  app.use(async (context, next) => {
    context.set('settings', config.value);
    await next();
  });
  app.get('/model', (context) => context.json(context.get('settings').llm));
  return app;
}
// #endregion
