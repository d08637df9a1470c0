import { describe, expect, it } from 'vitest';
import { appRole } from '../../../src/providers/vault/index.ts';
import { manualClock } from '../../../src/testing/clock.ts';
import { fakeVault, pass, providerOf, refusal, until } from './setup.ts';

const hour = 3_600_000;

/** A Vault with a right clock, and a clock of the client that can be set. */
async function settable() {
  const real = manualClock();
  let shiftMs = 0;
  const vault = await fakeVault({ now: real.now });
  const clock = { now: () => real.now() + shiftMs, elapsed: real.now, after: real.after, later: real.after };
  return { real, vault, clock, shift: (ms: number) => void (shiftMs += ms) };
}

describe.each([
  ['an hour back', -hour],
  ['a day back', -24 * hour],
  ['35 years back', -35 * 365 * 24 * hour],
])('the clock is set %s', (_, shiftMs) => {
  it('a token is renewed before its end, and a lease is not served past its end', async () => {
    const { real, vault, clock, shift } = await settable();
    vault.engines.logins.set('auth/approle/login', () => vault.issue(['default', 'root'], 3_600));
    const provider = providerOf(vault, {
      auth: appRole({ roleId: 'fake', secretId: 'fake' }),
      env: {},
      clock,
      resilience: { attempts: 1, breaker: false },
      leases: { creds: 'database/creds/app' },
    });
    const entry = await provider.get('creds.username');
    expect(entry?.expiresAt).toBe(clock.now() + 60_000);
    await real.advance(30_000);
    shift(shiftMs);
    vault.fault = ({ url }) => (url.includes('renew-self') ? undefined : { status: 500 });
    await real.advance(29_999);
    expect((await provider.get('creds.username'))?.value).toBe(entry?.value);
    await real.advance(1);
    expect(await refusal(provider.get('creds.username'))).toMatchObject({ code: 'unavailable' });
    vault.fault = () => undefined;
    const next = await provider.get('creds.username');
    expect(next?.expiresAt).toBe(clock.now() + 60_000);
    await real.advance(0.53 * hour);
    await pass(vault, real, 0.13 * hour);
    await until(() => vault.count('renew-self') >= 1);
  });
});
