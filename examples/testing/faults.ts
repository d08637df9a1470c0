// #region faults
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryProvider, ProviderChain } from 'llm-config-manager';
import { sheltered } from 'llm-config-manager/shelter';
import { faulty, manualClock } from 'llm-config-manager/testing';
import { endpoint } from './app.ts';

const defaults = new MemoryProvider({ 'service.host': 'localhost' }, { name: 'defaults' });
const store = () => new MemoryProvider({ 'service.host': 'inference.internal' }, { name: 'store' });

test('a default does not replace a value that the store denies', async () => {
  const config = new ProviderChain([faulty(store(), ['denied']), defaults]);
  await assert.rejects(endpoint(config), { code: 'access_denied', provider: 'store' });
});

test('a read is retried after the store throttles twice', async () => {
  const clock = manualClock();
  const backend = faulty(store(), { 1: 'throttled', 2: 'throttled' });
  const config = sheltered(backend, { clock });

  // the test moves the clock instead of sleeping
  const entry = await clock.until(config.get('service.host'));
  assert.equal(entry?.value, 'inference.internal');
  assert.equal(backend.calls.length, 3);
});
// #endregion
