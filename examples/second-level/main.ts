import { sheltered } from 'llm-config-manager/shelter';
import { MemorySecondLevel, manualClock } from 'llm-config-manager/testing';
import { Store } from './store.ts';

const store = new Store();
const clock = manualClock();
const keys = ['llm.apiKey', 'database.password'];

// #region share
const second = new MemorySecondLevel({ clock }); // in production, a cache that all processes reach
const startProcess = () => sheltered(store, { clock, second });

const processes = Array.from({ length: 20 }, startProcess);
await clock.until(Promise.all(processes.map((provider) => provider.getMany(keys))));
console.log('20 processes, 2 cold keys:', store.requests, 'request');

store.isDown = true;
const another = startProcess();
const entry = await another.get('llm.apiKey');
console.log('the store is down, and a process starts:', `${entry?.key} from ${entry?.origin}`);
console.log(another.stats().second);
// #endregion share

for (const provider of [...processes, another]) await provider.close();
