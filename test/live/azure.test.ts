// AzureKeyVaultProvider against an emulator, with Azure's client and the real log-in. `npm run test:live`.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { promisify } from 'node:util';
import { ClientSecretCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
import * as runner from 'vitest';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../src/index.ts';
import { kebab, segments } from '../../src/key.ts';
import { type AzureKeyVaultOptions, AzureKeyVaultProvider } from '../../src/providers/azure/index.ts';
import { describeProvider } from '../../src/testing/index.ts';
import type { ConfigValue } from '../../src/value.ts';

const run = promisify(execFile);
const live = (name: string): string => process.env[name] as string;
const url = live('LIVE_AZURE_VAULT_URL');
const ca = readFileSync(live('LIVE_AZURE_CA'));
const identity = live('LIVE_AZURE_CLIENT_ID');
const serve = (...words: string[]) => run(live('LIVE_SERVE'), words);
const prefixes: string[] = [];
const fresh = (): string => {
  prefixes.push(`t${randomUUID().slice(0, 8)}--`);
  return prefixes.at(-1) as string;
};

// the real log-in code, with the emulators' certificates and addresses
const credential = (
  secret = live('LIVE_AZURE_CLIENT_SECRET'),
  authorityHost = live('LIVE_AZURE_AUTHORITY'),
): ClientSecretCredential =>
  new ClientSecretCredential(live('LIVE_AZURE_TENANT_ID'), identity, secret, {
    authorityHost,
    disableInstanceDiscovery: true,
    retryOptions: { maxRetries: 0 },
    tlsOptions: { ca: ca.toString() },
  });
const clientOptions = { disableChallengeResourceVerification: true, tlsOptions: { ca: ca.toString() } };
const admin = new SecretClient(url, credential(), clientOptions);
const azure = (options: Partial<AzureKeyVaultOptions> = {}): AzureKeyVaultProvider =>
  new AzureKeyVaultProvider({ url, credential: credential(), clientOptions, ...options });

/** Deletes the secrets of a test. Every list reads the whole vault, so leftovers slow down other tests. */
async function clear(...mine: readonly string[]): Promise<void> {
  const names: string[] = [];
  for await (const { name } of admin.listPropertiesOfSecrets())
    if (mine.some((prefix) => name.startsWith(prefix))) names.push(name);
  for (let i = 0; i < names.length; i += 50)
    await Promise.all(names.slice(i, i + 50).map((name) => admin.beginDeleteSecret(name)));
}
afterAll(() => clear(...prefixes));

/** Sets faults, the clock or permissions of the emulator, without a log-in. */
function lever(name: 'faults' | 'clock' | 'permissions', body: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      ca,
      headers: { 'content-type': 'application/json' },
      agent: false,
    } as const;
    const sent = request(new URL(`/_emulator/${name}`, url), options, (response) =>
      response.resume().on('end', () => resolve()),
    );
    sent.on('error', reject).end(JSON.stringify(body));
  });
}

const counted = (provider: AzureKeyVaultProvider): string[] => {
  const codes: string[] = [];
  provider.on((event) => event.type === 'request' && codes.push(event.outcome ?? 'ok'));
  return codes;
};

describeProvider({
  name: 'AzureKeyVaultProvider, live',
  runner,
  make: async (values) => {
    const prefix = fresh();
    const nameOf = (key: string): string => prefix + segments(key).map(kebab).join('--');
    const write = async (key: string, value: ConfigValue | undefined): Promise<string> => {
      const name = nameOf(key);
      if (value === undefined) {
        await admin.beginDeleteSecret(name);
        return '';
      }
      const before = await admin.getSecret(name).then(
        ({ properties }) => properties.version,
        () => '',
      );
      await admin.setSecret(name, typeof value === 'string' ? value : JSON.stringify(value));
      return before as string;
    };
    await Promise.all(Object.entries(values).map(([key, value]) => write(key, value)));
    return {
      provider: azure({ prefix }),
      change: async (key, value) => void (await write(key, value)),
      rotate: write,
      dispose: () => clear(prefix),
      damage: async (key) => {
        const { properties } = await admin.getSecret(nameOf(key));
        await admin.updateSecretProperties(nameOf(key), properties.version as string, { enabled: false });
      },
    };
  },
  without: {
    denied: 'tested below',
    unavailable: 'tested below',
    throttled: 'tested below',
    hang: 'tested below, by pausing the emulator',
    garbage: 'the emulator cannot send malformed data',
    closing: 'closing a client cannot fail',
    spelling: 'Key Vault ignores case',
    types: 'a secret without JSON text is text',
    null: 'a secret without JSON text is text',
    empty: 'the vault refuses an empty value',
    notice: 'Azure reports no changes',
    compares: 'Key Vault cannot compare',
    expiry: 'tested below',
  },
});

describe('AzureKeyVaultProvider, live', () => {
  it('AzureKeyVaultProvider writes, reads versions, deletes and recovers secrets', async () => {
    const provider = azure({ prefix: fresh() });
    const first = await provider.set('llm.apiKey', 'not-a-real-one');
    await provider.set('llm.apiKey', { primary: 'not-a-real-other' });
    expect((await provider.get('llm.apiKey.primary'))?.value).toBe('not-a-real-other');
    expect((await provider.get('llm.apiKey', { version: first.version as string }))?.value).toBe(
      'not-a-real-one',
    );
    // the key is a section now
    await expect(provider.delete('llm.apiKey')).rejects.toMatchObject({ code: 'invalid_key' });
    expect(await provider.delete('llm.apiKey.primary')).toBe(true);
    await provider.set('llm.model', 'large');
    expect(await provider.delete('llm.model')).toBe(true);
    expect(await provider.get('llm.model')).toBeUndefined();
    await provider.set('llm.model', 'small');
    expect((await provider.get('llm.model'))?.value).toBe('small');
    await provider.close();
  });

  it('disabled, early and expired secrets are errors with their dates', async () => {
    const prefix = fresh();
    await admin.setSecret(`${prefix}off`, 'x', { enabled: false });
    await admin.setSecret(`${prefix}early`, 'x', { notBefore: new Date(Date.now() + 86_400_000) });
    await admin.setSecret(`${prefix}late`, 'x', { expiresOn: new Date(Date.now() - 86_400_000) });
    const provider = azure({ prefix });
    for (const key of ['off', 'early', 'late'])
      await expect(provider.get(key)).rejects.toMatchObject({ code: 'disabled', transient: false });
    const holes = await provider.list();
    expect(holes.map((hole) => hole.key).sort()).toEqual(['early', 'late', 'off']);
    const messages = holes.map((hole) => ('error' in hole ? hole.error.message : '')).join('\n');
    expect(messages).toContain(new Date(Date.now() + 86_400_000).toISOString().slice(0, 10));
    expect(messages).toContain(new Date(Date.now() - 86_400_000).toISOString().slice(0, 10));
    await provider.close();
  });

  it('loadConfig reads 300 secrets after listing pages of 25 names', async () => {
    const prefix = fresh();
    const names = Array.from({ length: 300 }, (_, i) => `key${i}`);
    for (let i = 0; i < 300; i += 50)
      await Promise.all(names.slice(i, i + 50).map((name) => admin.setSecret(prefix + name, name)));
    let all = 0;
    for await (const _ of admin.listPropertiesOfSecrets()) all++;
    const provider = azure({ prefix });
    const config = await loadConfig(
      z.object(Object.fromEntries(names.map((name) => [name, z.string()]))),
      provider,
    );
    expect(Object.values(config.value)).toEqual(names);
    expect(provider.stats().requests).toBe(Math.ceil(all / 25) + 300);
    await provider.close();
    await clear(prefix);
  });
});

describe('refusals of a vault, live', () => {
  const prefix = fresh();
  const quick = { attempts: 3, backoff: { initialMs: 10, maxMs: 10 }, breaker: false } as const;
  afterEach(async () => {
    await lever('permissions', {});
    await lever('clock', { advance: 0, freeze: false });
  });

  it('a throttled request is repeated after Retry-After', async () => {
    await admin.setSecret(`${prefix}key`, 'x');
    const provider = azure({ prefix, resilience: quick });
    await provider.get('key');
    const codes = counted(provider);
    await lever('faults', { throttleNextRequests: 1 });
    const startedAt = performance.now();
    expect((await provider.get('key', { maxAgeMs: 0 }))?.value).toBe('x');
    expect(performance.now() - startedAt).toBeGreaterThan(900); // retry-after: 1
    expect(codes).toEqual(['throttled', 'ok']);
    await provider.close();
  });

  it('a failed request to a vault is repeated', async () => {
    await admin.setSecret(`${prefix}key`, 'x');
    const provider = azure({ prefix, resilience: quick });
    await provider.get('key');
    const codes = counted(provider);
    await lever('faults', { rejectNextRequests: 2 });
    expect((await provider.get('key', { maxAgeMs: 0 }))?.value).toBe('x');
    expect(codes).toEqual(['unavailable', 'unavailable', 'ok']);
    await provider.close();
  });

  it('a missing permission is denied, never absent', async () => {
    await admin.setSecret(`${prefix}key`, 'x');
    await lever('permissions', { [identity]: ['secrets/list'] });
    const denied = azure({ prefix, resilience: quick });
    await expect(denied.get('key')).rejects.toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('Secrets User'),
    });
    await denied.close();
    await lever('permissions', { [identity]: ['secrets/get'] });
    const named = azure({ prefix, resilience: quick });
    expect((await loadConfig(z.object({ key: z.string() }), named)).value).toEqual({ key: 'x' });
    await expect(named.list()).rejects.toMatchObject({ code: 'access_denied' });
    await named.close();
  });

  it('an expired token is unauthenticated, after one more log-in', async () => {
    await admin.setSecret(`${prefix}key`, 'x');
    const provider = azure({ prefix, resilience: quick });
    await provider.get('key');
    const codes = counted(provider);
    await lever('clock', { advance: 7_200 });
    try {
      await expect(provider.get('key', { maxAgeMs: 0 })).rejects.toMatchObject({
        code: 'unauthenticated',
        transient: false,
      });
      expect(codes).toEqual(['unauthenticated', 'unauthenticated']);
    } finally {
      await lever('clock', { advance: -7_200 });
    }
    await provider.close();
  });

  it('a wrong client secret is unauthenticated and not in the error', async () => {
    const provider = azure({ credential: credential('not-a-real-secret'), resilience: quick });
    const error = await provider.get('key').catch((failed: Error) => failed);
    expect(error).toMatchObject({ code: 'unauthenticated' });
    expect(String(error)).not.toContain('not-a-real-secret');
    await provider.close();
  });

  it('an unreachable log-in is unavailable, and an untrusted one is crypto', async () => {
    const lost = azure({ credential: credential(undefined, 'https://localhost:1'), resilience: quick });
    await expect(lost.get('key')).rejects.toMatchObject({ code: 'unavailable', transient: true });
    await lost.close();
    const untrusted = azure({
      clientOptions: { disableChallengeResourceVerification: true, tlsOptions: { ca: [] } },
      resilience: quick,
    });
    await expect(untrusted.get('key')).rejects.toMatchObject({ code: 'crypto', transient: false });
    await untrusted.close();
  });

  it('the challenge of a vault is verified by default', async () => {
    const provider = azure({ clientOptions: { tlsOptions: { ca: ca.toString() } }, resilience: quick });
    await expect(provider.get('key')).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining('ChallengeMismatch'),
    });
    await provider.close();
  });
});

/** A stopped process needs a moment until it is really stopped. */
async function paused(): Promise<void> {
  await serve('pause', 'azure');
  await new Promise((done) => setTimeout(done, 300));
}

describe('outages of the Azure emulator, live', () => {
  const quick = { attempts: 1, timeoutMs: 1_500, deadlineMs: 3_000, breaker: { resetMs: 100 } };
  const read = (provider: AzureKeyVaultProvider) =>
    provider.get('key', { maxAgeMs: 0 }).catch((error: { code: string }) => error.code);

  it('a paused emulator times out, and reads work after the pause', async () => {
    const name = `${fresh()}key`;
    await admin.setSecret(name, 'x');
    const provider = azure({ resilience: quick, secrets: { key: name } });
    await provider.get('key');
    await paused();
    try {
      expect(await read(provider)).toBe('timeout');
      expect((await provider.get('key'))?.value).toBe('x');
    } finally {
      await serve('resume', 'azure');
    }
    await expect.poll(() => read(provider), { timeout: 30_000 }).toMatchObject({ value: 'x' });
    await provider.close();
  });

  it('a stopped emulator is unreachable, never empty, and reads work after a restart', async () => {
    const name = `${fresh()}key`;
    await admin.setSecret(name, 'x');
    const provider = azure({ resilience: quick, secrets: { key: name } });
    await provider.get('key');
    await serve('down', 'azure');
    try {
      expect(await read(provider)).toBe('unavailable');
    } finally {
      await serve('up', 'azure');
    }
    await admin.setSecret(name, 'y'); // a restart may lose all secrets
    await expect.poll(() => read(provider), { timeout: 30_000 }).toMatchObject({ value: 'y' });
    await provider.close();
  });
});
