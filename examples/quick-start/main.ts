import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BundleProvider, DotEnvProvider, EnvProvider, loadConfig, MemoryProvider, ProviderChain } from 'llm-config-manager';
import { z } from 'zod';
import { heading, table } from './print.ts';

const here = relative('', dirname(fileURLToPath(import.meta.url))) || '.';
// An application leaves `env` out: process.env is read. Here one variable is given, so that there is something to see.
const env = { APP__SERVER__PORT: '9090', ...process.env };

// #region schema
const Schema = z.object({
  server: z.object({ host: z.string(), port: z.number().int().max(65_535) }),
  database: z.object({ host: z.string(), poolMax: z.number(), timeoutMs: z.number() }),
  llm: z.object({ model: z.enum(['small', 'medium', 'large']), temperature: z.number(), apiKey: z.string() }),
});
// #endregion

// #region chain
await using chain = new ProviderChain([
  new EnvProvider({ prefix: 'APP', env }),
  new DotEnvProvider({ prefix: 'APP', directory: here }),
  new BundleProvider(`${here}/config/base.yaml`),
  new MemoryProvider({ database: { host: 'localhost', poolMax: 5, timeoutMs: 3_000 } }, { name: 'defaults' }),
]);
// #endregion

// #region load
const config = await loadConfig(Schema, chain);
const { server, database, llm } = config.value; // typed, frozen, plain objects
// #endregion

heading('Values, and where each comes from');
table(
  [
    ['server.host', server.host],
    ['server.port', server.port],
    ['database.host', database.host],
    ['database.poolMax', database.poolMax],
    ['database.timeoutMs', database.timeoutMs],
    ['llm.model', llm.model],
    ['llm.temperature', llm.temperature],
  ].map(([key, value]) => [`${key}`, JSON.stringify(value), `${config.explain(`${key}`).winner?.origin}`]),
);

heading('One of them explained');
// #region explain
console.log(`${config.explain('database.host')}`);
// #endregion

heading('A secret');
// #region secret
console.log(config.explain('llm.apiKey').toString()); // masked, as in every message, log line and JSON
console.log(JSON.stringify(config.value.llm));
console.log(`llm.apiKey has ${llm.apiKey.length} letters for who reads it`);
// #endregion
