import { parentPort, workerData } from 'node:worker_threads';

let config = workerData;
const say = () =>
  parentPort.postMessage(`worker: model ${config.llm.model}, a key of ${config.llm.apiKey.length} letters`);
parentPort.on('message', (next) => {
  config = next;
  say();
});
say();
