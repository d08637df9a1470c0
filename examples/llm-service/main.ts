import type { AddressInfo } from 'node:net';
import {
  BundleProvider,
  EnvProvider,
  MemoryProvider,
  ProviderChain,
  reveal,
  secret,
} from 'llm-config-manager';
import { sheltered } from 'llm-config-manager/shelter';
import { type Client, start } from './service.ts';

// the vendors: which key each accepts, and whether it answers
const accepted: Record<string, string> = { 'large-1': 'fake-key-1', 'large-2': 'fake-key-of-us' };
let isThrottled = false;
const makeClient = ({ model, auth }: Parameters<Parameters<typeof start>[1]>[0]): Client => ({
  async ask() {
    if (reveal(auth.apiKey) !== accepted[model]) throw Object.assign(new Error('wrong key'), { status: 401 });
    if (isThrottled && model === 'large-1') throw Object.assign(new Error('slow down'), { status: 429 });
    return `${model} says hello`;
  },
});

// #region chain
const vault = new MemoryProvider({ 'llm.endpoints.eu.auth.apiKey': secret('fake-key-1') }, { name: 'vault' });
const chain = new ProviderChain([
  new EnvProvider({ prefix: 'APP', env: {} }), // of this deployment
  sheltered(vault, { cache: { ttlMs: 60_000 } }), // in production: a VaultProvider. Only the keys
  new BundleProvider('llm.yaml'), // models, limits, tasks: in version control
]);
const quiet = { ...console, info: () => undefined, debug: () => undefined };
await using service = await start(chain, makeClient, quiet);
// #endregion chain

const { port } = service.server.address() as AddressInfo;
const ask = async (path = '/') => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'x-user': 'u-7' } });
  return `${response.status} ${await response.text()}`;
};
console.log('ready:', await ask('/ready'));
console.log('a call:', await ask());

accepted['large-1'] = 'fake-key-2';
await vault.set('llm.endpoints.eu.auth.apiKey', secret('fake-key-2'));
console.log('after a rotation of the key:', await ask());

isThrottled = true;
console.log('the first vendor throttles:', await ask());

accepted['large-2'] = 'another';
console.log('and the second one refuses:', await ask());
await chain.close();
