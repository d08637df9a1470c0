import express, { type Express } from 'express';
import type { AppConfig } from './config.ts';

// #region app
export function buildApp(config: AppConfig): Express {
  const app = express();
  // read per request: the next request sees a reload
  app.get('/model', (_request, response) => {
    response.json(config.value.llm);
  });
  return app;
}
// #endregion
