import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  appRole,
  fromFile,
  jwt,
  kubernetes,
  token,
  tokenFile,
  type VaultAuth,
} from '../../../src/providers/vault/index.ts';
import { until as eventually } from '../../support/until.ts';
import type { FakeVault } from './fake.ts';
import { endsWith, providerOf, refusal, store, timedVault, until } from './setup.ts';

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'vault-credential-'));
  endsWith(() => rm(made, { recursive: true }));
  return made;
}

async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

/** A Vault that accepts the log-in with the credential `good`. */
function accepts(vault: FakeVault, at: string): void {
  vault.engines.logins.set(at, (body) =>
    Object.values(body).includes('good') ? vault.issue(['root'], 3_600) : undefined,
  );
}

/** Waits until a read succeeds. */
const readable = (provider: ReturnType<typeof providerOf>): Promise<void> =>
  eventually('the read succeeds', () =>
    provider.get('db.password').then(
      (entry) => entry?.value === 'fake',
      () => false,
    ),
  );

describe('a credential that changed after a refusal', () => {
  it('a new token in a file ends the pause, however long it has grown', async () => {
    const { vault, clock } = await timedVault();
    store(vault, { 'secret/app/db': { password: 'fake' } });
    const file = path.join(await folder(), 'token');
    const first = vault.issue(['root']);
    await writeFile(file, first);
    const provider = providerOf(vault, { auth: tokenFile(file), env: {}, cache: false, clock });
    await provider.get('db.password');
    vault.revoke(first);
    for (let i = 0; i < 7; i++) {
      expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'unauthenticated' });
      await clock.advance(1_100 * 2 ** i);
    }
    expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'unauthenticated' });
    const asked = vault.seen.length;
    expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'unauthenticated' });
    expect(vault.seen).toHaveLength(asked); // the pause of about a minute
    const second = vault.issue(['root']);
    await replace(file, second);
    await until(() => vault.seen.some((one) => one.token === second));
    await readable(provider);
  });

  it.each<[string, string, (file: string) => VaultAuth]>([
    ['jwt', 'auth/jwt/login', (file) => jwt({ jwt: fromFile(file) })],
    ['kubernetes', 'auth/kubernetes/login', (file) => kubernetes({ role: 'app', jwt: fromFile(file) })],
    ['appRole', 'auth/approle/login', (file) => appRole({ roleId: 'id', secretId: fromFile(file) })],
  ])('%s logs in with a new credential in its file', async (_, at, make) => {
    const { vault, clock } = await timedVault();
    store(vault, { 'secret/app/db': { password: 'fake' } });
    accepts(vault, at);
    const file = path.join(await folder(), 'credential');
    await writeFile(file, 'bad');
    const provider = providerOf(vault, { auth: make(file), env: {}, cache: false, clock });
    expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'unauthenticated' });
    expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'unauthenticated' });
    expect(vault.count(at)).toBe(1);
    await replace(file, 'good');
    await until(() => vault.count(at) === 2);
    await readable(provider);
    // nothing is watched while log-ins work
    await replace(file, 'another');
    await provider.get('db.password');
    expect(vault.count(at)).toBe(2);
  });

  it('a file that did not exist at the first log-in is used when it appears', async () => {
    const { vault, clock } = await timedVault();
    store(vault, { 'secret/app/db': { password: 'fake' } });
    const file = path.join(await folder(), 'token');
    const provider = providerOf(vault, { auth: tokenFile(file), env: {}, cache: false, clock });
    expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'unauthenticated' });
    await replace(file, vault.issue(['root']));
    await readable(provider);
  });

  it('a function of your own reports a new credential with watch', async () => {
    const { vault, clock } = await timedVault();
    store(vault, { 'secret/app/db': { password: 'fake' } });
    let current = 'wrong-token';
    let changed: (() => void) | undefined;
    let stopped = 0;
    const credential = Object.assign(() => current, {
      watch: (listener: () => void) => {
        changed = listener;
        return () => void stopped++;
      },
    });
    const provider = providerOf(vault, { auth: token(credential), env: {}, cache: false, clock });
    expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'unauthenticated' });
    current = vault.issue(['root']);
    changed?.();
    await until(() => stopped === 1);
    expect((await provider.get('db.password'))?.value).toBe('fake');
  });

  it('a denial is asked about again with a new token', async () => {
    const { vault, clock } = await timedVault();
    store(vault, { 'secret/app/db': { password: 'fake' } });
    const file = path.join(await folder(), 'token');
    await writeFile(file, vault.issue(['default']));
    const provider = providerOf(vault, { auth: tokenFile(file), env: {}, kv: 2, clock });
    expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'access_denied' });
    const second = vault.issue(['root']);
    await replace(file, second);
    await until(() => vault.seen.some((one) => one.token === second));
    await readable(provider);
  });
});
