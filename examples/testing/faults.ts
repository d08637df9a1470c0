// #region faults
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryProvider, ProviderChain } from 'llm-config-manager';
import { sheltered } from 'llm-config-manager/shelter';
import { faulty, manualClock } from 'llm-config-manager/testing';
import { endpoint } from './app.ts';

const defaults = new MemoryProvider({ 'service.host': 'localhost' }, { name: 'defaults' });
const store = () => new MemoryProvider({ 'service.host': 'inference.internal' }, { name: 'store' });

test('a default never wins because the store was denied', async () => {
  const config = new ProviderChain([faulty(store(), ['denied']), defaults]);
  await assert.rejects(endpoint(config), { code: 'access_denied', provider: 'store' });
});

test('a store that throttles twice is asked a third time', async () => {
  const clock = manualClock();
  const backend = faulty(store(), { 1: 'throttled', 2: 'throttled' });
  const config = sheltered(backend, { clock });

  // no test sleeps: it moves the clock
  const entry = await clock.until(config.get('service.host'));
  assert.equal(entry?.value, 'inference.internal');
  assert.equal(backend.calls.length, 3);
});
// #endregion
