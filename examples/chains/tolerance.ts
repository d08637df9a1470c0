import assert from 'node:assert/strict';
import { fallback, MemoryProvider, optional, ProviderChain } from 'llm-config-manager';
import { type CallFault, faulty } from 'llm-config-manager/testing';
import { failure, heading, print } from './print.ts';

heading('tolerance');

let fault: CallFault = 'unavailable';
const values = new MemoryProvider({ 'flags.beta': true, 'llm.model': 'large' }, { name: 'store' });
const store = faulty(values, () => fault);
const defaults = new MemoryProvider({ flags: { beta: false } }, { name: 'defaults' });

// #region optional
const tolerant = new ProviderChain([optional(store), defaults]);
tolerant.on((event) => {
  if (event.type === 'tolerated') print(`${event.type}: ${event.provider}`); // once per outage
});

assert.equal(await tolerant.value('flags.beta'), false); // an unreachable store counts as absent
print(await tolerant.explain('flags.beta')); // explain shows the outage
// #endregion

// #region answered
fault = 'ok';
assert.equal(await tolerant.value('llm.model'), 'large');
fault = 'unavailable';
await failure(tolerant.value('llm.model')); // a key that the store has returned before fails
// #endregion

// #region fallback
fault = 'unavailable';
const copy = new MemoryProvider({ flags: { beta: true } }, { name: 'last copy' });
const replaced = new ProviderChain([fallback(store, copy), defaults]);
assert.equal(await replaced.value('flags.beta'), true);

fault = 'denied';
await failure(replaced.value('flags.beta')); // denied is an answer, not an outage
// #endregion
