import assert from 'node:assert/strict';
import { MemoryProvider, ProviderChain } from 'llm-config-manager';
import { faulty } from 'llm-config-manager/testing';
import { failure, heading } from './print.ts';

heading('found, absent, failed');

// #region outcomes
const store = new MemoryProvider({ 'llm.model': 'medium', 'llm.suffix': '' }, { name: 'store' });
const defaults = new MemoryProvider({ 'llm.model': 'small', 'llm.suffix': '!', 'llm.region': 'eu' }, { name: 'defaults' });
const chain = new ProviderChain([store, defaults]);

assert.equal(await chain.value('llm.model'), 'medium'); // found: nobody below is asked
assert.equal(await chain.value('llm.suffix'), ''); // an empty text is found too, as are 0, false and null
assert.equal(await chain.value('llm.region'), 'eu'); // absent in the store: the next one is asked
assert.equal(await chain.value('llm.timeoutMs'), undefined); // absent everywhere
// #endregion

// #region failed
const broken = faulty(store, () => 'denied'); // as a store does that refuses us
const guarded = new ProviderChain([broken, defaults]);
await failure(guarded.value('llm.model')); // not 'small'
// #endregion

// #region require
await failure(chain.require('llm.timeoutMs'));
// #endregion
