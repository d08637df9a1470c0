import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ConfigError, type ConfigProvider, type Entry, makeEntry, makeOrigin } from 'llm-config-manager';
import { remembered } from 'llm-config-manager/snapshot';
import { compare } from './compare.ts';
import { type Figure, report } from './report.ts';

// A snapshot of 1,000 and of 100,000 secrets: recorded, written, and answered from by a process that starts
// while the store is down, beside the same as JSON in clear.

/** A store whose entries are new in each list. */
class Store implements ConfigProvider {
  readonly name = 'vault';
  isDown = false;
  readonly #keys: readonly string[];
  constructor(count: number) {
    this.#keys = Array.from({ length: count }, (_, i) => `acme.inference.service${i % 50}.key${i}`);
  }
  #answer<T>(make: () => T): Promise<T> {
    return this.isDown
      ? Promise.reject(new ConfigError('unavailable', 'vault is down'))
      : Promise.resolve(make());
  }
  #entry(key: string): Entry {
    const origin = makeOrigin({
      provider: 'vault',
      source: `vault secret/acme/inference#${key}`,
      version: '7',
    });
    const value = `fake-${key}`.padEnd(40, 'x');
    return makeEntry({ key, value, secret: true, origin, version: '7', readAt: Date.now() });
  }
  get(key: string): Promise<Entry | undefined> {
    return this.#answer(() => this.#entry(key));
  }
  list(): Promise<readonly Entry[]> {
    return this.#answer(() => this.#keys.map((key) => this.#entry(key)));
  }
}

const folder = mkdtempSync(join(tmpdir(), 'snapshot-bench-'));
const fileKey = (): Uint8Array => new Uint8Array(32).fill(7);

/** The least wall time of a few runs, and the longest time for which the process did nothing else. */
async function best(rounds: number, prepare: () => unknown, run: (given: never) => unknown) {
  let least = Number.POSITIVE_INFINITY;
  let blocked = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const given = (await prepare()) as never;
    globalThis.gc?.();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const from = performance.now();
    await run(given);
    least = Math.min(least, performance.now() - from);
    await new Promise((done) => setTimeout(done, 5));
    delay.disable();
    blocked = Math.min(blocked, delay.max / 1e6);
  }
  return { ms: least * 1e6, blocked: blocked * 1e6 };
}

for (const count of [1_000, 100_000]) {
  const store = new Store(count);
  const file = join(folder, `${count}.snapshot`);
  const clear = join(folder, `${count}.json`);
  const rounds = count === 1_000 ? 20 : 5;
  const start = () => remembered(store, { keys: fileKey, app: 'bench', file, everyMs: 1e9 });
  const writer = start();
  const recorded = await best(
    rounds,
    () => undefined,
    () => writer.list(),
  );
  const listed = await best(
    rounds,
    () => undefined,
    () => store.list(),
  );
  const written = await best(
    rounds,
    () => writer.list(),
    () => writer.save(),
  );
  await writer.close();
  const entries = await store.list();
  const asJson = await best(
    rounds,
    () => undefined,
    () => {
      const file = openSync(clear, 'w', 0o600);
      writeSync(file, JSON.stringify(entries.map(({ key, value, version }) => ({ key, value, version }))));
      fsyncSync(file);
      closeSync(file);
    },
  );
  store.isDown = true;
  const started = await best(
    rounds,
    () => undefined,
    async () => {
      const one = start();
      const { length } = await one.list();
      if (length !== count) throw new Error(`${length} of ${count} keys`);
    },
  );
  const read = await best(
    rounds,
    () => undefined,
    () => JSON.parse(readFileSync(clear, 'utf8')),
  );
  const figures: Figure[] = [
    { name: 'list of the store', value: listed.ms, unit: 'ns' },
    { name: 'list, recorded', value: recorded.ms, unit: 'ns' },
    { name: 'write', value: written.ms, unit: 'ns' },
    { name: 'write: longest pause', value: written.blocked, unit: 'ns' },
    { name: 'write as JSON in clear', value: asJson.ms, unit: 'ns' },
    { name: 'start, all keys answered', value: started.ms, unit: 'ns' },
    { name: 'start: longest pause', value: started.blocked, unit: 'ns' },
    { name: 'read JSON in clear', value: read.ms, unit: 'ns' },
    { name: 'file', value: statSync(file).size / 1_000, unit: 'kB' },
    { name: 'file of JSON in clear', value: statSync(clear).size / 1_000, unit: 'kB' },
  ];
  report(`a snapshot of ${count.toLocaleString('en')} keys`, figures);
}

const store = new Store(1);
const entry = await store.get('a');
const memory: ConfigProvider = { name: 'vault', get: async () => entry, list: async () => [] };
const one = remembered(memory, { keys: fileKey, app: 'bench', file: join(folder, 'one'), everyMs: 1e9 });
await compare('a read while the store answers', {
  plain: () => memory.get('a'),
  remembered: () => one.get('a'),
});
await one.close();
rmSync(folder, { recursive: true });
