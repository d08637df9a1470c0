import { parentPort, workerData } from 'node:worker_threads';
import { BundleProvider, loadConfig } from '../../src/index.ts';
import { isWhole, Whole } from './whole.ts';

/** A worker that reads a watched configuration until it sees the generation in its message. */
const { file } = workerData as { file: string };
const port = parentPort as NonNullable<typeof parentPort>;
let last = Number.POSITIVE_INFINITY;
port.once('message', (number: number) => {
  last = number;
});

const config = await loadConfig(Whole, new BundleProvider(file), {
  watch: { settleMs: 1, pollMs: 50 },
  on: () => undefined, // reloads fail on purpose
});
port.postMessage('ready');
let reads = 0;
let torn = 0;
while (config.value.number !== last) {
  for (let i = 0; i < 5; i++) {
    reads++;
    if (!isWhole(config.value)) torn++;
  }
  await new Promise((resolve) => setTimeout(resolve)); // gives the core to other threads in between
}
await config.close();
port.postMessage({ reads, torn });
port.unref();
