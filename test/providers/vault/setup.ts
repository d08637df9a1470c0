import { readFileSync } from 'node:fs';
import { afterEach } from 'vitest';
import { VaultProvider } from '../../../src/providers/vault/index.ts';
import type { VaultOptions } from '../../../src/providers/vault/options.ts';
import { type ManualClock, manualClock } from '../../../src/testing/index.ts';
import { FakeVault } from './fake.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

export const fixture = (name: string): string => new URL(`./fixtures/${name}`, import.meta.url).pathname;
export const pem = (name: string): string => readFileSync(fixture(name), 'utf8');

/** A fake server that is closed after the test. */
export async function fakeVault(
  options: Parameters<FakeVault['listen']>[0] & { now?: () => number } = {},
): Promise<FakeVault> {
  const { now, ...rest } = options;
  const vault = await new FakeVault(now).listen(rest);
  ends.push(() => vault.close());
  return vault;
}

/** A fake server that runs on a manual clock. */
export async function timedVault(): Promise<{ vault: FakeVault; clock: ManualClock }> {
  const clock = manualClock();
  return { vault: await fakeVault({ now: () => clock.now() }), clock };
}

/** A provider that is closed after the test and does not read the machine's environment. */
export function providerOf(vault: FakeVault, options: Partial<VaultOptions> = {}): VaultProvider {
  const what =
    options.path === undefined && options.secrets === undefined && options.leases === undefined
      ? { path: 'app/' }
      : {};
  const provider = new VaultProvider({
    address: vault.address,
    env: { VAULT_TOKEN: 'root-token' },
    resilience: { backoff: { initialMs: 1, maxMs: 2 } },
    ...what,
    ...options,
  });
  ends.push(() => provider.close());
  return provider;
}

export function endsWith(end: () => Promise<unknown>): void {
  ends.push(end);
}

/** Waits for an effect of a request. */
export async function until(holds: () => boolean, failure = 'the condition never held'): Promise<void> {
  const deadline = performance.now() + 50_000;
  for (let turn = 0; performance.now() < deadline; turn++) {
    if (holds()) return;
    await new Promise((done) => setImmediate(done));
    if (turn % 50 === 49) await new Promise((done) => setTimeout(done, 1));
  }
  throw new Error(failure);
}

/** Advances the clock in steps, and waits for all responses in between. */
export async function pass(vault: FakeVault, clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 5_000) {
    const before = vault.seen.length;
    await clock.advance(Math.min(left, 5_000));
    for (let turn = 0; turn < 20; turn++) await new Promise((done) => setImmediate(done));
    if (vault.seen.length > before || vault.pending > 0) await quiet(vault);
  }
}

/** Waits until no request is in flight. */
export async function quiet(vault: FakeVault): Promise<void> {
  await until(() => vault.pending === 0);
  for (let turn = 0; turn < 100; turn++) await new Promise((done) => setImmediate(done));
  if (vault.pending > 0) await quiet(vault);
}

/** Stores secrets in the server, of KV version 2, or of version 1 below kv1/. */
export function store(vault: FakeVault, secrets: Readonly<Record<string, Record<string, unknown>>>): void {
  for (const [path, data] of Object.entries(secrets)) {
    const versions = vault.engines.secrets.get(path)?.versions ?? [];
    vault.engines.secrets.set(path, { versions: [...versions, { data, at: vault.now() }], metadata: null });
  }
}

export async function refusal(work: Promise<unknown>): Promise<import('../../../src/errors.ts').ConfigError> {
  try {
    await work;
  } catch (error) {
    return error as never;
  }
  throw new Error('the promise did not reject');
}
