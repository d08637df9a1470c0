import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isConfigError, withSecret } from 'llm-config-manager';
import { EncryptedFileProvider } from 'llm-config-manager/encrypted-file';
import { fileLock, fileStore, generated, rotate, schedules } from 'llm-config-manager/rotation';
import { manualClock } from 'llm-config-manager/testing';
import { api } from './api.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'rotation-'));
const file = path.join(folder, 'secrets.json.jwe');
const keys = () => 'fake'.padEnd(64, '0').replaceAll(/[^\da-f]/g, '0');
const secrets = new EncryptedFileProvider({ name: 'secrets', path: file, keys });
await secrets.edit(() => JSON.stringify({ llm: { key: 'fake-key-1', organisation: 'acme' } }));
const clock = manualClock(Date.UTC(2026, 10, 30));
const day = 86_400_000;

// #region target
const modelKeys = generated({
  async create({ rotation }) {
    await api.deleteByName(rotation); // left from a process that died
    return api.create({ name: rotation });
  },
  test: ({ key = '' }) => api.accepts(key),
  revoke: ({ key = '' }) => api.delete(key),
  inUse: ({ key = '' }) => api.usesSince(key),
});
// #endregion target

let dies = false;
const { accepts } = api;
api.accepts = async (key) => {
  if (dies && key === 'fake-key-3') throw new Error('the process dies here');
  return accepts(key);
};

// #region rotate
const rotation = rotate(fileStore(secrets, 'llm'), modelKeys, {
  everyMs: 90 * day,
  overlapMs: 7 * day,
  graceMs: day,
  revoke: 'auto',
  lock: fileLock(file),
  clock, // only for this example
  on: (event) => {
    if (event.type === 'rotation_step') console.log('event:', event.step);
    if (event.type === 'rotation_waiting') console.log('event:', event.message);
  },
});
// #endregion rotate

/** The application: it reads the key from the same file. */
const reader = new EncryptedFileProvider({ path: file, keys });
const ask = () => withSecret(reader, 'llm.key', (key) => api.complete(key));
const show = async (answer: Promise<unknown>): Promise<void> => {
  const text = await answer.catch((error) => (isConfigError(error) ? error.message : String(error)));
  console.log(text);
};

console.log('# the first step\n');
await show(ask());
// #region step
console.log(await rotation.step({ begin: true })); // now, and then every 90 days: rotation.step()
// #endregion step
await reader.refresh();
await show(ask());
console.log((await rotation.status()).step, 'until', new Date(clock.now() + 7 * day).toISOString());

console.log('\n# the old key is in use, and then it is not\n');
await api.usesSince('fake-key-1');
await api.complete('fake-key-1'); // a program that was forgotten
await clock.advance(8 * day);
await show(rotation.step());
await show(rotation.step());
await show(ask());
console.log(api.count(), 'key');

console.log('\n# a process that dies after it has stored the next key\n');
await clock.advance(90 * day);
dies = true;
await show(rotation.step());
await show(ask());
dies = false;
await show(rotation.step());
await show(ask());

console.log('\n# the default schedules, in days\n');
for (const [kind, { everyMs, overlapMs }] of Object.entries(schedules))
  console.log(kind.padEnd(13), `every ${everyMs / day}, overlap ${(overlapMs / day).toFixed(3)}`);

rmSync(folder, { recursive: true });
