import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { KeyringOptions, KeyringProvider } from '../../../src/providers/keyring/index.ts';
import { NativeKeyring } from '../../../src/providers/keyring/native.ts';
import { importable } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import { fakeRing, keyring, quick } from './ring.ts';

const folders: string[] = [];
const standing = { argv: process.argv[1] as string, platform: process.platform };
afterEach(() => {
  process.argv[1] = standing.argv;
  Object.defineProperty(process, 'platform', { value: standing.platform });
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** What the calls of the fake packages do, by account. Entries are kept in a file, so that they outlive a child. */
const calls = `
const fs = require('node:fs');
const file = __dirname + '/entries.json';
const held = () => JSON.parse(fs.readFileSync(file, 'utf8'));
const keep = (change) => { const all = held(); change(all); fs.writeFileSync(file, JSON.stringify(all)); };
const befall = (account) => {
  if (account === 'hang') return new Promise(() => {});
  if (account === 'block') for (;;);
  if (account === 'crash') process.kill(process.pid, 'SIGSEGV');
  if (account === 'locked') throw new Error('User interaction is not allowed.');
  if (account === 'denied') throw new Error('User canceled the operation.');
  if (account === 'fail') throw new Error('words with fake-value');
};
const getPassword = async (service, account) => {
  await befall(account);
  if (account === 'pid') return String(process.pid);
  if (account === 'electron') return process.env.ELECTRON_RUN_AS_NODE;
  return held()[account] ?? null;
};
const setPassword = async (service, account, value) => { await befall(account); keep((all) => (all[account] = value)); };
const deletePassword = async (service, account) => keep((all) => delete all[account]);
const findCredentials = async () => Object.entries(held()).map(([account, password]) => ({ account, password }));
`;
const packages = {
  keytar: `${calls} module.exports = { getPassword, setPassword, deletePassword, findCredentials };`,
  napi: `${calls}
    class AsyncEntry {
      constructor(service, account, options) {
        if (options.linux.store !== 'secret-service') throw new Error('it would forget');
        Object.assign(this, { service, account });
      }
      getPassword() { return getPassword(this.service, this.account); }
      setPassword(value) { return setPassword(this.service, this.account, value); }
      deletePassword() { return deletePassword(this.service, this.account); }
    }
    module.exports = { AsyncEntry, findCredentialsAsync: findCredentials };`,
  broken: `require('./build/Release/keytar.node');`,
};

/** A program of its own folder, where these packages are installed, is what runs. */
function installed(...names: readonly (keyof typeof packages)[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'fake-native-'));
  folders.push(folder);
  for (const name of names) {
    const file = join(folder, 'node_modules', name === 'napi' ? '@napi-rs/keyring' : 'keytar', 'index.js');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, packages[name]);
    writeFileSync(join(dirname(file), 'entries.json'), JSON.stringify({ 'db.password': 'fake', from: name }));
  }
  const main = join(folder, 'main.js');
  writeFileSync(main, '');
  process.argv[1] = main;
  return folder;
}

const elsewhere = (): void => void Object.defineProperty(process, 'platform', { value: 'darwin' });
const native = (options: Partial<KeyringOptions> = {}): KeyringProvider =>
  keyring({ backend: 'keytar', resilience: { ...quick, timeoutMs: 20_000, deadlineMs: 25_000 }, ...options });
const value = async (provider: KeyringProvider, key: string): Promise<unknown> =>
  (await provider.get(key))?.value;

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('A native keyring', () => {
  it('reads, lists, writes and deletes through keytar', async () => {
    installed('keytar');
    await fakeRing();
    const ring = native();
    expect(await value(ring, 'db.password')).toBe('fake');
    expect(await ring.get('none')).toBeUndefined();
    await ring.set('llm.apiKey', 'fake-2');
    expect((await ring.list()).map(({ key }) => key).sort()).toEqual(['db.password', 'from', 'llm.apiKey']);
    expect(await ring.delete('llm.apiKey')).toBe(true);
    expect(await ring.get('llm.apiKey')).toBeUndefined();
    expect((await ring.health()).status).toBe('ok');
    expect(await value(ring, 'electron')).toBe('1');
  });

  it.each(['', 'a\0b'])('refuses %j, which keytar would lose', async (text) => {
    installed('keytar');
    elsewhere();
    await expect(native().set('token', text)).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringMatching(/empty|NUL/),
    });
  });

  it('pins @napi-rs/keyring to the secret service, never to a store that forgets', async () => {
    const folder = installed('napi');
    const ring = new NativeKeyring(['napi'], 'acme', [`${folder}/`]);
    const signal = AbortSignal.timeout(25_000);
    expect(await ring.get('from', signal)).toBe('napi');
    await ring.set('other', '', signal);
    expect(await ring.find(signal)).toContainEqual({ account: 'other', value: '' });
    await ring.delete('other', signal);
    await ring.check(signal);
    expect(await ring.get('other', signal)).toBeUndefined();
    ring.close();
  });

  it('is keytar where that is installed, elsewhere than on Linux, and asks no bus', async () => {
    installed('keytar', 'napi');
    const fake = await fakeRing();
    elsewhere();
    expect(await value(native({ backend: 'auto' }), 'from')).toBe('keytar');
    expect(fake.calls).toEqual([]);
  });

  it('is @napi-rs/keyring where only that is installed', async () => {
    const folder = installed('napi');
    const ring = new NativeKeyring(['keytar', 'napi'], 'acme', [`${folder}/`]);
    expect(await ring.get('from', AbortSignal.timeout(25_000))).toBe('napi');
    ring.close();
  });

  it('says which package to install, and when one cannot be loaded', async () => {
    installed();
    elsewhere();
    await expect(native().get('token')).rejects.toMatchObject({
      code: 'missing_dependency',
      provider: 'keyring',
      message: 'KeyringProvider needs the package keytar, which is not installed. Run: npm install keytar',
    });
    installed('broken');
    await expect(native().get('token')).rejects.toMatchObject({
      code: 'missing_dependency',
      message: 'KeyringProvider could not load the package keytar. Run: npm install keytar',
    });
    const neither = new NativeKeyring(['keytar', 'napi'], 'acme', ['/']); // nothing of what others keep above a temporary folder
    await expect(neither.get('token', AbortSignal.timeout(25_000))).rejects.toThrow(
      /the package keytar or @napi-rs\/keyring/,
    );
    neither.close();
  });

  it.each([
    ['locked', 'unauthenticated'],
    ['denied', 'access_denied'],
    ['fail', 'unavailable'],
    ['crash', 'unavailable'],
  ])('that answers %s is %s, and none of its words is told', async (account, code) => {
    installed('keytar');
    elsewhere();
    const ring = native();
    const error = await ring.get(account).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, provider: 'keyring' });
    expect(String(error)).not.toMatch(/words|fake-value|canceled/);
    expect(await value(ring, 'db.password')).toBe('fake');
  });

  it.each(['hang', 'block'])(
    'that seems to %s is given up on time, its process is killed, and the next read has another',
    async (account) => {
      const folder = installed('keytar');
      const ring = new NativeKeyring(['keytar'], 'acme', [`${folder}/`]);
      const patient = new AbortController().signal;
      const first = Number(await ring.get('pid', patient));
      await expect(ring.get(account, AbortSignal.timeout(100))).rejects.toMatchObject({
        name: 'TimeoutError',
      });
      await until('the child is gone', () => !isAlive(first));
      expect(Number(await ring.get('pid', patient))).not.toBe(first);
      ring.close();
    },
  );

  it('fails all who wait when one of them gives up or it is closed, and nobody who comes too late is asked', async () => {
    const folder = installed('keytar');
    const ring = new NativeKeyring(['keytar'], 'acme', [`${folder}/`]);
    const abort = new AbortController();
    const waiting = [ring.get('hang', abort.signal), ring.get('hang', new AbortController().signal)];
    abort.abort(new Error('given up'));
    expect(await Promise.all(waiting.map((one) => one.catch((error: Error) => error.message)))).toEqual([
      'given up',
      expect.stringContaining('ended unexpectedly'),
    ]);
    await expect(ring.get('token', abort.signal)).rejects.toThrow('given up');
    const last = ring.get('hang', new AbortController().signal);
    ring.close();
    await expect(last).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is not asked while the secret service is locked, because it would answer that nothing is there', async () => {
    installed('keytar');
    const fake = await fakeRing();
    fake.locked = true;
    const ring = native();
    await expect(ring.get('none')).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(ring.list()).rejects.toMatchObject({ code: 'unauthenticated' });
    fake.running = false;
    await expect(ring.list()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('cannot start where there is no node', async () => {
    const folder = installed('keytar');
    const node = process.execPath;
    process.execPath = join(folder, 'no-node');
    try {
      const ring = new NativeKeyring(['keytar'], 'acme', [`${folder}/`]);
      await expect(ring.get('token', AbortSignal.timeout(25_000))).rejects.toMatchObject({
        code: 'unavailable',
      });
    } finally {
      process.execPath = node;
    }
  });

  it('is looked for where the program is, also where that is gone or is none', async () => {
    installed('keytar');
    elsewhere();
    process.argv[1] = `${process.argv[1]}.gone`;
    expect(await value(native(), 'from')).toBe('keytar');
    process.argv.length = 1;
    vi.spyOn(process, 'cwd').mockReturnValue(folders[0] as string);
    expect(await value(native(), 'from')).toBe('keytar');
    vi.restoreAllMocks();
  });

  it.each(['pid', 'hang', 'block'])(
    'leaves neither a process that goes on nor an orphan behind after %s',
    async (account) => {
      const folder = installed('keytar');
      const program = join(folder, 'reading.mjs');
      const source = await importable(new URL('../../../src/providers/keyring/native.ts', import.meta.url));
      writeFileSync(
        program,
        `import { NativeKeyring } from ${JSON.stringify(source)};
       const ring = new NativeKeyring(['keytar'], 'acme', [${JSON.stringify(`${folder}/`)}]);
       const signal = new AbortController().signal;
       process.stdout.write(await ring.get('pid', signal));
       if (${JSON.stringify(account)} !== 'pid') {
         ring.get(${JSON.stringify(account)}, signal).catch(() => {});
         setTimeout(() => process.exit(0), 100);
       }`,
      );
      const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
      let said = '';
      child.stdout.on('data', (bytes) => (said += bytes));
      expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
      const pid = Number(said);
      expect(pid).toBeGreaterThan(0);
      await until('the child is gone', () => !isAlive(pid));
    },
  );
});
