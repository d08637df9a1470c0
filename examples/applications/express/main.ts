import { loadConfig } from 'llm-config-manager';
import { buildApp } from './app.ts';
import { Schema, sources } from './config.ts';

// #region start
const config = await loadConfig(Schema, sources, { watch: true });
const { port, host } = config.value.server;
const server = buildApp(config).listen(port, host);

process.once('SIGTERM', () => {
  server.close(() => config.close());
  server.closeIdleConnections();
});
// #endregion
