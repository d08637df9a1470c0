import { randomBytes } from 'node:crypto';
import { shared } from 'llm-config-manager/redis';
import { sheltered } from 'llm-config-manager/shelter';
import { Client } from './client.ts';
import { Store } from './store.ts';

const store = new Store();
const client = new Client();
const key = randomBytes(32);

// #region share
const second = shared(client, {
  keys: () => key, // in production, a key service: kmsKey({ keyId }) or transitKey({ key })
  domain: 'inference-prod', // who may read whatever any of them may read
  prefix: 'acme',
});
const provider = sheltered(store, { second });

console.log(`${(await provider.get('llm.model'))?.value}, and Redis is away`);
console.log(`read from Redis: ${provider.stats().second?.hits}`);
await provider.close();
await second.close(); // ends its subscription; the client is yours
// #endregion share
