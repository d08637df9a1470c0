import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { loadConfig, MemoryProvider } from 'llm-config-manager';
import { buildApp } from './app.ts';
import { Schema } from './config.ts';

// #region test
test('the next request sees an override', async () => {
  const values = new MemoryProvider({ server: { port: 0 }, llm: { model: 'fake', temperature: 0 } });
  await using config = await loadConfig(Schema, values);
  const server = buildApp(config).listen(0);
  const { port } = server.address() as AddressInfo;
  const model = async () => (await fetch(`http://127.0.0.1:${port}/model`)).json();
  assert.deepEqual(await model(), { model: 'fake', temperature: 0 });
  await using _ = await config.override({ 'llm.temperature': 1 });
  assert.deepEqual(await model(), { model: 'fake', temperature: 1 });
  server.close();
});
// #endregion
