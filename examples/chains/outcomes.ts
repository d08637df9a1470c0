import assert from 'node:assert/strict';
import { MemoryProvider, ProviderChain } from 'llm-config-manager';
import { faulty } from 'llm-config-manager/testing';
import { failure, heading } from './print.ts';

heading('found, absent, failed');

// #region outcomes
const store = new MemoryProvider({ llm: { model: 'medium', suffix: '' } }, { name: 'store' });
const defaults = new MemoryProvider(
  { llm: { model: 'small', suffix: '!', region: 'eu' } },
  { name: 'defaults' },
);
const chain = new ProviderChain([store, defaults]);

assert.equal(await chain.value('llm.model'), 'medium'); // found: providers below are not read
assert.equal(await chain.value('llm.suffix'), ''); // an empty string is found too
assert.equal(await chain.value('llm.region'), 'eu'); // absent: read from the next provider
assert.equal(await chain.value('llm.timeoutMs'), undefined); // absent everywhere
// #endregion

// #region failed
const broken = faulty(store, () => 'denied'); // a store that denies access
const guarded = new ProviderChain([broken, defaults]);
await failure(guarded.value('llm.model')); // not 'small'
// #endregion

// #region require
await failure(chain.require('llm.timeoutMs'));
// #endregion
