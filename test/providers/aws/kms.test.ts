// kmsKey, with the real SDK against the HTTP server in `server.ts`.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kmsKey } from '../../../src/providers/aws/index.ts';
import { AwsServer, account } from './server.ts';

let server: AwsServer;
beforeEach(async () => {
  server = await AwsServer.start();
});
afterEach(() => server[Symbol.asyncDispose]());

const contentKey = new Uint8Array(32).fill(7);
const key = (options: object = {}) =>
  kmsKey({ keyId: 'alias/config', endpoint: server.endpoint, ...account, ...options });

describe('kmsKey', () => {
  it('kmsKey wraps and unwraps a content key', async () => {
    const wrapper = key();
    const wrapped = await wrapper.wrap(contentKey);
    expect(wrapper).toMatchObject({ kid: 'alias/config', algorithm: 'aws-kms' });
    expect(Buffer.from(await wrapper.unwrap(wrapped))).toEqual(Buffer.from(contentKey));
  });

  it('kmsKey unwraps only with the same encryption context and key', async () => {
    const wrapped = await key({ encryptionContext: { app: 'acme' } }).wrap(contentKey);
    await expect(key({ encryptionContext: { app: 'other' } }).unwrap(wrapped)).rejects.toMatchObject({
      code: 'crypto',
    });
    await expect(key({ keyId: 'alias/other' }).unwrap(wrapped)).rejects.toMatchObject({ code: 'crypto' });
  });

  it('kmsKey names the action to allow when denied', async () => {
    server.faults = [{ name: 'AccessDeniedException' }];
    await expect(key().wrap(contentKey)).rejects.toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('Allow kms:Encrypt on alias/config'),
    });
  });

  it('kmsKey retries after throttling and failures of the service', async () => {
    const wrapped = await key().wrap(contentKey);
    for (const fault of [
      { name: 'ThrottlingException', times: 1 },
      { name: 'KMSInternalException', status: 500, times: 2 },
    ]) {
      server.faults = [fault];
      expect(Buffer.from(await key().unwrap(wrapped))).toEqual(Buffer.from(contentKey));
    }
    server.faults = [{ name: 'KMSInternalException', status: 500 }];
    await expect(key().unwrap(wrapped)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('kmsKey reads its credentials again, once, after a refusal', async () => {
    const wrapped = await key().wrap(contentKey);
    let calls = 0;
    const credentials = async () => {
      calls++;
      return account.credentials;
    };
    const wrapper = key({ credentials });
    server.faults = [{ name: 'ExpiredTokenException', times: 1 }];
    expect(Buffer.from(await wrapper.unwrap(wrapped))).toEqual(Buffer.from(contentKey));
    expect(calls).toBe(2);
    server.faults = [{ name: 'ExpiredTokenException' }];
    await expect(wrapper.unwrap(wrapped)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(calls).toBe(3);
  });

  it('kmsKey rejects with aborted when its caller aborts', async () => {
    server.faults = [{ hang: true }];
    await expect(key().wrap(contentKey, { signal: AbortSignal.timeout(30) })).rejects.toMatchObject({
      code: 'aborted',
    });
    await expect(key().wrap(contentKey, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
  });

  it('kmsKey wraps again after close, with a new client', async () => {
    const wrapper = key();
    await wrapper.close();
    const wrapped = await wrapper.wrap(contentKey);
    await wrapper.close();
    expect(Buffer.from(await wrapper.unwrap(wrapped))).toEqual(Buffer.from(contentKey));
    await wrapper.close();
  });

  it('kmsKey requires keyId and refuses an empty response', async () => {
    expect(() => kmsKey({ ...account } as never)).toThrow(/keyId is missing/);
    const client = { send: async () => ({}) };
    await expect(kmsKey({ keyId: 'k', client }).wrap(contentKey)).rejects.toMatchObject({ code: 'crypto' });
    await expect(kmsKey({ keyId: 'k', client }).unwrap('x')).rejects.toMatchObject({ code: 'crypto' });
    const none = new Uint8Array();
    const empty = kmsKey({
      keyId: 'k',
      client: { send: async () => ({ CiphertextBlob: none, Plaintext: none }) },
    });
    await expect(empty.wrap(contentKey)).rejects.toMatchObject({ code: 'crypto' });
    await expect(empty.unwrap('x')).rejects.toMatchObject({ code: 'crypto' });
  });
});
