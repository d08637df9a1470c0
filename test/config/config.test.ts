import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { makeEntry } from '../../src/entry.ts';
import {
  type Change,
  type Config,
  type ConfigChange,
  ConfigError,
  type ConfigEvent,
  type ConfigProvider,
  type Entry,
  EnvProvider,
  fallback,
  type ListOptions,
  type LoadOptions,
  loadConfig,
  MemoryProvider,
  mounted,
  optional,
  ProviderChain,
  reveal,
  scoped,
  type Unreadable,
} from '../../src/index.ts';
import { makeOrigin } from '../../src/origin.ts';
import { until } from '../support/until.ts';

type Items = readonly (Entry | Unreadable)[];

/** A promise that a test resolves. */
function gate() {
  let open = (): void => undefined;
  const closed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { closed, open: () => open() };
}

/** A store with contents that a test can change. */
class Store implements ConfigProvider {
  readonly local = false;
  items: Items | ConfigError = [];
  readonly asked: ListOptions[] = [];
  readonly watchers = new Set<(change: Change) => void>();
  gate: Promise<void> = Promise.resolve();
  closed = 0;
  readonly name: string;

  constructor(values: Readonly<Record<string, string>> = {}, name = 'store') {
    this.name = name;
    this.set(values);
  }

  set(values: Readonly<Record<string, string>>, more: Partial<Entry> = {}): void {
    this.items = Object.entries(values).map(([key, value]) =>
      makeEntry({
        key,
        value,
        secret: true,
        text: true,
        origin: makeOrigin({ provider: this.name, source: `${this.name} ${key}` }),
        ...more,
      }),
    );
  }

  fail(code: 'unavailable' | 'access_denied' = 'unavailable'): void {
    this.items = new ConfigError(code, `${this.name} is down`, { provider: this.name });
  }

  async get(): Promise<undefined> {}

  async list(_prefix = '', options: ListOptions = {}): Promise<Items> {
    this.asked.push(options);
    await this.gate;
    if (this.items instanceof ConfigError) throw this.items;
    return this.items;
  }

  watch(onChange: (change: Change) => void): Disposable {
    this.watchers.add(onChange);
    return { [Symbol.dispose]: () => this.watchers.delete(onChange) };
  }

  emitChange(): void {
    for (const watcher of this.watchers) watcher({ provider: this.name, time: Date.now() });
  }

  async close(): Promise<void> {
    this.closed++;
  }
}

const schema = z.object({
  llm: z.object({ model: z.string(), apiKey: z.string().optional() }),
  port: z.number().default(8080),
  at: z.coerce.date().optional(),
  url: z
    .string()
    .transform((text) => new URL(text))
    .optional(),
});

const memory = (tree: Record<string, unknown>, name = 'memory'): MemoryProvider =>
  new MemoryProvider(tree as never, { name });
const open: Config<unknown>[] = [];
async function load(source: ConfigProvider | ConfigProvider[], options: LoadOptions = {}) {
  const config = await loadConfig(schema, source, options);
  open.push(config as never);
  return config;
}

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(open.splice(0).map((config) => config.close()));
});

describe('Config', () => {
  it('a config is read by properties, by typed paths and through views', async () => {
    const config = await load(memory({ llm: { model: 'small' } }));
    expect(config.value.llm.model).toBe('small');
    expect(config.get('llm.model')).toBe('small');
    expect(config.get('llm')).toBe(config.value.llm);
    expect(config.get('port')).toBe(8080);
    expect(config.get('llm.apiKey')).toBeUndefined();
    const llm = config.at('llm');
    expect(llm.value.model).toBe('small');
    expect(llm.get('model')).toBe('small');
    expect(llm.at('model').value).toBe('small');
    expect(String(llm.explain('model'))).toBe(String(config.explain('llm.model')));
  });

  it('get accepts other spellings of a path and ignores prototypes', async () => {
    const config = await loadConfig(memory({ a: { 'b.c': 1 }, text: 'x' }));
    expect(config.get('a."b.c"')).toBe(1);
    expect(config.get('a/"b.c"')).toBe(1);
    expect(config.get('toString')).toBeUndefined();
    expect(config.get('text.length')).toBeUndefined();
    expect(config.get('a.valueOf')).toBeUndefined();
    expect(() => config.get('a..b')).toThrow(ConfigError);
  });

  it('generation lists the number, the age and the sources', async () => {
    const store = new Store({ 'llm.model': 'small' });
    store.set({ 'llm.model': 'small' }, { version: '3' });
    const config = await load([memory({ port: 1 }), store]);
    expect(config.generation).toEqual({
      number: 1,
      loadedAt: expect.any(Number),
      sources: [
        { name: 'memory', entries: 1 },
        { name: 'store', entries: 1, version: '3' },
      ],
    });
    expect(Object.isFrozen(config.generation)).toBe(true);
  });

  it('a printed config masks secrets, and reveal returns them', async () => {
    const store = new Store({ 'llm.model': 'small', 'llm.apiKey': 'fake-key-1' });
    const config = await load([
      new EnvProvider({ prefix: 'APP', env: { APP__PORT: '9090', APP__URL: 'https://a.example' } }),
      store,
    ]);
    expect(inspect(config)).toMatch(/^Config \(generation 1\) \{/);
    expect(JSON.parse(JSON.stringify(config))).toEqual({
      port: 9090,
      url: 'https://a.example',
      llm: { model: '[redacted]', apiKey: '[redacted]' },
    });
    expect(JSON.parse(JSON.stringify({ inside: config.value }))).toEqual({
      inside: { port: 9090, url: 'https://a.example/', llm: { model: '[redacted]', apiKey: '[redacted]' } },
    });
    for (const printed of [
      inspect(config),
      inspect(config.value),
      inspect({ a: [config.value.llm] }),
      JSON.stringify(config.value.llm),
    ]) {
      expect(printed).not.toContain('fake-key-1');
    }
    expect(reveal(config).llm).toEqual({ model: 'small', apiKey: 'fake-key-1' });
    expect(JSON.stringify(reveal(config.value.llm))).toContain('fake-key-1');
  });
});

describe('explain', () => {
  it('explain lists the winner, shadowed values and the reading of a text', async () => {
    const config = await load([
      new EnvProvider({ prefix: 'APP', env: { APP__PORT: '9090' } }),
      memory({ port: 1, llm: { model: 'm' } }),
    ]);
    expect(String(config.explain('port'))).toBe(
      [
        'port = "9090"',
        '  → env APP__PORT  "9090"  wins',
        '    memory port    1       shadowed',
        '  the text "9090" was read as a number: 9090',
        '  the schema wants a number',
      ].join('\n'),
    );
  });

  it('explain names the schema as the origin of a default', async () => {
    const config = await load(memory({ llm: { model: 'm' } }));
    expect(config.explain('port').notes).toContain('default of the schema: 8080');
    expect(config.explain('port').winner).toBeUndefined();
  });

  it('explain notes that the schema transformed a value, without the result', async () => {
    const config = await load(memory({ llm: { model: 'm' }, url: 'https://a.example' }));
    expect(config.explain('url').notes).toContain('the schema transformed the value: "https://a.example/"');
  });

  it('explain and inspect mask values that only the schema marks as secret', async () => {
    const marked = z.object({
      plain: z.string().meta({ 'x-classification': 'confidential' }),
      all: z.object({ x: z.string() }).meta({ 'x-secret': true }),
    });
    const config = await loadConfig(marked, memory({ plain: 'fake-1', all: { x: 'fake-2' } }));
    const printed = [config.explain('plain'), config.explain('all.x'), inspect(config), inspect(config.value)]
      .map(String)
      .join();
    expect(printed).not.toMatch(/fake-/);
    expect(config.explain('plain').secret).toBe(true);
  });
});

describe('reload', () => {
  it('reload bypasses caches and makes the next generation', async () => {
    const store = new Store({ 'llm.model': 'small' });
    const config = await load(store);
    const { value } = config;
    store.set({ 'llm.model': 'large' });
    await expect(config.reload()).resolves.toMatchObject({ number: 2 });
    expect(store.asked.map(({ maxAgeMs }) => maxAgeMs)).toEqual([undefined, 0]);
    expect(store.asked.every(({ acquire }) => acquire)).toBe(true);
    expect(config.value.llm.model).toBe('large');
    expect(config.get('llm.model')).toBe('large');
    expect(value.llm.model).toBe('small');
  });

  it('reload keeps the generation and its objects if nothing changed', async () => {
    const store = new Store({ 'llm.model': 'small' });
    const config = await load(store);
    const { value } = config;
    store.set({ 'llm.model': 'small' }, { version: '2' });
    await config.reload();
    expect(config.value).toBe(value);
    expect(config.generation).toMatchObject({ number: 1, sources: [{ version: '2' }] });
  });

  it('reload rejects and keeps the old generation if the load fails', async () => {
    const events: ConfigEvent[] = [];
    const store = new Store({ 'llm.model': 'small' });
    const config = await load(store, { on: (event) => events.push(event) });
    const { value } = config;
    store.fail();
    await expect(config.reload()).rejects.toMatchObject({ code: 'unavailable' });
    store.set({});
    await expect(config.reload()).rejects.toMatchObject({ code: 'validation' });
    expect(config.value).toBe(value);
    expect(events.filter(({ type }) => type === 'refresh_failed').map(({ outcome }) => outcome)).toEqual([
      'unavailable',
      'validation',
    ]);
    store.set({ 'llm.model': 'large' });
    await config.reload();
    expect(config.generation.number).toBe(2);
  });

  it('reloads requested during a load share one later load', async () => {
    const store = new Store({ 'llm.model': 'a' });
    const config = await load(store);
    const [first, next] = [gate(), gate()];
    store.gate = first.closed;
    store.set({ 'llm.model': 'b' });
    const reloads = [config.reload(), config.reload(), config.reload()];
    await until('the first reload reads', () => store.asked.length === 2);
    store.gate = next.closed;
    first.open();
    await reloads[0];
    store.set({ 'llm.model': 'c' });
    next.open();
    await Promise.all(reloads);
    expect(config.value.llm.model).toBe('c');
    expect(store.asked).toHaveLength(3);
  });

  it('reload rejects after close, and the values stay readable', async () => {
    const config = await load(memory({ llm: { model: 'm' } }));
    await config.close();
    await config.close();
    await expect(config.reload()).rejects.toMatchObject({ code: 'aborted' });
    expect(config.value.llm.model).toBe('m');
  });

  it('loadConfig refuses when an interceptor fails, without its message', async () => {
    const chain = new ProviderChain([memory({ llm: { model: 'm' } })], {
      intercept: async () => {
        throw new TypeError('fake-secret in a message');
      },
    });
    const error = await load(chain).catch((caught: ConfigError) => caught);
    expect(error).toMatchObject({ code: 'policy_violation' });
    expect(inspect(error)).not.toContain('fake-secret');
  });
});

describe('subscribe', () => {
  it('subscribe calls the listener once for each generation that changes its path', async () => {
    const store = new Store({ 'llm.model': 'a' });
    const config = await load([memory({ port: 1 }), store]);
    const changes: ConfigChange[] = [];
    const all: ConfigChange[] = [];
    config.subscribe('llm.model', (change) => changes.push(change));
    config.subscribe('', (change) => all.push(change));
    const gone = config.subscribe('llm', () => expect.unreachable());
    gone[Symbol.dispose]();
    await config.reload();
    store.set({ 'llm.model': 'b' });
    await config.reload();
    store.set({ 'llm.model': 'b', 'llm.apiKey': 'fake-key' });
    await config.reload();
    expect(changes).toEqual([
      { key: 'llm.model', generation: 2, previous: '[redacted]', current: '[redacted]' },
    ]);
    expect(all.map(({ generation }) => generation)).toEqual([2, 3]);
    expect(all[1]?.current).toEqual({ port: 1, llm: { model: '[redacted]', apiKey: '[redacted]' } });
  });

  it('a change holds values that are not secret and omits absent ones', async () => {
    const values: Record<string, string> = { APP__LLM__MODEL: 'm' };
    const config = await load(new EnvProvider({ prefix: 'APP', env: values }));
    const changes: ConfigChange[] = [];
    config.subscribe('at', (change) => changes.push(change));
    config.at('llm').subscribe('model', (change) => changes.push(change));
    config.subscribe('port', (change) => changes.push(change));
    Object.assign(values, { APP__LLM__MODEL: 'n', APP__PORT: '1', APP__AT: '2030-01-01' });
    await config.reload();
    expect(changes).toEqual([
      { key: 'at', generation: 2, current: new Date('2030-01-01') },
      { key: 'llm.model', generation: 2, previous: 'm', current: 'n' },
      { key: 'port', generation: 2, previous: 8080, current: 1 },
    ]);
  });

  it('subscribe detects changes of instances by their input', async () => {
    const values: Record<string, string> = { APP__LLM__MODEL: 'm', APP__URL: 'https://a.example' };
    const config = await load(new EnvProvider({ prefix: 'APP', env: values }));
    const changes: ConfigChange[] = [];
    config.subscribe('url', (change) => changes.push(change));
    values.APP__URL = 'https://b.example';
    await config.reload();
    values.APP__LLM__MODEL = 'n';
    await config.reload();
    expect(changes).toHaveLength(1);
  });

  it('a listener that throws affects neither other listeners nor the reload', async () => {
    const store = new Store({ 'llm.model': 'a' });
    const events: ConfigEvent[] = [];
    const config = await load(store, { on: (event) => events.push(event) });
    const changes: ConfigChange[] = [];
    config.subscribe('llm.model', () => {
      throw new Error('fake-secret');
    });
    config.subscribe('llm', async () => {
      throw new Error('fake-secret');
    });
    config.subscribe('llm.model', (change) => changes.push(change));
    config.on(() => {
      throw new Error('fake-secret');
    });
    store.set({ 'llm.model': 'b' });
    await config.reload();
    await Promise.resolve();
    expect(changes).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'notice').map(({ key }) => key)).toEqual([
      'llm.model',
      'llm',
    ]);
    expect(events.find(({ type }) => type === 'changed')).toMatchObject({
      keys: ['llm.model'],
      version: '2',
    });
    expect(JSON.stringify(events)).not.toContain('fake-secret');
  });
});

describe('sections', () => {
  it('explain reports a schema default only for keys that no source sets', async () => {
    const config = await load(memory({ llm: { model: 'a' } }));
    expect(String(config.explain('llm'))).toMatch(/^llm cannot be read: "llm" is a section, not a value/);
    expect(String(config.explain('llm'))).not.toContain('default of the schema');
    expect(String(config.explain('port'))).toContain('default of the schema: 8080');
  });

  it("at('') is a view of the whole configuration", async () => {
    const config = await loadConfig(memory({ llm: { model: 'a' } }));
    expect(config.at('').get('llm.model')).toBe('a');
    expect(config.at('').at('llm').get('model')).toBe('a');
  });
});

describe('close', () => {
  it('close closes providers, but not a chain that the caller passed, nor a view of one', async () => {
    for (const [make, closed] of [
      [(store: Store) => optional(store), 1],
      [(store: Store) => scoped(optional(store), 'a'), 1],
      [(store: Store) => fallback(store, memory({})), 1],
      [(store: Store) => new ProviderChain([store]), 0],
      [(store: Store) => optional(new ProviderChain([store])), 0],
      [(store: Store) => fallback(new Store({}, 'first'), new ProviderChain([store])), 0],
      [(store: Store) => scoped(optional(new ProviderChain([store])), 'a'), 0],
      [(store: Store) => [new ProviderChain([store])], 1],
    ] as const) {
      const store = new Store();
      const config = await loadConfig(make(store));
      await config.close();
      expect(store.closed).toBe(closed);
    }
  });
});

describe('a tolerated outage', () => {
  it('reload keeps the values of an unreachable provider and marks them stale', async () => {
    const store = new Store({ 'llm.model': 'a' }, 'vault');
    const config = await load([optional(store), memory({ llm: { model: 'default' } })]);
    store.fail();
    await config.reload();
    expect(config.value.llm.model).toBe('a');
    expect(config.generation).toMatchObject({ number: 1, sources: [{ stale: true }, {}] });
    expect(String(config.explain('llm.model'))).toContain('is unreachable, its values were loaded at');
    await config.reload();
    expect(config.value.llm.model).toBe('a');
    store.set({ 'llm.model': 'b' });
    await config.reload();
    expect(config.value.llm.model).toBe('b');
    expect(config.generation.sources[0]).not.toHaveProperty('stale');
  });

  it('reload keeps the values of a rollback that happens meanwhile', async () => {
    const store = new Store({ 'llm.model': 'a' });
    const config = await load(optional(store));
    store.set({ 'llm.model': 'b' });
    await config.reload();
    let answer = (): void => {};
    store.gate = new Promise((resolve) => {
      answer = resolve;
    });
    store.fail();
    const reloading = config.reload();
    await config.rollback(1, { secrets: 'then' });
    answer();
    expect(await reloading).toMatchObject({ number: 1, sources: [{ stale: true }] });
    expect(config.get('llm.model')).toBe('a');
  });

  it('reload distinguishes two unreachable providers of the same name', async () => {
    const mine = new Store({ 'llm.model': 'mine' }, 'vault');
    const shared = new Store({ 'llm.model': 'shared', 'llm.apiKey': 'fake-key' }, 'vault');
    const config = await load([
      optional(new ProviderChain([mine], { name: 'mine' })),
      optional(new ProviderChain([shared], { name: 'shared' })),
    ]);
    mine.fail();
    await config.reload();
    expect(config.value.llm).toEqual({ model: 'mine', apiKey: 'fake-key' });
    expect(config.generation.sources.map(({ stale }) => stale)).toEqual([true, undefined]);
  });

  it('a first load proceeds without an unreachable optional provider', async () => {
    const store = new Store({}, 'vault');
    store.fail();
    const config = await load([optional(store), memory({ llm: { model: 'default' } })]);
    expect(config.value.llm.model).toBe('default');
    store.fail('access_denied');
    await expect(config.reload()).rejects.toMatchObject({ code: 'access_denied' });
  });

  it('an expired value of an unreachable provider becomes a hole', async () => {
    const store = new Store({}, 'vault');
    store.set({ 'llm.model': 'a' }, { expiresAt: Date.now() + 1000 });
    vi.useFakeTimers();
    const config = await load([optional(store), memory({ llm: { model: 'default' } })]);
    store.fail();
    vi.advanceTimersByTime(2000);
    const error = await config.reload().catch((caught: ConfigError) => caught);
    expect((error as ConfigError).problems).toMatchObject([
      { kind: 'unreadable', key: 'llm.model', message: 'vault is down' },
    ]);
    expect(config.value.llm.model).toBe('a');
  });
});

describe('leases', () => {
  const unheld = (key: string): Unreadable => ({
    key,
    origin: makeOrigin({ provider: 'vault', source: `vault ${key}` }),
    error: new ConfigError('on_demand', 'would be created'),
  });

  it('a poll keeps a valid lease instead of acquiring another', async () => {
    vi.useFakeTimers();
    const store = new Store({ 'llm.model': 'a' });
    const config = await load(store, { watch: { pollMs: 1000 } });
    const entries = store.items as Entry[];
    store.items = [unheld('llm'), ...entries.filter(({ key }) => !key.startsWith('llm'))];
    await vi.advanceTimersByTimeAsync(2500);
    expect(store.asked.at(-1)).toMatchObject({ acquire: false, maxAgeMs: 500 });
    expect(config.value.llm.model).toBe('a');
    expect(config.generation.number).toBe(1);
  });

  it('a config watches the provider of a lease and adopts renewals', async () => {
    vi.useFakeTimers();
    const store = new Store({}, 'vault');
    const other = new Store({}, 'other');
    store.set({ 'llm.model': 'a' }, { expiresAt: Date.now() + 60_000 });
    const config = await load([store, other]);
    expect(store.watchers.size).toBe(1);
    other.emitChange();
    await vi.advanceTimersByTimeAsync(1000);
    expect(store.asked).toHaveLength(1);
    store.set({ 'llm.model': 'b' }, { expiresAt: Date.now() + 60_000 });
    store.emitChange();
    await vi.advanceTimersByTimeAsync(1000);
    expect(config.value.llm.model).toBe('b');
    expect(store.asked.at(-1)).toMatchObject({ acquire: true });
    await config.close();
    expect(store.watchers.size).toBe(0);
  });

  it('a renewed lease arrives through views of a chain', async () => {
    vi.useFakeTimers();
    const store = new Store({}, 'vault');
    store.set({ 'acme.llm.model': 'a' }, { expiresAt: Date.now() + 60_000 });
    const view = optional(scoped(mounted(scoped(new ProviderChain([store]), 'acme'), 'm'), 'm'));
    const config = await load(new ProviderChain([view]));
    store.set({ 'acme.llm.model': 'b' }, { expiresAt: Date.now() + 60_000 });
    store.emitChange();
    await vi.advanceTimersByTimeAsync(1000);
    expect(config.value.llm.model).toBe('b');
  });
});

describe('watch', () => {
  it('watch loads once for a burst of changes', async () => {
    vi.useFakeTimers();
    const store = new Store({ 'llm.model': 'a' });
    const config = await load(store, { watch: true });
    store.set({ 'llm.model': 'b' });
    for (let i = 0; i < 100; i++) store.emitChange();
    await vi.advanceTimersByTimeAsync(100);
    expect(store.asked).toHaveLength(2);
    expect(store.asked[1]?.maxAgeMs).toBeUndefined();
    expect(config.value.llm.model).toBe('b');
  });

  it('watch loads again for a change during a load', async () => {
    vi.useFakeTimers();
    const store = new Store({ 'llm.model': 'a' });
    const config = await load(store, { watch: { settleMs: 0 } });
    let go = (): void => undefined;
    store.gate = new Promise((resolve) => {
      go = resolve;
    });
    store.emitChange();
    await vi.advanceTimersByTimeAsync(1);
    store.emitChange();
    await vi.advanceTimersByTimeAsync(1);
    store.gate = Promise.resolve();
    go();
    store.set({ 'llm.model': 'c' });
    await vi.advanceTimersByTimeAsync(1);
    expect(config.value.llm.model).toBe('c');
  });

  it('polls back off during an outage and then return to their interval', async () => {
    vi.useFakeTimers();
    const store = new Store({ 'llm.model': 'a' });
    const config = await load(store, { watch: { pollMs: 1000 } });
    await vi.advanceTimersByTimeAsync(10_500);
    const steady = store.asked.length - 1;
    expect(steady).toBeGreaterThanOrEqual(9);
    expect(steady).toBeLessThanOrEqual(11);
    store.fail();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(store.asked.length - steady).toBeLessThan(9);
    store.set({ 'llm.model': 'b' });
    await vi.advanceTimersByTimeAsync(12_000);
    expect(config.value.llm.model).toBe('b');
    const before = store.asked.length;
    await vi.advanceTimersByTimeAsync(10_500);
    expect(store.asked.length - before).toBeGreaterThanOrEqual(8);
  });

  it('a failed poll does not hide the next successful one', async () => {
    vi.useFakeTimers();
    const store = new Store({ 'llm.model': 'a' });
    const config = await load(store, { watch: { pollMs: 1000 } });
    const changes: ConfigChange[] = [];
    config.subscribe('llm.model', (change) => changes.push(change));
    store.set({});
    await vi.advanceTimersByTimeAsync(1200);
    store.set({ 'llm.model': 'b' });
    await vi.advanceTimersByTimeAsync(1200);
    expect(config.value.llm.model).toBe('b');
    expect(changes).toHaveLength(1);
  });

  it('watch retries a change that an outage kept it from reading', async () => {
    vi.useFakeTimers();
    const store = new Store({ 'llm.model': 'a' });
    const config = await load(store, { watch: true });
    store.fail();
    store.emitChange();
    await vi.advanceTimersByTimeAsync(500);
    store.set({ 'llm.model': 'b' });
    await vi.advanceTimersByTimeAsync(5000);
    expect(config.value.llm.model).toBe('b');
  });

  it('an aborted signal ends the watch, closes the source and leaves no timer', async () => {
    vi.useFakeTimers();
    const store = new Store({ 'llm.model': 'a' });
    const stop = new AbortController();
    const config = await load(store, { watch: { pollMs: 1000 }, signal: stop.signal });
    store.emitChange();
    stop.abort();
    await vi.advanceTimersByTimeAsync(5000);
    expect(store.watchers.size).toBe(0);
    expect(store.asked).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
    expect(store.closed).toBe(1);
    await expect(config.reload()).rejects.toMatchObject({ code: 'aborted' });
  });

  it('await using closes the config and ends the watch', async () => {
    const store = new Store({ 'llm.model': 'a' });
    {
      await using config = await loadConfig(schema, store, { watch: true });
      expect(config.value.llm.model).toBe('a');
    }
    expect(store.closed).toBe(1);
    expect(store.watchers.size).toBe(0);
  });

  it('a load that ends after close is discarded', async () => {
    const store = new Store({ 'llm.model': 'a' });
    const config = await load(store);
    let go = (): void => undefined;
    store.gate = new Promise((resolve) => {
      go = resolve;
    });
    store.set({ 'llm.model': 'b' });
    const reloading = config.reload();
    await config.close();
    go();
    await expect(reloading).rejects.toMatchObject({ code: 'aborted' });
    expect(config.value.llm.model).toBe('a');
  });
});
