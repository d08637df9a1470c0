import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig, MemoryProvider } from 'llm-config-manager';
import { buildApp } from './app.ts';
import { Schema } from './config.ts';

// #region test
test('the next request sees an override', async () => {
  const values = new MemoryProvider({ server: { port: 0 }, llm: { model: 'fake', temperature: 0 } });
  await using config = await loadConfig(Schema, values);
  const app = buildApp(config);
  const model = async () => (await app.request('/model')).json();
  assert.deepEqual(await model(), { model: 'fake', temperature: 0 });
  await using _ = await config.override({ 'llm.temperature': 1 });
  assert.deepEqual(await model(), { model: 'fake', temperature: 1 });
});
// #endregion
