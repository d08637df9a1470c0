// The program of the child process in native.ts, as source text: bundlers cannot lose it. The native packages
// run in a thread, because they may block that thread forever; the main thread still sees the parent end, and
// kills all. Errors reach the parent as a kind only, never as text.

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
      try { return { backend, calls: adapters[backend](require(path)) }; }
      catch { throw { failed: 'broken', backend }; }
    }
  throw { failed: 'missing' };
}
function kindOf(error) {
  const text = String(error && error.message);
  if (/lock|interaction is not allowed/i.test(text)) return 'locked';
  return /denied|not permitted|cancell?ed|passphrase/i.test(text) ? 'denied' : 'failed';
}
parentPort.on('message', async ({ id, method, args, setup }) => {
  let reply;
  try {
    keyring ??= load(setup);
    const [, , value] = args;
    if (keyring.backend === 'keytar' && (value === '' || value?.includes('\\0'))) throw { failed: 'unfit' };
    reply = { value: await keyring.calls[method](...args) };
  } catch (error) {
    reply = { failed: error?.failed ?? kindOf(error), backend: error?.backend ?? keyring?.backend };
  }
  parentPort.postMessage({ id, ...reply });
});
`)}, { eval: true });
thread.on('message', (reply) => process.send(reply));
process.on('message', (request) => thread.postMessage(request));
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
`;
