import { heading, table } from './print.ts';
import './scene.ts';
// #region schema
import {
  BundleProvider,
  DotEnvProvider,
  EnvProvider,
  loadConfig,
  MemoryProvider,
  ProviderChain,
} from 'llm-config-manager';
import { z } from 'zod';

const Schema = z.object({
  server: z.object({ host: z.string(), port: z.number().int().max(65_535) }),
  database: z.object({ host: z.string(), poolMax: z.number(), timeoutMs: z.number() }),
  llm: z.object({ model: z.enum(['small', 'medium']), temperature: z.number(), apiKey: z.string() }),
});
// #endregion

// #region chain
const chain = new ProviderChain([
  new EnvProvider({ prefix: 'APP' }),
  new DotEnvProvider({ prefix: 'APP' }),
  new BundleProvider('config/base.yaml'),
  new MemoryProvider({ database: { poolMax: 5, timeoutMs: 3_000 } }, { name: 'defaults' }),
]);
// #endregion

// #region load
const config = await loadConfig(Schema, chain);
const { database, llm } = config.value; // typed and frozen: database.poolMax is a number
// #endregion

heading('Values and their origins');
const keys = [
  'server.host',
  'server.port',
  'database.host',
  'database.poolMax',
  'database.timeoutMs',
  'llm.model',
  'llm.temperature',
] as const;
table(keys.map((key) => [key, JSON.stringify(config.get(key)), `${config.explain(key).winner?.origin}`]));

heading('One value explained');
// #region explain
console.log(`${config.explain('database.host')}`);
// #endregion

console.log(`\nA pool of ${database.poolMax} is a plain property read.`);

heading('A secret');
// #region secret
console.log(config.explain('llm.apiKey').toString()); // masked, as in every message, log line and JSON
console.log(JSON.stringify(llm));
console.log(`llm.apiKey itself is a plain ${typeof llm.apiKey}`);
// #endregion
