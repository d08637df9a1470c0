// #region schema
import { parseArgs } from 'node:util';
import { BundleProvider, EnvProvider, loadConfig, MemoryProvider, ProviderChain } from 'llm-config-manager';
import { z } from 'zod';

export const Schema = z.object({
  port: z.number().int().min(0).max(65_535).default(3000).describe('Where to listen'),
  logLevel: z.enum(['debug', 'info', 'warn']).default('info').describe('What is logged'),
  database: z.object({
    host: z.string().describe('The server'),
    password: z.string().meta({ description: 'Its password', 'x-secret': true }),
    timeoutMs: z.number().int().min(0).default(5000).describe('The timeout of a query'),
  }),
});
// #endregion

// #region after
/** Keeps the existing variable names. */
const variables = {
  port: 'PORT',
  logLevel: 'LOG_LEVEL',
  'database.host': 'DB_HOST',
  'database.password': 'DB_PASSWORD',
  'database.timeoutMs': 'DB_TIMEOUT_MS',
};

export function load(file: string, { env = process.env, args = process.argv.slice(2) } = {}) {
  const { values } = parseArgs({ args, options: { port: { type: 'string' } }, strict: false });
  const port = values.port === undefined ? {} : { port: Number(values.port) };
  const chain = new ProviderChain([
    new MemoryProvider(port, { name: 'arguments' }),
    new EnvProvider({ variables, env }),
    new BundleProvider(file),
  ]);
  return loadConfig(Schema, chain, { unknown: 'error' });
}
// #endregion
