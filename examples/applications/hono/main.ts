import { serve } from '@hono/node-server';
import { loadConfig } from 'llm-config-manager';
import { buildApp } from './app.ts';
import { Schema, sources } from './config.ts';

// #region start
const config = await loadConfig(Schema, sources, { watch: true });
const { port, host: hostname } = config.value.server;
const server = serve({ fetch: buildApp(config).fetch, port, hostname });

process.once('SIGTERM', () => server.close(() => config.close()));
// #endregion
