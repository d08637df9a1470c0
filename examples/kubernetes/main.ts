import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigEvent } from 'llm-config-manager';
import { load } from './config.ts';
import { Volume } from './volume.ts';

const root = await mkdtemp(join(tmpdir(), 'kubernetes-'));
process.chdir(root); // the paths below are the same on every machine
const configMap = new Volume('etc/inference/config');
const secret = new Volume('etc/inference/secrets');
await configMap.update({ 'app.yaml': 'llm:\n  model: small\n  maxTokens: 256\n' });
await secret.update({ 'llm.apiKey': 'not-a-real-key' });

const config = await load('etc/inference', { APP_LLM_MAX_TOKENS: '512' });

// #region ready
const server = createServer((_request, response) => {
  const body = JSON.stringify({ generation: config.generation.number });
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
});
// #endregion
await once(server.listen(0, '127.0.0.1'), 'listening');
const { port } = server.address() as AddressInfo;
const ready = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/ready`)).text();
const next = (type: ConfigEvent['type']): Promise<ConfigEvent> =>
  new Promise((resolve) => {
    const listening = config.on((event) => {
      if (event.type !== type) return;
      listening[Symbol.dispose]();
      resolve(event);
    });
  });

console.log('# mounted\n');
console.log(config.value.llm);
for (const key of ['llm.maxTokens', 'llm.apiKey', 'llm.model'] as const)
  console.log(`${config.explain(key)}`);

console.log('\n# the Secret is rotated\n');
const rotated = next('changed');
await secret.update({ 'llm.apiKey': 'another-fake-key' });
await rotated;
console.log(`a key of ${config.value.llm.apiKey.length} characters; ready returns ${await ready()}`);

console.log('\n# a ConfigMap with a mistake\n');
const refused = next('refresh_failed');
await configMap.update({ 'app.yaml': 'llm:\n  model: [small]\n' });
const { outcome } = await refused;
console.log(`${outcome}: still model ${config.value.llm.model}; ready returns ${await ready()}\n`);
await config.reload().catch((error: Error) => console.log(error.message));

console.log('\n# corrected\n');
const corrected = next('changed');
await configMap.update({ 'app.yaml': 'llm:\n  model: large\n  maxTokens: 256\n' });
await corrected;
console.log(`model ${config.value.llm.model}; ready returns ${await ready()}`);

server.close();
await config.close();
await rm(root, { recursive: true });
