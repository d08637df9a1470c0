// #region memory
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryProvider, ProviderChain } from 'llm-config-manager';
import { endpoint } from './app.ts';

test('the endpoint comes from the configuration', async () => {
  const config = new MemoryProvider({ service: { host: 'inference.internal', port: 8443 } });
  assert.equal(await endpoint(config), 'https://inference.internal:8443');
});

test('an override keeps the rest of the section', async () => {
  await using config = new ProviderChain([
    new MemoryProvider({ 'service.port': 9000 }, { name: 'override' }),
    new MemoryProvider({ service: { host: 'inference.internal', port: 8443 } }, { name: 'base' }),
  ]);
  assert.equal(await endpoint(config), 'https://inference.internal:9000');
});
// #endregion
