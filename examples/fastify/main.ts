import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BundleProvider, type ConfigEvent, EnvProvider, MemoryProvider, reveal } from 'llm-config-manager';
import { buildApp } from './app.ts';
import { schema } from './config.ts';

const folder = await mkdtemp(join(tmpdir(), 'fastify-'));
const file = join(folder, 'config.yaml');
const server = 'server:\n  port: 0\n  host: 127.0.0.1\n';
await writeFile(file, `${server}llm:\n  model: small\n  temperature: 0.2\n`);

// #region start
const sources = [new EnvProvider({ prefix: 'APP' }), new BundleProvider(file)];
const app = await buildApp({ schema, sources, watch: true });
// read per request: the next request sees a reload, and a running request keeps its values
app.get('/model', async () => app.config.value.llm);
const address = await app.listen(reveal(app.config.value.server)); // Fastify changes its options
// #endregion

const ask = async (path: string): Promise<string> => (await fetch(`${address}${path}`)).text();
const next = (type: ConfigEvent['type']): Promise<ConfigEvent> =>
  new Promise((resolve) => {
    const listening = app.config.on((event) => {
      if (event.type !== type) return;
      listening[Symbol.dispose]();
      resolve(event);
    });
  });

console.log('at first    ', await ask('/model'));

const changed = next('changed');
await writeFile(file, `${server}llm:\n  model: large\n  temperature: 0.7\n`);
await changed;
console.log('changed     ', await ask('/model'));

const failed = next('refresh_failed');
await writeFile(file, `${server}llm:\n  model: large\n  temperature: hot\n`);
await failed;
const { loadedAt: _, ...health } = JSON.parse(await ask('/health'));
console.log('broken file ', await ask('/model'), health);

await app.close();
await rm(folder, { recursive: true });

// #region test
const values = new MemoryProvider({
  server: { port: 0, host: 'localhost' },
  llm: { model: 'fake', temperature: 0 },
});
await using tested = await buildApp({ schema, sources: values });
tested.config.value.llm; // => { model: 'fake', temperature: 0 }
// #endregion
console.log('in a test   ', tested.config.value.llm);
