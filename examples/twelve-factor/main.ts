import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { envExample, isConfigError } from 'llm-config-manager';
import { type AppConfig, loadFrom, Schema } from './config.ts';

console.log('# what to set, for .env.example and for the deployment\n');
// #region example
console.log(envExample(Schema));
// #endregion

// #region start
/** What a service does first: it has a configuration, or it says why not and ends with 1. */
async function start(env = process.env, report = console.error): Promise<AppConfig | undefined> {
  try {
    return await loadFrom(env);
  } catch (error) {
    if (!isConfigError(error)) throw error;
    report(error.message);
    process.exitCode = 1;
    return undefined;
  }
}
// #endregion

console.log('# one deployment\n');
const folder = await mkdtemp(join(tmpdir(), 'twelve-factor-'));
const secretFile = join(folder, 'llm-api-key');
await writeFile(secretFile, 'not-a-real-key\n'); // as a container's secrets are mounted
const env = {
  PATH: '/usr/bin', // nothing of ours: it never enters
  PORT: '80',
  DATABASE_URL: 'postgres://app:not-a-real-password@db.internal/inference',
  LLM__ENDPOINT: 'https://llm.internal/v1',
  LLM__API_KEY_FILE: secretFile,
};
const config = await start(env);
console.log(config);
console.log(`${config?.explain('llm.apiKey')}`);
await rm(folder, { recursive: true });

console.log('\n# one that does not start\n');
await start({ PORT: 'http', LLM__ENDPOINT: 'llm.internal', LLM__API_KEY: '' }, console.log);
console.log(`\nit would end with ${process.exitCode}`);
process.exitCode = 0;
