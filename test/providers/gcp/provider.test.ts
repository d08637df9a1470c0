// GcpSecretManagerProvider against the fake in `fake.ts`, as an injected client.
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

describe('reading from GCP Secret Manager', () => {
  it('GcpSecretManagerProvider reads a secret by its key, with version and origin', async () => {
    google.put('inference-db--password', 'not-a-real-one');
    const entry = await gcp({ prefix: 'inference-' }).get('db.password');
    expect(entry).toMatchObject({ value: 'not-a-real-one', secret: true, text: true, version: '1' });
    expect(String(entry?.origin)).toBe('gcp projects/acme/secrets/inference-db--password v1');
  });

  it('GcpSecretManagerProvider reads all fields of JSON text in one request', async () => {
    google.put('db', '{"user":"app","pool":{"max":5}}');
    const provider = gcp({ secrets: { db: 'db', 'raw.text': 'db#', user: 'db#user' } });
    expect((await provider.get('db.pool.max'))?.value).toBe(5);
    expect((await provider.get('db.user'))?.value).toBe('app');
    expect((await provider.get('raw.text'))?.value).toBe('{"user":"app","pool":{"max":5}}');
    expect((await provider.get('user'))?.value).toBe('app');
    expect(google.calls).toHaveLength(1);
  });

  it('a binary payload is base64, with the type binary', async () => {
    google.put('blob', new Uint8Array([0, 255, 1]));
    expect(await gcp().get('blob')).toMatchObject({ value: 'AP8B', metadata: { type: 'binary' } });
  });

  it('Google’s client is called without its own retries', async () => {
    google.put('key', 'x');
    await gcp().get('key');
    expect(google.calls).toMatchObject([{ options: { retry: null, timeout: expect.any(Number) } }]);
  });

  it('a corrupted payload is read again and never returned', async () => {
    google.put('key', 'whole');
    let damaged = 1;
    google.wire = (payload) => (damaged-- > 0 ? { ...payload, data: Buffer.from('holed') } : payload);
    expect((await gcp().get('key'))?.value).toBe('whole');
    expect(google.count('accessSecretVersion')).toBe(2);
    damaged = 100;
    expect(await failure(gcp().get('key'))).toMatchObject({
      code: 'unavailable',
      transient: true,
      message: expect.stringContaining('corrupted in transit'),
    });
  });

  it('a payload over REST may be base64 and lack a checksum', async () => {
    google.put('key', 'text');
    google.wire = ({ data, dataCrc32c }) => ({ data: data.toString('base64'), dataCrc32c });
    expect((await gcp().get('key'))?.value).toBe('text');
    google.wire = ({ data }) => ({ data, dataCrc32c: null });
    expect((await gcp().get('key'))?.value).toBe('text');
    google.wire = () => ({});
    expect((await gcp().get('key'))?.value).toBe('');
  });

  it('versions by number, alias and option are cached separately', async () => {
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
    'a version that is %s is an error, and no default replaces it',
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

  it('a secret is absent only if Google returns NOT_FOUND', async () => {
    expect(await gcp().get('key')).toBeUndefined();
    google.secrets.set(google.full('key'), []);
    expect(await gcp().get('key')).toBeUndefined();
    google.fault = refused(404, '<html>gateway</html>');
    expect(await failure(gcp().get('key'))).toMatchObject({ code: 'unavailable' });
    google.fault = 7;
    expect(await failure(gcp().get('key'))).toMatchObject({ code: 'access_denied' });
  });

  it('the option location reads and creates regional secrets', async () => {
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

describe('lists of GCP Secret Manager', () => {
  it('loadConfig lists names once and reads only secrets that can hold a wanted key', async () => {
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

  it('list of GCP secrets follows every page', async () => {
    for (let i = 0; i < 25; i++) google.put(`key${i}`, 'x');
    google.pageSize = 10;
    expect(await gcp().list()).toHaveLength(25);
    expect(google.count('listSecrets')).toBe(3);
  });

  it('list skips GCP secrets with invalid key names and emits one notice each', async () => {
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

  it('with listing denied, loadConfig reads wanted keys by name', async () => {
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

  it('two GCP secrets with different values for a key are a conflict that names both', async () => {
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
  it('set creates a GCP secret, then adds versions with checksums', async () => {
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

  it('the option replicas sets the regions of a created secret', async () => {
    await gcp({ replicas: ['europe-west4', 'europe-west1'] }).set('key', 'x');
    expect(google.calls.find(({ method }) => method === 'createSecret')?.request).toMatchObject({
      secret: {
        replication: {
          userManaged: { replicas: [{ location: 'europe-west4' }, { location: 'europe-west1' }] },
        },
      },
    });
  });

  it('set adds the first version to an empty secret', async () => {
    google.secrets.set(google.full('key'), []);
    expect(await gcp().set('key', { a: 1 })).toMatchObject({ version: '1' });
    expect((await gcp().get('key.a'))?.value).toBe(1);
  });

  it('a denied set names the missing role', async () => {
    google.createSecret = () => Promise.reject(refused(7));
    expect(await failure(gcp().set('key', 'x'))).toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('secretmanager.admin'),
    });
  });

  it('set explains a key without a secret name, and still changes it as a field', async () => {
    expect(await failure(gcp().set('db."a.b"', 'x'))).toMatchObject({
      code: 'invalid_key',
      message: expect.stringContaining('A name has "--" between segments'),
    });
    expect(google.count('addSecretVersion')).toBe(0);
    google.put('db', '{"a.b":"x"}');
    await gcp().set('db."a.b"', 'y');
    expect((await gcp().get('db."a.b"'))?.value).toBe('y');
  });

  it('a key that is mapped to a GCP version is read-only', async () => {
    google.put('key', 'x');
    const provider = gcp({ secrets: { old: 'key/versions/1' } });
    expect(await failure(provider.set('old', 'y'))).toMatchObject({
      code: 'invalid_key',
      message: expect.stringContaining('one version of it is selected'),
    });
    expect(await failure(provider.delete('old'))).toMatchObject({ code: 'invalid_key' });
    expect(await failure(gcp({ version: '1' }).set('key', 'y'))).toMatchObject({ code: 'invalid_key' });
    expect((await gcp().get('key'))?.value).toBe('x');
  });

  it('set adds a version to a secret with a disabled one', async () => {
    google.put('key', 'not-a-real-one');
    const provider = gcp();
    await provider.disable('key');
    expect(await provider.set('key', 'not-a-real-other')).toMatchObject({ version: '2' });
    expect(google.count('createSecret')).toBe(0);
    expect((await provider.get('key'))?.value).toBe('not-a-real-other');
  });

  it('disable disables the latest or the mapped version', async () => {
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
    await pinned.close();
    expect(await failure(pinned.disable('tls'))).toMatchObject({ code: 'aborted' });
  });
});

describe('an injected client of Google', () => {
  it('an injected client of Google is neither closed nor replaced', async () => {
    google.fault = 16;
    const provider = gcp();
    expect(await failure(provider.get('key'))).toMatchObject({ code: 'unauthenticated' });
    await provider.close();
    expect(google.calls.length).toBe(1);
    expect(google.closed).toBe(0);
  });

  it('errors of GcpSecretManagerProvider contain no token and no payload', async () => {
    for (const fault of [
      ...Array(17).keys(),
      refused(403, '{"token":"not-a-real-token"}'),
      'garbage',
    ] as const) {
      google.fault = fault;
      const requests = [
        () => gcp().get('key'),
        () => gcp().list(),
        () => gcp().set('key', 'not-a-real-one'),
        () => gcp().disable('key'),
      ];
      for (const send of requests)
        expect(inspect(await failure(send()), { depth: null, showHidden: true })).not.toContain('not-a-real');
    }
    expect(
      inspect(gcp({ clientOptions: { credentials: { private_key: 'not-a-real-key' } } }), { depth: null }),
    ).not.toContain('not-a-real');
  });
});

describe('options of GcpSecretManagerProvider', () => {
  it('GcpSecretManagerProvider accepts an empty prefix', () => {
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
    [{ prefix: 'a-', secrets: { a: 'b' } }, /prefix and secrets cannot be combined/],
    [{ secrets: { a: 'with.dot' } }, /invalid secret name for the key "a"/],
    [{ secrets: { a: 'projects/1/secrets/../b' } }, /invalid secret name/],
    [{ secrets: { a: 'projects/1/locations/europe-west4/secrets/b' } }, /in another location/],
    [{ credentialsTimeoutMs: 0 }, /credentialsTimeoutMs/],
  ])('GcpSecretManagerProvider refuses the options %j', (options, message) => {
    expect(() => gcp(options as never)).toThrow(message);
  });
});
