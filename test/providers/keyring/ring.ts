import { afterEach, vi } from 'vitest';
import { type KeyringOptions, KeyringProvider } from '../../../src/providers/keyring/index.ts';
import { FakeKeyring } from './fake-keyring.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  vi.unstubAllEnvs();
});

export const quick = {
  timeoutMs: 5_000,
  deadlineMs: 10_000,
  attempts: 1,
  backoff: { initialMs: 1, maxMs: 2 },
};

/** Makes a provider that is closed after the test. */
export function keyring(options: Partial<KeyringOptions> = {}): KeyringProvider {
  const provider = new KeyringProvider({
    service: 'acme',
    backend: 'secret-service',
    cache: false,
    resilience: quick,
    ...options,
  });
  ends.push(() => provider.close());
  return provider;
}

/** Starts a bus with a secret service, and points the environment to it until the test ends. */
export async function fakeRing(
  entries: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<FakeKeyring> {
  const fake = await FakeKeyring.start();
  ends.push(() => fake[Symbol.asyncDispose]());
  vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', fake.address);
  for (const [account, value] of Object.entries(entries)) fake.put('acme', account, value);
  return fake;
}
