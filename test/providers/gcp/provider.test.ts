import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../../src/chain/chain.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import type { ConfigEvent } from '../../../src/events.ts';
import { crc32c } from '../../../src/providers/gcp/crc32c.ts';
import { type GcpSecretManagerOptions, GcpSecretManagerProvider } from '../../../src/providers/gcp/index.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';
import { FakeGcp, refused } from './fake.ts';

let google: FakeGcp;
beforeEach(() => {
  google = new FakeGcp();
});

const quick = { attempts: 3, backoff: { initialMs: 1, maxMs: 1 }, breaker: false } as const;
const gcp = (options: Partial<GcpSecretManagerOptions> = {}): GcpSecretManagerProvider =>
  new GcpSecretManagerProvider({ project: 'acme', client: google, resilience: quick, ...options });
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('GCP Secret Manager', () => {
  it('reads a secret of its own name, with version and origin', async () => {
    google.put('inference-db--password', 'not-a-real-one');
    const entry = await gcp({ prefix: 'inference-' }).get('db.password');
    expect(entry).toMatchObject({ value: 'not-a-real-one', secret: true, text: true, version: '1' });
    expect(String(entry?.origin)).toBe('gcp projects/acme/secrets/inference-db--password v1');
  });

  it('reads JSON text as a section, in one request for all its fields', async () => {
    google.put('db', '{"user":"app","pool":{"max":5}}');
    const provider = gcp({ secrets: { db: 'db', 'raw.text': 'db#', user: 'db#user' } });
    expect((await provider.get('db.pool.max'))?.value).toBe(5);
    expect((await provider.get('db.user'))?.value).toBe('app');
    expect((await provider.get('raw.text'))?.value).toBe('{"user":"app","pool":{"max":5}}');
    expect((await provider.get('user'))?.value).toBe('app');
    expect(google.calls).toHaveLength(1);
  });

  it('reads what is no text as base64, and says so', async () => {
    google.put('blob', new Uint8Array([0, 255, 1]));
    expect(await gcp().get('blob')).toMatchObject({ value: 'AP8B', metadata: { type: 'binary' } });
  });

  it('asks once, without the client’s own retries', async () => {
    google.put('key', 'x');
    await gcp().get('key');
    expect(google.calls).toMatchObject([{ options: { retry: null, timeout: expect.any(Number) } }]);
  });

  it('reads again what was corrupted on the way, and serves nothing else', async () => {
    google.put('key', 'whole');
    let damaged = 1;
    google.wire = (payload) => (damaged-- > 0 ? { ...payload, data: Buffer.from('holed') } : payload);
    expect((await gcp().get('key'))?.value).toBe('whole');
    expect(google.count('accessSecretVersion')).toBe(2);
    damaged = 100;
    expect(await failure(gcp().get('key'))).toMatchObject({
      code: 'unavailable',
      transient: true,
      message: expect.stringContaining('corrupted on the way'),
    });
  });

  it('takes a payload over REST as base64, and one without a checksum as it is', async () => {
    google.put('key', 'text');
    google.wire = ({ data, dataCrc32c }) => ({ data: data.toString('base64'), dataCrc32c });
    expect((await gcp().get('key'))?.value).toBe('text');
    google.wire = ({ data }) => ({ data, dataCrc32c: null });
    expect((await gcp().get('key'))?.value).toBe('text');
    google.wire = () => ({});
    expect((await gcp().get('key'))?.value).toBe('');
  });

  it('reads a version that is pinned, named by an alias, or asked for, and never one for another', async () => {
    for (const value of ['one', 'two', 'three']) google.put('tls', value);
    google.aliases.set('blue', 2);
    const provider = gcp({
      secrets: { tls: 'tls', old: 'tls/versions/1', full: 'projects/acme/secrets/tls/versions/blue' },
    });
    expect((await provider.get('tls'))?.value).toBe('three');
    expect(await provider.get('old')).toMatchObject({ value: 'one', version: '1' });
    expect(await provider.get('full')).toMatchObject({ value: 'two', version: '2' });
    expect(await provider.get('old', { version: '3' })).toMatchObject({ value: 'three', version: '3' });
    expect((await provider.get('tls', { version: 'blue' }))?.value).toBe('two');
    expect((await provider.get('tls'))?.value).toBe('three');
    expect((await gcp({ version: 'blue' }).get('tls'))?.value).toBe('two');
    expect(await provider.get('tls', { version: '9' })).toBeUndefined();
    const before = google.calls.length;
    for (const version of ['', '1/../2', '../../other/versions/1', '1:access?', ' '])
      await expect(provider.get('tls', { version })).rejects.toMatchObject({ code: 'invalid_option' });
    expect(google.calls).toHaveLength(before);
  });

  it.each(['DISABLED', 'DESTROYED'] as const)(
    'stops at a version that is %s: no default wins because of it',
    async (state) => {
      google.put('key', 'x');
      Object.assign(google.secrets.get(google.full('key'))?.[0] as object, { state });
      const chain = new ProviderChain([gcp(), new MemoryProvider({ key: 'a default' })]);
      expect(await failure(chain.get('key'))).toMatchObject({ code: 'disabled', transient: false });
      const [hole] = await gcp().list();
      expect(hole).toMatchObject({ key: 'key', error: { code: 'disabled' } });
      expect(
        await failure(loadConfig(z.object({ key: z.string().default('a default') }), chain)),
      ).toMatchObject({ code: 'validation' });
    },
  );

  it('is absent only where Google says NOT_FOUND', async () => {
    expect(await gcp().get('key')).toBeUndefined();
    google.secrets.set(google.full('key'), []);
    expect(await gcp().get('key')).toBeUndefined();
    google.fault = refused(404, '<html>gateway</html>');
    expect(await failure(gcp().get('key'))).toMatchObject({ code: 'unavailable' });
    google.fault = 7;
    expect(await failure(gcp().get('key'))).toMatchObject({ code: 'access_denied' });
  });

  it('looks in the region of regional secrets', async () => {
    google.put('projects/acme/locations/europe-west4/secrets/key', 'x');
    const provider = gcp({ location: 'europe-west4' });
    expect((await provider.get('key'))?.value).toBe('x');
    expect((await provider.list()).map((item) => item.key)).toEqual(['key']);
    await provider.set('new', 'y');
    expect(google.calls.find(({ method }) => method === 'createSecret')?.request).toMatchObject({
      secret: {},
    });
  });
});

describe('a list of GCP Secret Manager', () => {
  it('is one request for all names, and one for each that can hold a wanted key', async () => {
    for (let i = 0; i < 300; i++) google.put(`app-key${i}`, 'x');
    for (let i = 0; i < 50; i++) google.put(`other-key${i}`, 'x');
    const shape = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key${i}`, z.string()]));
    const provider = gcp({ prefix: 'app-' });
    await loadConfig(z.object(shape), provider);
    expect(google.count('listSecrets')).toBe(1);
    expect(google.calls).toHaveLength(301);
    expect(provider.stats().requests).toBe(301);
    const few = gcp({ prefix: 'app-' });
    await loadConfig(z.object({ key7: z.string(), key8: z.string() }), few);
    expect(few.stats().requests).toBe(3);
    expect(google.calls[0]).toMatchObject({
      request: { parent: 'projects/acme', filter: 'name:app-', pageSize: 1_000 },
    });
  });

  it('follows every page', async () => {
    for (let i = 0; i < 25; i++) google.put(`key${i}`, 'x');
    google.pageSize = 10;
    expect(await gcp().list()).toHaveLength(25);
    expect(google.count('listSecrets')).toBe(3);
  });

  it('leaves out names that are no keys, and says so once', async () => {
    for (const name of ['app-good', 'app-constructor', 'app-a---b', 'unrelated-app-x']) google.put(name, 'x');
    const provider = gcp({ prefix: 'app-', cache: false });
    const notices: ConfigEvent[] = [];
    provider.on((event) => event.type === 'notice' && notices.push(event));
    for (let i = 0; i < 2; i++) expect((await provider.list()).map((item) => item.key)).toEqual(['good']);
    expect(notices.map((notice) => 'message' in notice && notice.message)).toEqual([
      expect.stringContaining('app-constructor'),
      expect.stringContaining('app-a---b'),
    ]);
  });

  it('is made of the wanted names where it is denied, and of nothing where that will not do', async () => {
    google.put('key', 'x');
    const { listSecrets } = google;
    google.listSecrets = async (request) => {
      await listSecrets.call(google, request);
      throw refused(7);
    };
    expect((await loadConfig(z.object({ key: z.string() }), gcp())).value).toEqual({ key: 'x' });
    expect(await failure(gcp().list())).toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('secretmanager.viewer'),
    });
  });

  it('has a conflict where two secrets say two things of one key, and names both', async () => {
    google.put('db', '{"host":"one"}');
    google.put('db--host', 'two');
    expect(await failure(gcp().get('db.host'))).toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/secrets\/db#host.*secrets\/db--host/),
    });
    const twice = gcp({ secrets: { 'a.b': 'db--host', 'a/b': 'db#host' } });
    expect(await failure(twice.get('a.b'))).toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/db--host.*db#host/),
    });
  });
});

describe('writing to GCP Secret Manager', () => {
  it('creates a secret, then adds versions, each with its checksum', async () => {
    const provider = gcp();
    expect(await provider.set('db.password', 'not-a-real-one')).toMatchObject({ version: '1' });
    expect(await provider.set('db.password', 'not-a-real-other')).toMatchObject({ version: '2' });
    const written = google.calls.filter(({ method }) => !method.startsWith('access'));
    expect(written.map(({ method }) => method)).toEqual([
      'createSecret',
      'addSecretVersion',
      'addSecretVersion',
    ]);
    expect(written[0]?.request).toMatchObject({
      secretId: 'db--password',
      secret: { replication: { automatic: {} } },
    });
    expect(written[1]?.request).toMatchObject({
      payload: { dataCrc32c: String(crc32c(Buffer.from('not-a-real-one'))) },
    });
    expect((await provider.get('db.password'))?.value).toBe('not-a-real-other');
    expect(await provider.delete('db.password')).toBe(true);
    expect(await provider.get('db.password')).toBeUndefined();
    expect(await provider.delete('db.password')).toBe(false);
  });

  it('keeps what it creates where it is told to', async () => {
    await gcp({ replicas: ['europe-west4', 'europe-west1'] }).set('key', 'x');
    expect(google.calls.find(({ method }) => method === 'createSecret')?.request).toMatchObject({
      secret: {
        replication: {
          userManaged: { replicas: [{ location: 'europe-west4' }, { location: 'europe-west1' }] },
        },
      },
    });
  });

  it('fills a secret that has no version yet', async () => {
    google.secrets.set(google.full('key'), []);
    expect(await gcp().set('key', { a: 1 })).toMatchObject({ version: '1' });
    expect((await gcp().get('key.a'))?.value).toBe(1);
  });

  it('says what is wrong when it is refused', async () => {
    google.createSecret = () => Promise.reject(refused(7));
    expect(await failure(gcp().set('key', 'x'))).toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('secretmanager.admin'),
    });
  });

  it('explains names where a key has none, and still changes such a field of JSON text', async () => {
    expect(await failure(gcp().set('db."a.b"', 'x'))).toMatchObject({
      code: 'invalid_key',
      message: expect.stringContaining('joined by "--"'),
    });
    expect(google.count('addSecretVersion')).toBe(0);
    google.put('db', '{"a.b":"x"}');
    await gcp().set('db."a.b"', 'y');
    expect((await gcp().get('db."a.b"'))?.value).toBe('y');
  });

  it('does not write to a version, nor deletes a secret because of one', async () => {
    google.put('key', 'x');
    const provider = gcp({ secrets: { old: 'key/versions/1' } });
    expect(await failure(provider.set('old', 'y'))).toMatchObject({
      code: 'invalid_key',
      message: expect.stringContaining('a version does not change'),
    });
    expect(await failure(provider.delete('old'))).toMatchObject({ code: 'invalid_key' });
    expect(await failure(gcp({ version: '1' }).set('key', 'y'))).toMatchObject({ code: 'invalid_key' });
    expect((await gcp().get('key'))?.value).toBe('x');
  });

  it('adds a version over one that is disabled', async () => {
    google.put('key', 'not-a-real-one');
    const provider = gcp();
    await provider.disable('key');
    expect(await provider.set('key', 'not-a-real-other')).toMatchObject({ version: '2' });
    expect(google.count('createSecret')).toBe(0);
    expect((await provider.get('key'))?.value).toBe('not-a-real-other');
  });

  it('disables the version that is the latest', async () => {
    google.put('key', 'x');
    const provider = gcp();
    await provider.get('key');
    await provider.disable('key');
    expect(await failure(provider.get('key'))).toMatchObject({ code: 'disabled' });
    google.put('tls', 'one');
    google.put('tls', 'two');
    const pinned = gcp({ secrets: { tls: 'tls/versions/1' } });
    await pinned.disable('tls');
    expect(google.secrets.get(google.full('tls'))?.map(({ state }) => state)).toEqual([
      'DISABLED',
      'ENABLED',
    ]);
    expect(await failure(pinned.disable('nothing'))).toMatchObject({ code: 'invalid_key' });
    expect(await failure(provider.disable('nothing'))).toMatchObject({ code: 'not_found' });
    expect(await failure(provider.disable('a."b.c"'))).toMatchObject({ code: 'invalid_key' });
  });
});

describe('a client of one’s own', () => {
  it('is not closed, nor made anew when its credentials are refused', async () => {
    google.fault = 16;
    const provider = gcp();
    expect(await failure(provider.get('key'))).toMatchObject({ code: 'unauthenticated' });
    await provider.close();
    expect(google.calls.length).toBe(1);
    expect(google.closed).toBe(0);
  });

  it('gives away no token and no payload, whatever fails', async () => {
    for (const fault of [
      ...Array(17).keys(),
      refused(403, '{"token":"not-a-real-token"}'),
      'garbage',
    ] as const) {
      google.fault = fault;
      const asked = [
        () => gcp().get('key'),
        () => gcp().list(),
        () => gcp().set('key', 'not-a-real-one'),
        () => gcp().disable('key'),
      ];
      for (const ask of asked)
        expect(inspect(await failure(ask()), { depth: null, showHidden: true })).not.toContain('not-a-real');
    }
    expect(
      inspect(gcp({ clientOptions: { credentials: { private_key: 'not-a-real-key' } } }), { depth: null }),
    ).not.toContain('not-a-real');
  });
});

describe('options', () => {
  it('may say their defaults', () => {
    expect(() => gcp({ prefix: '' })).not.toThrow();
  });

  it.each([
    [{ project: undefined }, /project is missing/],
    [{ project: 'a/b' }, /project must be the id or number/],
    [{ prefix: 'a b' }, /prefix must be letters/],
    [{ prefix: 'x OR y' }, /prefix must be letters/],
    [{ location: 'evil.example/' }, /location must be a region/],
    [{ version: '../1' }, /version must be a number or an alias/],
    [{ replicas: ['nowhere!'] }, /replicas must be a list/],
    [{ prefix: 'a-', secrets: { a: 'b' } }, /either prefix or secrets/],
    [{ secrets: { a: 'with.dot' } }, /names no secret for the key "a"/],
    [{ secrets: { a: 'projects/1/secrets/../b' } }, /names no secret/],
    [{ secrets: { a: 'projects/1/locations/europe-west4/secrets/b' } }, /not in the location/],
    [{ credentialsTimeoutMs: 0 }, /credentialsTimeoutMs/],
  ])('%j is refused', (options, message) => {
    expect(() => gcp(options as never)).toThrow(message);
  });
});
