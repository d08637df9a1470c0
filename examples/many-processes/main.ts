import { sheltered } from 'llm-config-manager/shelter';
import { MemorySecondLevel, manualClock } from 'llm-config-manager/testing';
import { Store } from './store.ts';

const keys = Array.from({ length: 20 }, (_, n) => `service.key${n}`);

/** Starts a hundred processes one after the other, lets each read all keys every minute for half an hour, and
 *  then starts another one while the store is down. Prints the requests to the store. */
async function run(title: string, isShared: boolean): Promise<void> {
  const store = new Store();
  const clock = manualClock();
  // #region processes
  const second = new MemorySecondLevel({ clock }); // in production: shared(client, { domain, keys })
  const start = () => sheltered(store, { clock, cache: { jitter: 0 }, ...(isShared && { second }) });
  // #endregion processes

  const processes: ReturnType<typeof start>[] = [];
  for (let n = 0; n < 100; n++) {
    const provider = start();
    await clock.until(provider.getMany(keys));
    processes.push(provider);
  }
  console.log(`${title}: a hundred starts`.padEnd(44), `${store.requests}`.padStart(6));

  store.requests = 0;
  for (let minutes = 0; minutes < 30; minutes++) {
    await clock.advance(60_000);
    await clock.until(Promise.all(processes.map((provider) => provider.getMany(keys))));
  }
  console.log(`${title}: half an hour of reads`.padEnd(44), `${store.requests}`.padStart(6));

  store.isDown = true;
  const late = start();
  const answers = await clock.until(late.getMany(keys));
  const found = [...answers.values()].filter((one) => one && 'value' in one).length;
  console.log(`${title}: values of a start in an outage`.padEnd(44), `${found}`.padStart(6));
  for (const provider of [...processes, late]) await provider.close();
}

await run('alone', false);
await run('shared', true);
