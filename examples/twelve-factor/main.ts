import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { envExample, isConfigError } from 'llm-config-manager';
import { type AppConfig, load, Schema } from './config.ts';

console.log('# the variables to set, for .env.example and for a deployment\n');
// #region example
console.log(await envExample(Schema));
// #endregion

// #region start
/** Loads the configuration. On a configuration error, prints the report and sets exit code 1. */
async function start(env = process.env, report = console.error): Promise<AppConfig | undefined> {
  try {
    return await load(env);
  } catch (error) {
    if (!isConfigError(error)) throw error;
    report(error.message);
    process.exitCode = 1;
    return undefined;
  }
}
// #endregion

console.log('# a valid environment\n');
const folder = await mkdtemp(join(tmpdir(), 'twelve-factor-'));
const secretFile = join(folder, 'llm-api-key');
await writeFile(secretFile, 'not-a-real-key\n'); // like a secret mounted into a container
const env = {
  PATH: '/usr/bin', // not in the schema: ignored
  PORT: '80',
  DATABASE_URL: 'postgres://app:not-a-real-password@db.internal/inference',
  LLM_ENDPOINT: 'https://llm.internal/v1',
  LLM_API_KEY_FILE: secretFile,
};
const config = await start(env);
console.log(config);
console.log(`${config?.explain('llm.apiKey')}`);
await rm(folder, { recursive: true });

console.log('\n# an invalid environment\n');
await start({ PORT: 'http', LLM_ENDPOINT: 'llm.internal', LLM_API_KEY: '' }, console.log);
console.log(`\nexit code: ${process.exitCode}`);
process.exitCode = 0;
