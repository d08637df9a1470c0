import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { isRefused } from '../../src/chain/refusal.ts';
import type { SecretOptions } from '../../src/chain/secret-use.ts';
import { withSecret } from '../../src/chain/with-secret.ts';
import { mounted, scoped } from '../../src/decorators/scoped.ts';
import { fallback, optional } from '../../src/decorators/tolerance.ts';
import { secret } from '../../src/entry.ts';
import { ConfigError } from '../../src/errors.ts';
import { guarded } from '../../src/extensions/guard/guarded.ts';
import type { Operation } from '../../src/interception.ts';
import type { ConfigProvider } from '../../src/provider.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { type Sheltered, sheltered } from '../../src/shelter/index.ts';
import { asDocument } from '../../src/shelter/places.ts';
import type { VersionPage } from '../../src/shelter/port.ts';
import { manualClock } from '../../src/testing/clock.ts';
import { down, FakeSource } from '../support/fake-source.ts';

/** A store of users and passwords that keeps its versions, and the database that accepts some of them. */
class Store extends FakeSource {
  override places = [{ key: 'database', document: 'database', field: '' }];
  readonly history: string[] = [];
  accepted = new Set<string>();
  logIns = 0;

  rotate(n: number): this {
    this.history.push(JSON.stringify({ user: `app${n}`, password: `fake-${n}` }));
    this.put('database', this.history.at(-1) as string);
    return this;
  }

  override outcome(document: string, version?: string) {
    if (version === undefined) return super.outcome(document);
    return asDocument(this.history[Number(version) - 1] as string, { secret: true, text: true, version });
  }

  versions = async (document: string, _cursor: string | undefined): Promise<VersionPage> => {
    this.asked.push({ operation: 'read', documents: [`versions of ${document}`], at: 0, id: '' });
    return { versions: this.history.map((_, i) => ({ version: `${i + 1}` })).reverse() };
  };

  readonly logIn = async ([user, password]: readonly string[]): Promise<string> => {
    this.logIns++;
    if (!this.accepted.has(`${user}/${password}`)) throw refusal(`no ${user}`);
    return `${user}/${password}`;
  };

  /** What was read since the last call. */
  reads(): readonly string[] {
    return this.asked
      .splice(0)
      .map(({ documents, version }) => `${documents}${version ? `@${version}` : ''}`);
  }
}

const refusal = (message = 'no'): Error => Object.assign(new Error(message), { code: '28P01' });
const keys = ['database.user', 'database.password'] as const;

function setUp(more: (store: Sheltered<Store>) => readonly ConfigProvider[] = (store) => [store]): {
  store: Store;
  provider: Sheltered<Store>;
  chain: ProviderChain;
} {
  const store = new Store().rotate(1);
  store.accepted.add('app1/fake-1');
  const provider = sheltered(store, {
    clock: manualClock(),
    resilience: { attempts: 1 },
    cache: { jitter: 0 },
  });
  return { store, provider, chain: new ProviderChain(more(provider)) };
}

/** Fills the cache, then rotates. */
async function rotated(
  store: Store,
  chain: ConfigProvider,
  accepted: readonly number[] = [2],
): Promise<void> {
  await withSecret(chain, keys, store.logIn);
  store.rotate(2);
  store.accepted = new Set(accepted.map((n) => `app${n}/fake-${n}`));
  store.reads();
  store.logIns = 0;
}

/** Milliseconds that have passed. A timer ends at once, and its time has passed then. */
let elapsed = 0;
const pass = (ms: number): void => void (elapsed += ms);
beforeEach(() => {
  vi.spyOn(performance, 'now').mockImplementation(() => 1e6 + elapsed);
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((then: () => void, ms: number) => {
    pass(ms);
    setImmediate(then);
  }) as never);
});
afterEach(() => void vi.restoreAllMocks());

describe('withSecret passes values', () => {
  const chain = new ProviderChain([
    new MemoryProvider({ api: { key: secret('fake-key'), port: 8, tls: true, list: [1], none: null } }),
  ]);

  it('passes the value of one key, and the values of several in their order', async () => {
    expect(await withSecret(chain, 'api.key', (key) => `${key}!`)).toBe('fake-key!');
    expect(await withSecret(chain, ['api/tls', 'api.key', 'api.port'], (values) => values)).toEqual([
      'true',
      'fake-key',
      '8',
    ]);
    expect(await withSecret(chain, ['api.key'], ([key]) => key)).toBe('fake-key');
  });

  it('reads a bare provider, too', async () => {
    const { store, provider } = setUp();
    expect(await withSecret(provider, keys, store.logIn)).toBe('app1/fake-1');
    await rotated(store, provider);
    expect(await withSecret(provider, keys, store.logIn)).toBe('app2/fake-2');
  });

  it('names every place that was searched for a missing key', async () => {
    const missing = withSecret(chain, ['api.key', 'api.kay'], () => 0);
    await expect(missing).rejects.toMatchObject({ code: 'not_found', key: 'api.kay' });
    await expect(missing).rejects.toThrow(/Looked in:\n {2}memory api\.kay/);
    await expect(withSecret(chain, 'other', () => 0)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('refuses lists, null, an empty list of keys and unknown options', async () => {
    const code = (...args: readonly unknown[]): Promise<unknown> =>
      withSecret(...(args as [ConfigProvider, string, () => number])).then(
        () => 'answered',
        (error: ConfigError) => error.code,
      );
    expect(await code(chain, 'api.list', () => 0)).toBe('validation');
    expect(await code(chain, 'api.none', () => 0)).toBe('validation');
    expect(await code(chain, [], () => 0)).toBe('invalid_option');
    expect(await code(chain, 'api.key', () => 0, { refuse: isRefused })).toBe('invalid_option');
    expect(await code({}, 'api.key', () => 0)).toBe('invalid_option');
  });
});

describe('a refused credential', () => {
  it('is read again once, and the new version is used', async () => {
    const { store, chain } = setUp();
    await rotated(store, chain);
    expect(await withSecret(chain, keys, store.logIn)).toBe('app2/fake-2');
    expect(store.reads()).toEqual(['database']);
    expect(store.logIns).toBe(2);
  });

  it('is read once for a hundred callers, also those that come late', async () => {
    const { store, chain } = setUp();
    await rotated(store, chain);
    const early = Array.from({ length: 100 }, () => withSecret(chain, keys, store.logIn));
    const late = withSecret(chain, keys, async (values) => {
      await early[0];
      return store.logIn(values);
    });
    expect(new Set(await Promise.all([...early, late]))).toEqual(new Set(['app2/fake-2']));
    expect(store.reads()).toEqual(['database']);
  });

  it('is renewed again if a second rotation comes in between', async () => {
    const { store, chain } = setUp();
    await rotated(store, chain);
    const slow = withSecret(chain, keys, async (values) => {
      if (values[0] === 'app1') {
        await withSecret(chain, keys, store.logIn);
        store.rotate(3);
        store.accepted = new Set(['app3/fake-3']);
      }
      return store.logIn(values);
    });
    expect(await slow).toBe('app3/fake-3');
  });

  it('is read again as a whole where each key is cached by itself', async () => {
    const memory = new MemoryProvider({ database: { user: 'app1', password: 'fake-1' } });
    const chain = new ProviderChain([sheltered(memory, { clock: manualClock() })]);
    const { store } = setUp();
    await withSecret(chain, keys, store.logIn);
    store.accepted = new Set(['app1/fake-2']);
    await memory.set('database.password', 'fake-2');
    expect(await withSecret(chain, keys, store.logIn)).toBe('app1/fake-2');
  });

  it('throws the first refusal if the version stays the same, and calls use once', async () => {
    const { store, chain } = setUp();
    store.accepted.clear();
    const refusals = [refusal('first'), refusal('second')];
    const use = vi.fn(() => Promise.reject(refusals.shift()));
    await expect(withSecret(chain, keys, use)).rejects.toThrow('first');
    expect(use).toHaveBeenCalledTimes(1);
  });

  it('reads the same refused version at most once a second, and waits for a second at most', async () => {
    const { store, chain } = setUp();
    await rotated(store, chain, []);
    store.accepted.clear();
    const refused = async (ms: number): Promise<number> => {
      const before = elapsed;
      pass(ms);
      await expect(withSecret(chain, keys, store.logIn)).rejects.toThrow('no app');
      return elapsed - before - ms;
    };
    expect(await refused(0)).toBe(1_000); // app1, app2, app2 a second later
    expect(store.reads()).toEqual(['database', 'database', 'versions of database', 'database@1', 'database']);
    for (const ms of [0, 10, 989]) expect(await refused(ms)).toBe(0);
    expect(store.reads()).toEqual(['versions of database', 'database@1']);
    expect(await refused(1)).toBe(0);
    expect(store.reads()).toEqual(['database', 'versions of database', 'database@1']);
  });

  it('is awaited where the database knows the new one before the store', async () => {
    const { store, chain } = setUp();
    await withSecret(chain, keys, store.logIn);
    store.accepted = new Set(['app2/fake-2']);
    const before = elapsed;
    vi.mocked(setTimeout).mockImplementationOnce(((then: () => void, ms: number) => {
      store.rotate(2);
      pass(ms);
      setImmediate(then);
    }) as never);
    expect(await withSecret(chain, keys, store.logIn)).toBe('app2/fake-2');
    expect(elapsed).toBe(before + 1_000);
  });

  it('is renewed again if the new version is revoked at once', async () => {
    const { store, chain } = setUp();
    await rotated(store, chain, [3]);
    const logIn = async (values: readonly string[]) => {
      if (values[0] === 'app2') store.rotate(3);
      return store.logIn(values);
    };
    expect(await withSecret(chain, keys, logIn)).toBe('app3/fake-3');
  });

  it('reads a lease again that has not ended', async () => {
    const { store, chain } = setUp();
    const forgotten: string[] = [];
    store.forget = (document) => void forgotten.push(document);
    await rotated(store, chain);
    await withSecret(chain, keys, store.logIn);
    expect(forgotten).toEqual(['database']);
  });

  it('is the refusal that is thrown while the store is down', async () => {
    const { store, chain } = setUp();
    await rotated(store, chain);
    store.befall = down;
    await expect(withSecret(chain, keys, store.logIn)).rejects.toThrow('no app1');
    store.befall = () => undefined;
    pass(1_001);
    expect(await withSecret(chain, keys, store.logIn)).toBe('app2/fake-2');
  });

  it('throws another error than a refusal at once', async () => {
    const { store, chain } = setUp();
    await rotated(store, chain);
    const use = vi.fn(() => Promise.reject(new Error('syntax')));
    await expect(withSecret(chain, keys, use)).rejects.toThrow('syntax');
    expect(use).toHaveBeenCalledTimes(1);
    expect(store.reads()).toEqual([]);
    await expect(withSecret(chain, keys, () => Promise.reject(undefined))).rejects.toBe(undefined);
  });

  it('is compared by value where the store has no versions', async () => {
    const memory = new MemoryProvider({ token: 'fake-1' });
    const use = vi.fn(async (token: string) => {
      if (token === 'fake-2') return token;
      if (use.mock.calls.length === 1) await memory.set('token', 'fake-2');
      throw refusal();
    });
    expect(await withSecret(memory, 'token', use)).toBe('fake-2');
    await expect(withSecret(memory, 'token', () => Promise.reject(refusal('first')))).rejects.toThrow(
      'first',
    );
  });

  it('frees a caller that gives up, and goes on for the others', async () => {
    const { store, chain } = setUp();
    await rotated(store, chain);
    let answer = (): void => undefined;
    store.befall = () => new Promise<void>((done) => (answer = done));
    const controller = new AbortController();
    const given = withSecret(chain, keys, store.logIn, { signal: controller.signal });
    const patient = withSecret(chain, keys, store.logIn);
    while (store.asked.length === 0) await new Promise(setImmediate);
    controller.abort();
    await expect(given).rejects.toMatchObject({ code: 'aborted' });
    answer();
    expect(await patient).toBe('app2/fake-2');
  });

  it('never has a value in its errors', async () => {
    const { store, chain } = setUp();
    store.accepted.clear();
    const error = await withSecret(chain, keys, store.logIn).catch((thrown: Error) => thrown);
    expect(JSON.stringify(error)).not.toContain('fake-1');
  });
});

describe('the version before', () => {
  const lagging = (more?: (store: Sheltered<Store>) => readonly ConfigProvider[]) => async () => {
    const { store, chain } = setUp(more);
    await rotated(store, chain, [1]);
    await chain.renew(keys[0]); // a fresh process has the new version only
    store.reads();
    return { store, chain, found: await withSecret(chain, keys, store.logIn).catch((e: Error) => e.message) };
  };

  it.each([
    ['of a provider', lagging()],
    ['through optional', lagging((store) => [new MemoryProvider(), optional(store)])],
    ['of a nested chain', lagging((store) => [new ProviderChain([store])])],
    ['through mounted', lagging((store) => [scoped(mounted(store, 'a'), 'a')])],
  ])('is used while a replica refuses the new one: %s', async (_name, run) => {
    const { store, found } = await run();
    expect(found).toBe('app1/fake-1');
    expect(store.reads()).toEqual(['database', 'versions of database', 'database@1']);
  });

  it('is not used through fallback', async () => {
    const { found } = await lagging((store) => [fallback(store, new MemoryProvider())])();
    expect(found).toBe('no app2');
  });

  it('is read once a second for all callers', async () => {
    const { store, chain } = await lagging()();
    store.reads();
    const again = await Promise.all(Array.from({ length: 50 }, () => withSecret(chain, keys, store.logIn)));
    expect(new Set(again)).toEqual(new Set(['app1/fake-1']));
    expect(store.reads()).toEqual([]);
  });

  it('passes through the interceptors of the chain', async () => {
    const { store, provider } = setUp();
    const seen: string[] = [];
    const intercept = (operation: Operation, next: () => Promise<unknown>) => {
      seen.push(operation.type);
      if (seen.length > 5) throw new ConfigError('policy_violation', 'no more');
      return next() as Promise<object>;
    };
    const chain = new ProviderChain([provider], { intercept });
    await rotated(store, chain, []);
    await expect(withSecret(chain, keys, store.logIn)).rejects.toThrow('no app1');
    // read, read of what others have renewed, renewal; what follows is refused: a read, the version before,
    // and a renewal a second later
    expect(seen.slice(1)).toEqual(['getMany', 'getMany', 'get', 'get', 'getMany', 'get', 'get', 'get']);
    expect(store.reads()).toEqual(['database']);
  });
});

describe('one credential', () => {
  const two = (): { source: FakeSource; chain: ProviderChain } => {
    const source = new FakeSource({ user: 'app', password: 'fake-1' });
    return { source, chain: new ProviderChain([sheltered(source, { clock: manualClock() })]) };
  };

  it('is refused if its secrets are in two documents', async () => {
    const { chain } = two();
    await expect(withSecret(chain, ['user', 'password'], () => 0)).rejects.toMatchObject({
      code: 'conflict',
      message:
        'withSecret: user from store user, password from store password: a rotation changes one before the ' +
        "other. Put them into one secret, or set torn: 'allow'",
    });
  });

  it("is read from both with torn: 'allow'", async () => {
    const { source, chain } = two();
    const use = async ([user, password]: readonly string[]): Promise<string> => {
      if (password !== 'fake-2') throw refusal();
      return `${user}/${password}`;
    };
    const run = () => withSecret(chain, ['user', 'password'], use, { torn: 'allow' });
    await expect(run()).rejects.toThrow('no');
    source.put('password', 'fake-2');
    pass(1e9);
    source.asked.length = 0;
    expect(await run()).toBe('app/fake-2');
    expect(source.asked.flatMap(({ documents }) => documents).sort()).toEqual(['password', 'user']);
  });

  it('has companions, which are never the reason for a second try', async () => {
    const hosts = new MemoryProvider({ database: { host: 'one' } }, { name: 'hosts' });
    const { store, chain } = setUp((provider) => [hosts, provider]);
    store.accepted.clear();
    const use = vi.fn(async () => {
      await hosts.set('database.host', 'two');
      throw refusal('first');
    });
    await expect(withSecret(chain, ['database.host', ...keys], use)).rejects.toThrow('first');
    expect(use).toHaveBeenCalledTimes(1);
    store.rotate(2);
    store.accepted.add('app2/fake-2');
    pass(1e9);
    const logIn = ([host, ...login]: readonly string[]) =>
      store.logIn(login).then((as) => `${as} at ${host}`);
    expect(await withSecret(chain, ['database.host', ...keys], logIn)).toBe('app2/fake-2 at two');
  });

  it('is read by each caller with its own context', async () => {
    const { store, provider } = setUp();
    let revoked = false;
    const policy = {
      decide: ({ context }: { context: unknown }) => ({
        allow: !(revoked && (context as { id: string }).id === 'eve'),
      }),
    };
    const chain = new ProviderChain([
      guarded(provider, policy as never, { identify: (c: object) => c } as never),
    ]);
    const as = (id: string, use = store.logIn): Promise<string> =>
      withSecret(chain, keys, use, { context: { id } } as SecretOptions);
    await as('ann');
    await as('eve');
    store.rotate(2);
    store.accepted = new Set(['app2/fake-2']);
    const eve = as('eve', (values) => {
      revoked = true;
      return store.logIn(values);
    });
    const [ann, refused] = await Promise.allSettled([as('ann'), eve]);
    expect(ann).toMatchObject({ value: 'app2/fake-2' });
    expect(refused).toMatchObject({ reason: { code: '28P01' } });
  });
});

describe('what counts as refused', () => {
  const shaped = (fields: object): Error => Object.assign(new Error('x'), fields);

  it.each([
    ['PostgreSQL, a wrong password', { code: '28P01' }],
    ['PostgreSQL, a role that may not log in', { code: '28000' }],
    ['MySQL', { code: 'ER_ACCESS_DENIED_ERROR', errno: 1045 }],
    ['MongoDB', { code: 18, codeName: 'AuthenticationFailed' }],
    ['Redis, a wrong password', { message: 'WRONGPASS invalid username-password pair or user is disabled.' }],
    ['Redis, no log-in', { message: 'NOAUTH Authentication required.' }],
    ['AWS, an unknown key', { name: 'UnrecognizedClientException', $metadata: { httpStatusCode: 400 } }],
    ['AWS, an old token', { name: 'ExpiredTokenException' }],
    ['HTTP, status', { status: 401 }],
    ['HTTP, statusCode', { statusCode: 401 }],
    ['HTTP, a response', { response: { status: 401 } }],
    ['a cause', { cause: shaped({ cause: shaped({ code: '28P01' }) }) }],
  ])('%s', (_name, fields) => {
    expect(isRefused(shaped(fields))).toBe(true);
  });

  it.each([
    ['HTTP 403', { status: 403 }],
    ['another error of PostgreSQL', { code: '42601' }],
    ['a message that only quotes it', { message: 'the command NOAUTH is unknown' }],
    [
      'a circle of causes',
      (() => {
        const e: { cause?: unknown } = shaped({});
        e.cause = e;
        return e;
      })(),
    ],
    ['nothing', undefined],
    ['a text', '28P01'],
  ])('not %s', (_name, outcome) => {
    expect(isRefused(outcome)).toBe(false);
  });

  it('a response with status 401 is tried again, and the first one is released', async () => {
    const memory = new MemoryProvider({ token: 'fake-1' });
    const cancelled = vi.fn();
    const response = (status: number): Response =>
      new Response(new ReadableStream({ cancel: cancelled }), { status });
    const answers = [response(401), response(200)];
    const ask = async () => {
      await memory.set('token', `fake-${answers.length}`);
      return answers.shift() as Response;
    };
    expect((await withSecret(memory, 'token', ask)).status).toBe(200);
    expect(cancelled).toHaveBeenCalledTimes(1);
    const kept = response(401);
    expect(await withSecret(memory, 'token', () => kept)).toBe(kept);
    expect(cancelled).toHaveBeenCalledTimes(1);
    expect((await withSecret(memory, 'token', () => response(403))).status).toBe(403);
    expect(await withSecret(memory, 'token', () => ({ status: 401 }))).toEqual({ status: 401 });
  });

  it('the option refused replaces the table', async () => {
    const memory = new MemoryProvider({ token: 'fake-1' });
    const use = async (token: string): Promise<string> => {
      if (token === 'fake-2') return token;
      await memory.set('token', 'fake-2');
      throw new Error('key is retired');
    };
    const refused = (error: unknown): boolean => /retired/.test(`${error}`);
    expect(await withSecret(memory, 'token', use, { refused })).toBe('fake-2');
    const other = withSecret(memory, 'token', () => Promise.reject(refusal('first')), { refused });
    await expect(other).rejects.toThrow('first');
  });
});
