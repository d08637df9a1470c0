import { Worker } from 'node:worker_threads';
import { loadConfig, MemoryProvider, type MemoryValues, secret } from 'llm-config-manager';
import { z } from 'zod';

const Schema = z.object({ llm: z.object({ model: z.string(), apiKey: z.string() }) });
const values = { llm: { model: 'small', apiKey: secret('not-a-real-key') } } satisfies MemoryValues;
const settings = new MemoryProvider(values);
await using config = await loadConfig(Schema, settings);

// #region worker
// a generation is plain data: the worker gets a copy now, and another copy after each reload
const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData: config.value });
config.subscribe('', () => worker.postMessage(config.value));
// #endregion

const message = (): Promise<unknown> => new Promise((resolve) => worker.once('message', resolve));
console.log(await message());
const next = message();
await settings.set('llm.model', 'large');
await config.reload();
console.log(await next);
await worker.terminate();
