import assert from 'node:assert/strict';
import * as after from './after.ts';
import * as before from './before.ts';
import { fakeClient } from './fake-client.ts';

const old = fakeClient();
const now = fakeClient();
const reader = { before: before.makeReader(old.client), after: after.makeReader(now.client) };
type Reader = typeof reader.before | typeof reader.after;

/** Prints the result of a read, or its error, and the number of requests. */
const show = async (what: string, read: (one: Reader) => Promise<unknown>): Promise<void> => {
  for (const [name, { state }] of [
    ['before', old],
    ['after', now],
  ] as const) {
    state.requests = 0;
    const failed = (error: { name: string; code?: string }): string => error.code ?? error.name;
    const result = await read(reader[name]).catch(failed);
    const requests = `${state.requests} request${state.requests === 1 ? '' : 's'}`;
    console.log(`${name.padEnd(6)}  ${what}: ${JSON.stringify(result)}, ${requests}`);
  }
};
const fail = (how: 'down' | 'denied' | undefined): void => void (old.state.failing = now.state.failing = how);
const { now: time } = Date;
let ahead = 0;
Date.now = () => time() + ahead;
const twoMinutesLater = (): Promise<void> => {
  ahead += 120_000;
  return new Promise((resolve) => void setImmediate(resolve));
};

console.log('# the same values\n');
const all = (one: Reader) => Promise.all([one.host(), one.password(), one.poolMax(), one.limits()]);
assert.deepEqual(await all(reader.after), await all(reader.before));
console.log(`${now.state.requests} request instead of ${old.state.requests}`);

console.log('\n# fifty readers after the cache has expired\n');
await twoMinutesLater();
await show('the host', async (one) => (await Promise.all(Array.from({ length: 50 }, () => one.host())))[0]);

console.log('\n# the store is down after the cache has expired\n');
await twoMinutesLater();
fail('down');
await show('the host', (one) => one.host());

console.log('\n# absent, denied, down\n');
for (const how of [undefined, 'denied', 'down'] as const) {
  fail(how);
  await twoMinutesLater();
  await show(`a replica, ${how ?? 'absent'}`, (one) => one.replica());
}
