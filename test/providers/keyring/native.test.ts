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
const original = { argv: process.argv[1] as string, platform: process.platform };
afterEach(() => {
  process.argv[1] = original.argv;
  Object.defineProperty(process, 'platform', { value: original.platform });
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Calls of the fake packages. Some accounts cause a fault. Entries are kept in a file, to outlive a
 *  child. */
const calls = `
const fs = require('node:fs');
const file = __dirname + '/entries.json';
const stored = () => JSON.parse(fs.readFileSync(file, 'utf8'));
const keep = (change) => { const all = stored(); change(all); fs.writeFileSync(file, JSON.stringify(all)); };
const causeFault = (account) => {
  if (account === 'hang') return new Promise(() => {});
  if (account === 'block') for (;;);
  if (account === 'crash') process.kill(process.pid, 'SIGSEGV');
  if (account === 'locked') throw new Error('User interaction is not allowed.');
  if (account === 'denied') throw new Error('User canceled the operation.');
  if (account === 'fail') throw new Error('words with fake-value');
};
const getPassword = async (service, account) => {
  await causeFault(account);
  if (account === 'pid') return String(process.pid);
  if (account === 'electron') return process.env.ELECTRON_RUN_AS_NODE;
  return stored()[account] ?? null;
};
const setPassword = async (service, account, value) => {
  await causeFault(account);
  keep((all) => (all[account] = value));
};
const deletePassword = async (service, account) => keep((all) => delete all[account]);
const findCredentials = async () =>
  Object.entries(stored()).map(([account, password]) => ({ account, password }));
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

/** Makes a folder with these packages the running program's, and returns it. */
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

describe('a native keyring', () => {
  it('KeyringProvider reads, lists, writes and deletes through keytar', async () => {
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

  it.each(['', 'a\0b'])('set refuses %j, which keytar would lose', async (text) => {
    installed('keytar');
    elsewhere();
    await expect(native().set('token', text)).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringMatching(/empty|NUL/),
    });
  });

  it('NativeKeyring pins @napi-rs/keyring to the Secret Service', async () => {
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

  it('outside Linux, keytar is preferred and no bus is asked', async () => {
    installed('keytar', 'napi');
    const fake = await fakeRing();
    elsewhere();
    expect(await value(native({ backend: 'auto' }), 'from')).toBe('keytar');
    expect(fake.calls).toEqual([]);
  });

  it('NativeKeyring uses @napi-rs/keyring when keytar is missing', async () => {
    const folder = installed('napi');
    const ring = new NativeKeyring(['keytar', 'napi'], 'acme', [`${folder}/`]);
    expect(await ring.get('from', AbortSignal.timeout(25_000))).toBe('napi');
    ring.close();
  });

  it('the error names a package that is missing or cannot be loaded', async () => {
    installed();
    elsewhere();
    await expect(native().get('token')).rejects.toMatchObject({
      code: 'missing_dependency',
      provider: 'keyring',
      message: 'KeyringProvider: the package keytar is not installed. Run: npm install keytar',
    });
    installed('broken');
    await expect(native().get('token')).rejects.toMatchObject({
      code: 'missing_dependency',
      message: 'KeyringProvider: the package keytar cannot be loaded. Run: npm install keytar',
    });
    // resolved from the root, because a folder above the temporary one may have packages
    const neither = new NativeKeyring(['keytar', 'napi'], 'acme', ['/']);
    await expect(neither.get('token', AbortSignal.timeout(25_000))).rejects.toThrow(
      /the package keytar or @napi-rs\/keyring/,
    );
    neither.close();
  });

  it('native errors become errors of the provider, without their text', async () => {
    installed('keytar');
    elsewhere();
    const ring = native();
    for (const [account, code] of [
      ['locked', 'unauthenticated'],
      ['denied', 'access_denied'],
      ['fail', 'unavailable'],
      ['crash', 'unavailable'],
    ] as const) {
      const error = await ring.get(account).catch((thrown: unknown) => thrown);
      expect(error, account).toMatchObject({ code, provider: 'keyring' });
      expect(String(error)).not.toMatch(/words|fake-value|canceled/);
      expect(await value(ring, 'db.password'), account).toBe('fake');
    }
  });

  it.each(['hang', 'block'])(
    'a call that %ss ends on time, and its child process is replaced',
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

  it('an aborted call and close fail all pending calls', async () => {
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

  it('a native package is not called while the Secret Service is locked', async () => {
    installed('keytar');
    const fake = await fakeRing();
    fake.locked = true;
    const ring = native();
    await expect(ring.get('none')).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(ring.list()).rejects.toMatchObject({ code: 'unauthenticated' });
    fake.running = false;
    await expect(ring.list()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('a native keyring is unavailable without the node program', async () => {
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

  it('packages are resolved from the main program, even when that is missing', async () => {
    installed('keytar');
    elsewhere();
    process.argv[1] = `${process.argv[1]}.gone`;
    expect(await value(native(), 'from')).toBe('keytar');
    process.argv.length = 1;
    vi.spyOn(process, 'cwd').mockReturnValue(folders[0] as string);
    expect(await value(native(), 'from')).toBe('keytar');
    vi.restoreAllMocks();
  });

  it.concurrent.each(['pid', 'hang', 'block'])(
    'no process is left after a read of the account %s',
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
      let output = '';
      child.stdout.on('data', (bytes) => (output += bytes));
      expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
      const pid = Number(output);
      expect(pid).toBeGreaterThan(0);
      await until('the child is gone', () => !isAlive(pid));
    },
  );
});
