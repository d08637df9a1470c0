// Faults of other libraries for AWS that the providers must not have: leaked ciphertext, changed shared
// values, lost batches, polluted prototypes.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/entry.ts';
import { AwsSecretsManagerProvider, AwsSsmProvider } from '../../../src/providers/aws/index.ts';
import { manualClock } from '../../../src/testing/index.ts';
import { AwsServer, account } from './server.ts';

let server: AwsServer;
beforeEach(async () => {
  server = await AwsServer.start();
});
afterEach(() => server[Symbol.asyncDispose]());

const connection = () => ({ endpoint: server.endpoint, ...account }) as const;
const backoff = { initialMs: 1, maxMs: 1 };

describe('pitfalls of AWS clients', () => {
  it('ciphertext is never a value, with and without decrypt', async () => {
    server.putParameter('/a/key', 'not-a-real-secret', 'SecureString');
    const encrypted = new AwsSsmProvider({ ...connection(), path: '/a', decrypt: false });
    const decrypted = new AwsSsmProvider({ ...connection(), path: '/a' });
    await expect(encrypted.get('key')).rejects.toMatchObject({
      code: 'crypto',
      message: expect.stringContaining('decrypt is false'),
    });
    expect((await decrypted.get('key'))?.value).toBe('not-a-real-secret');
    await expect(encrypted.get('key')).rejects.toMatchObject({ code: 'crypto' });
  });

  it('a caller cannot change the values of other callers', async () => {
    server.putSecret('a/db', '{"pool":{"max":5}}');
    const provider = new AwsSecretsManagerProvider({ ...connection(), path: 'a/' });
    const [item] = (await provider.list()) as [Entry];
    expect(() => Object.assign((item.value as { pool: object }).pool, { max: 6 })).toThrow(TypeError);
    expect((await provider.get('db.pool.max'))?.value).toBe(5);
  });

  it('fifty concurrent reads of one key are one call', async () => {
    server.putParameter('/a/key', 'x');
    const provider = new AwsSsmProvider({ ...connection(), path: '/a' });
    await Promise.all(Array.from({ length: 50 }, () => provider.get('key')));
    expect(server.calls).toHaveLength(1);
  });

  it('with staleIfErrorMs, cached values are served during an outage', async () => {
    server.putParameter('/a/key', 'x');
    const clock = manualClock();
    const cache = { ttlMs: 60_000, jitter: 0, staleIfErrorMs: 600_000 };
    const provider = new AwsSsmProvider({
      ...connection(),
      path: '/a',
      cache,
      clock,
      resilience: { attempts: 1 },
    });
    await clock.until(provider.get('key'), 1);
    await clock.advance(120_000);
    server.faults = [{ name: 'InternalServerError', status: 500 }];
    expect((await clock.until(provider.get('key'), 1))?.value).toBe('x');
  });

  it('a batch that is throttled once still returns all its keys', async () => {
    for (const name of ['a', 'b', 'c']) server.putParameter(`/a/${name}`, name);
    server.faults = [{ name: 'ThrottlingException', times: 1 }];
    const provider = new AwsSsmProvider({ ...connection(), path: '/a', resilience: { backoff } });
    const found = await provider.getMany(['a', 'b', 'c']);
    expect([...found.values()].map((entry) => (entry as Entry).value)).toEqual(['a', 'b', 'c']);
    expect(server.calls).toHaveLength(2);
  });

  it('malformed JSON is text', async () => {
    server.putSecret('a/key', '{"password": not-a-real-one');
    const provider = new AwsSecretsManagerProvider({ ...connection(), path: 'a/' });
    expect((await provider.get('key'))?.value).toBe('{"password": not-a-real-one');
    expect(await provider.get('key.password')).toBeUndefined();
  });

  it('a secret with the field __proto__ pollutes no prototype', async () => {
    server.putSecret('a/key', '{"__proto__":{"polluted":true},"good":1}');
    const provider = new AwsSecretsManagerProvider({ ...connection(), path: 'a/' });
    await provider.list().catch(() => undefined);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('the AWS providers write nothing into process.env', async () => {
    server.putParameter('/a/key', 'not-a-real-secret', 'SecureString');
    const before = { ...process.env };
    await new AwsSsmProvider({ ...connection(), path: '/a' }).list();
    expect(process.env).toEqual(before);
  });
});
