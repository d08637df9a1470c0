import { Worker } from 'node:worker_threads';
import { loadConfig, MemoryProvider, type MemoryValues, secret } from 'llm-config-manager';
import { z } from 'zod';

const Schema = z.object({ llm: z.object({ model: z.string(), apiKey: z.string() }) });
const settings = new MemoryProvider({
  llm: { model: 'small', apiKey: secret('not-a-real-key') },
} satisfies MemoryValues);
await using config = await loadConfig(Schema, settings);

// #region worker
// a generation is plain data: a worker gets a copy of it, and the next one when it is there
const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData: config.value });
config.subscribe('', () => worker.postMessage(config.value));
// #endregion

const said = (): Promise<unknown> => new Promise((resolve) => worker.once('message', resolve));
console.log(await said());
const next = said();
await settings.set('llm.model', 'large');
await config.reload();
console.log(await next);
await worker.terminate();
