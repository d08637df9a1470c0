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

describe('what has gone wrong with AWS elsewhere', () => {
  it('cannot: ciphertext is never a value, and a provider that does not decrypt never answers for one that does', async () => {
    server.putParameter('/a/key', 'not-a-real-secret', 'SecureString');
    const sealed = new AwsSsmProvider({ ...connection(), path: '/a', decrypt: false });
    const open = new AwsSsmProvider({ ...connection(), path: '/a' });
    await expect(sealed.get('key')).rejects.toMatchObject({
      code: 'crypto',
      message: expect.stringContaining('decrypt is false'),
    });
    expect((await open.get('key'))?.value).toBe('not-a-real-secret');
    await expect(sealed.get('key')).rejects.toMatchObject({ code: 'crypto' });
  });

  it('cannot: nobody changes what others read', async () => {
    server.putSecret('a/db', '{"pool":{"max":5}}');
    const provider = new AwsSecretsManagerProvider({ ...connection(), path: 'a/' });
    const [item] = (await provider.list()) as [Entry];
    expect(() => Object.assign((item.value as { pool: object }).pool, { max: 6 })).toThrow(TypeError);
    expect((await provider.get('db.pool.max'))?.value).toBe(5);
  });

  it('cannot: fifty readers of one key are one call', async () => {
    server.putParameter('/a/key', 'x');
    const provider = new AwsSsmProvider({ ...connection(), path: '/a' });
    await Promise.all(Array.from({ length: 50 }, () => provider.get('key')));
    expect(server.calls).toHaveLength(1);
  });

  it('cannot: what was read is at hand in an outage, if that is wanted', async () => {
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

  it('cannot: a batch that is throttled once is lost for none of its keys', async () => {
    for (const name of ['a', 'b', 'c']) server.putParameter(`/a/${name}`, name);
    server.faults = [{ name: 'ThrottlingException', times: 1 }];
    const provider = new AwsSsmProvider({ ...connection(), path: '/a', resilience: { backoff } });
    const found = await provider.getMany(['a', 'b', 'c']);
    expect([...found.values()].map((entry) => (entry as Entry).value)).toEqual(['a', 'b', 'c']);
    expect(server.calls).toHaveLength(2);
  });

  it('cannot: text that is nearly JSON is text, and no error quotes it', async () => {
    server.putSecret('a/key', '{"password": not-a-real-one');
    const provider = new AwsSecretsManagerProvider({ ...connection(), path: 'a/' });
    expect((await provider.get('key'))?.value).toBe('{"password": not-a-real-one');
    expect(await provider.get('key.password')).toBeUndefined();
  });

  it('cannot: a name that every object has changes no object', async () => {
    server.putSecret('a/key', '{"__proto__":{"polluted":true},"good":1}');
    const provider = new AwsSecretsManagerProvider({ ...connection(), path: 'a/' });
    await provider.list().catch(() => undefined);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('cannot: nothing is written into the environment', async () => {
    server.putParameter('/a/key', 'not-a-real-secret', 'SecureString');
    const before = { ...process.env };
    await new AwsSsmProvider({ ...connection(), path: '/a' }).list();
    expect(process.env).toEqual(before);
  });
});
