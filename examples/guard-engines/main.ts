import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isConfigError, MemoryProvider, secret } from 'llm-config-manager';
import { type Caller, guarded } from 'llm-config-manager/guard';
import { cedarPolicy } from './cedar.ts';
import { remotePolicy } from './remote.ts';

const memory = new MemoryProvider({
  dev: { model: 'small', apiKey: secret('fake-key') },
  prod: { model: 'large' },
});
const identify = ({ caller }: { caller: Caller }): Caller => caller;
const ann = { context: { caller: { id: 'ann' } } };
const keys = ['dev.model', 'dev.apiKey', 'prod.model'];
const show = async (reading: Promise<{ value: unknown } | undefined>): Promise<void> => {
  const answer = await reading.catch((error: unknown) => error);
  console.log(
    isConfigError(answer) ? answer.message.replace(/\. Run.*/, '') : (answer as { value: unknown }).value,
  );
};

console.log('# Cedar\n');
// #region use-cedar
const policies = {
  developers: 'permit(principal in Role::"developer", action, resource) when { resource.path like "dev.*" };',
  secrets: 'forbid(principal, action == Action::"read", resource) when { resource.secret };',
};
const store = guarded(memory, cedarPolicy(policies, { developer: ['ann'] }), { identify });
// #endregion use-cedar
for (const key of keys) await show(store.get(key, ann));
const failing = {
  ...policies,
  office: 'forbid(principal, action, resource) when { context.missing == "x" };',
};
const closed = guarded(memory, cedarPolicy(failing, { developer: ['ann'] }), { identify });
await show(closed.get('dev.model', ann)); // Cedar itself would permit it

console.log('\n# a policy engine elsewhere\n');
let asked = 0;
const engine = createServer((request, response) => {
  let text = '';
  request.on('data', (chunk) => {
    text += chunk;
  });
  request.on('end', () => {
    asked++;
    const { input } = JSON.parse(text) as { input: { key: string; secret: boolean } };
    response.end(JSON.stringify({ result: input.key.startsWith('dev.') && !input.secret }));
  });
});
await new Promise<void>((resolve) => engine.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(engine.address() as AddressInfo).port}/v1/data/config/allow`;
// #region use-remote
const remote = guarded(memory, remotePolicy(url), { identify });
// #endregion use-remote
for (const key of [...keys, ...keys]) await show(remote.get(key, ann));
console.log(`asked ${asked} times`);
await new Promise((resolve) => {
  engine.closeAllConnections();
  engine.close(resolve);
});
await show(remote.get('dev.model', ann)); // from the cache
await show(remote.get('dev.model', { context: { caller: { id: 'bob' } } })); // an outage is a denial
