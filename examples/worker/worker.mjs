import { parentPort, workerData } from 'node:worker_threads';

let config = workerData;
const report = () => {
  const { model, apiKey } = config.llm;
  parentPort.postMessage(`worker: model ${model}, a key of ${apiKey.length} characters`);
};
parentPort.on('message', (next) => {
  config = next;
  report();
});
report();
