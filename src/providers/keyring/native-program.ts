/** Runs in the child. The packages live in a thread of it, because they may block that for good: the main thread still sees its
 *  parent go, and ends everything. Of errors only what they mean crosses. */
export const program = `
const { Worker } = require('node:worker_threads');
const thread = new Worker(${JSON.stringify(`
const { createRequire } = require('node:module');
const { parentPort } = require('node:worker_threads');
const pinned = { linux: { store: 'secret-service' } };
const adapters = {
  keytar: (keytar) => keytar,
  napi: ({ AsyncEntry: Entry, findCredentialsAsync }) => ({
    getPassword: (service, account) => new Entry(service, account, pinned).getPassword(),
    setPassword: (service, account, value) => new Entry(service, account, pinned).setPassword(value),
    deletePassword: (service, account) => new Entry(service, account, pinned).deletePassword(),
    findCredentials: (service) => findCredentialsAsync(service),
  }),
};
let keyring;
function load({ backends, bases }) {
  for (const [backend, name] of backends)
    for (const base of bases) {
      const require = createRequire(base);
      let path;
      try { path = require.resolve(name); } catch { continue; }
      try { return { backend, calls: adapters[backend](require(path)) }; } catch { throw { failed: 'broken', backend }; }
    }
  throw { failed: 'missing' };
}
function meaning(error) {
  const said = String(error && error.message);
  if (/lock|interaction is not allowed/i.test(said)) return 'locked';
  return /denied|not permitted|cancell?ed|passphrase/i.test(said) ? 'denied' : 'failed';
}
parentPort.on('message', async ({ id, method, args, setup }) => {
  let answer;
  try {
    keyring ??= load(setup);
    const [, , value] = args;
    if (keyring.backend === 'keytar' && (value === '' || value?.includes('\\0'))) throw { failed: 'unfit' };
    answer = { value: await keyring.calls[method](...args) };
  } catch (error) {
    answer = { failed: error?.failed ?? meaning(error), backend: error?.backend ?? keyring?.backend };
  }
  parentPort.postMessage({ id, ...answer });
});
`)}, { eval: true });
thread.on('message', (answer) => process.send(answer));
process.on('message', (request) => thread.postMessage(request));
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
`;
