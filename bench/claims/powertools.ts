import { equal, match } from 'node:assert/strict';
import { peer } from '../compare.ts';
import { type Claims, printed, thrown } from './claim.ts';

interface Reader {
  get(name: string, options?: { maxAge?: number; transform?: 'json' }): Promise<unknown>;
}
const { BaseProvider } = await peer<{ BaseProvider: new (options: object) => Reader }>(
  '@aws-lambda-powertools/parameters/base',
);

/** A fake store on the base class of all Powertools providers. Counts requests. */
class Store extends BaseProvider {
  requests = 0;
  value: string | undefined;
  isDown = false;
  constructor(value?: string) {
    super({});
    this.value = value;
  }
  async _get(): Promise<string | undefined> {
    this.requests++;
    await new Promise(setImmediate);
    if (this.isDown) throw new Error('the store is down');
    return this.value;
  }
}

export const claims: Claims = {
  'A value is cached for `maxAge`, by default five seconds.': async () => {
    const store = new Store('value');
    const { now } = Date;
    const startedAt = now();
    for (const [ms, requests] of [
      [0, 1],
      [4_900, 1],
      [5_100, 2],
    ] as const) {
      Date.now = () => startedAt + ms;
      await store.get('key');
      equal(store.requests, requests);
    }
    Date.now = now;
  },
  'Fifty concurrent reads of a key that is not cached make fifty requests.': async () => {
    const store = new Store('value');
    await Promise.all(Array.from({ length: 50 }, () => store.get('key')));
    equal(store.requests, 50);
  },
  'Ten reads of a key that the store does not have make ten requests.': async () => {
    const store = new Store();
    for (let i = 0; i < 10; i++) await store.get('key');
    equal(store.requests, 10);
  },
  'In an outage, each read makes a request: twenty reads make twenty requests.': async () => {
    const store = new Store();
    store.isDown = true;
    for (let i = 0; i < 20; i++) await thrown(() => store.get('key'));
    equal(store.requests, 20);
  },
  'An expired value is not used in an outage: the read throws.': async () => {
    const store = new Store('value');
    await store.get('key', { maxAge: 0.001 });
    await new Promise((resolve) => setTimeout(resolve, 10));
    store.isDown = true;
    match((await thrown(() => store.get('key', { maxAge: 0.001 }))).name, /GetParameterError/);
  },
  'With `transform: "json"`, all readers share the cached object: a change affects all of them.':
    async () => {
      const store = new Store('{"pool":{"max":1}}');
      const one = (await store.get('key', { transform: 'json' })) as { pool: { max: number } };
      one.pool.max = 2;
      equal(((await store.get('key', { transform: 'json' })) as typeof one).pool.max, 2);
    },
  'The error for a value that is not valid JSON may quote the value.': async () =>
    match(
      (await thrown(() => new Store('fake-secret').get('key', { transform: 'json' }))).message,
      /fake-secret/,
    ),
  '`inspect` of a provider shows its cached values.': async () => {
    const store = new Store('fake-secret');
    await store.get('key');
    match(printed(store), /fake-secret/);
  },
};
