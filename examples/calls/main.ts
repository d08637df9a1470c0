import { loadConfig } from 'llm-config-manager';
import { type CacheOptions, type ShelteredProvider, sheltered } from 'llm-config-manager/shelter';
import { manualClock } from 'llm-config-manager/testing';
import { z } from 'zod';
import { Store } from './store.ts';

const clock = manualClock();
const keys = Array.from({ length: 40 }, (_, i) => `model${i}.apiKey`);
const sections = keys.map((key) => [key.split('.')[0], z.object({ apiKey: z.string() })] as const);
const Schema = z.object(Object.fromEntries(sections));

/** Prints how many requests a new provider makes. Jitter is off, so the numbers are the same in every run. */
async function requests(
  what: string,
  use: (provider: ShelteredProvider, store: Store) => Promise<unknown>,
  cache?: CacheOptions,
) {
  const store = new Store((key) => key.startsWith('model'));
  const provider = sheltered(store, { clock, cache: { jitter: 0, ...cache } });
  await use(provider, store);
  console.log(`${what.padEnd(60)} ${String(store.requests).padStart(4)}`);
  await provider.close();
}

async function eachSecond(seconds: number, read: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    await read();
    await clock.advance(1_000);
  }
}

await requests('one key, a thousand readers at once', (provider) =>
  Promise.all(Array.from({ length: 1_000 }, () => provider.get('model0.apiKey'))),
);
await requests('40 keys at once, ten in a request', (provider) => provider.getMany(keys));
await requests('40 keys, one after the other', async (provider) => {
  for (const key of keys) await provider.get(key);
});
await requests('a schema of 40 keys, loaded', (provider) => loadConfig(Schema, provider));
await requests('a schema of 40 keys, loaded, then reloaded three times', async (provider) => {
  const config = await loadConfig(Schema, provider);
  for (let i = 0; i < 3; i++) await config.reload();
});
const hourOf = (key: string) => (provider: ShelteredProvider) => eachSecond(3_600, () => provider.get(key));
await requests('one key, each second for an hour', hourOf('model0.apiKey'));
await requests('the same, with ttlMs: 60_000', hourOf('model0.apiKey'), { ttlMs: 60_000 });
await requests('a key that is not there, each second for an hour', hourOf('absent'));
await requests('one key, each second, while the store is down for a minute', (provider, store) => {
  store.isDown = true;
  return eachSecond(60, () => clock.until(provider.get('model0.apiKey').catch(() => undefined)));
});

await import('./events.ts');
await import('./vanished.ts');
