import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { ConfigEvent } from '../../../src/events.ts';
import { keyFrom } from '../../../src/key.ts';
import { classify } from '../../../src/providers/keyring/classify.ts';
import { sessionSocket } from '../../../src/providers/keyring/dbus-socket.ts';
import { KeyringProvider } from '../../../src/providers/keyring/index.ts';
import { program } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import { type FakeKeyring, message } from './fake-keyring.ts';
import { fakeRing, keyring, quick } from './ring.ts';

const value = async (provider: KeyringProvider, key: string): Promise<unknown> =>
  (await provider.get(key))?.value;
const names = async (provider: KeyringProvider): Promise<string[]> =>
  (await provider.list()).map(({ key }) => key).sort();

/** Makes the lengths in the body exceed the message. */
const broken = (bytes: Buffer): Buffer => bytes.fill(0xff, bytes.length - 16);

describe('KeyringProvider', () => {
  it('KeyringProvider reads, lists, writes and deletes entries of its service', async () => {
    const fake = await fakeRing({ 'db.password': 'fake-1' });
    fake.put('other', 'db.user', 'fake-2');
    const ring = keyring();
    expect(await ring.get('db.password')).toMatchObject({ value: 'fake-1', secret: true, text: true });
    expect(await ring.get('db.user')).toBeUndefined();
    await ring.set('db.password', 'fake-3');
    await ring.set('db.name', '');
    expect([...fake.items.values()].map((item) => [item.attributes, String(item.value)])).toEqual([
      [{ service: 'acme', account: 'db.password' }, 'fake-3'],
      [{ service: 'other', account: 'db.user' }, 'fake-2'],
      [{ 'xdg:schema': 'org.freedesktop.Secret.Generic', service: 'acme', account: 'db.name' }, ''],
    ]);
    expect(await names(ring)).toEqual(['db.name', 'db.password']);
    expect(await ring.delete('db.password')).toBe(true);
    expect(await ring.delete('db.password')).toBe(false);
    expect(await names(ring)).toEqual(['db.name']);
    expect((await ring.health()).status).toBe('ok');
    expect(ring.where('db.name')).toContain('db.name');
  });

  it('values cross the bus encrypted', async () => {
    const fake = await fakeRing();
    const seen: Buffer[] = [];
    const proxy = createServer((socket) => {
      const target = connect(join(fake.folder, 'bus'));
      socket.on('data', (bytes) => seen.push(bytes)).pipe(target);
      target.on('data', (bytes: Buffer) => seen.push(bytes)).pipe(socket);
      for (const one of [socket, target]) one.on('error', () => {});
    });
    await new Promise<void>((resolve) => proxy.listen(join(fake.folder, 'proxy'), resolve));
    vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', `unix:path=${join(fake.folder, 'proxy')}`);
    const ring = keyring();
    await ring.set('token', 'fake-value-to-be-hidden');
    expect(await value(ring, 'token')).toBe('fake-value-to-be-hidden');
    await ring.close();
    proxy.close();
    const all = Buffer.concat(seen).toString('latin1');
    expect(all).toContain('CreateItem');
    expect(all).not.toContain('fake-value');
  });

  it('an entry with a JSON document is read and written as a section', async () => {
    const fake = await fakeRing({ llm: '{"apiKey":"fake","retries":3}' });
    const ring = keyring();
    expect(await value(ring, 'llm.apiKey')).toBe('fake');
    expect(await value(ring, 'llm.retries')).toBe(3);
    await ring.set('llm.retries', 4);
    expect(fake.items.size).toBe(1);
    expect(await value(ring, 'llm.retries')).toBe(4);
    await expect(ring.get('llm')).rejects.toMatchObject({ code: 'invalid_key' });
  });

  it('get returns bytes as base64 with the metadata type binary', async () => {
    await fakeRing({ pin: Buffer.of(0xff, 0x00, 0xfe) });
    expect(await keyring().get('pin')).toMatchObject({ value: '/wD+', metadata: { type: 'binary' } });
  });

  it('set keeps every text, including NUL and 60,000 characters', async () => {
    await fakeRing();
    const ring = keyring();
    for (const text of ['', 'a\0b', 'ü 你好 👩‍🚀', '\ufeffmark', 'line\r\nline', 'x'.repeat(60_000)]) {
      await ring.set('text', text);
      expect(await value(ring, 'text')).toBe(text);
    }
    await expect(ring.set('text', 'half \ud83d')).rejects.toMatchObject({ code: 'invalid_option' });
  });

  it('keys and accounts map to each other one to one', async () => {
    const fake = await fakeRing();
    const ring = keyring({ prefix: 'app/' });
    const segment = fc
      .string({ minLength: 1, maxLength: 8 })
      .filter((one) => !/[\p{Surrogate}]/u.test(one) && one.trim() === one);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(segment, { minLength: 1, maxLength: 3 }), async (path) => {
        let key: string;
        try {
          key = keyFrom(path);
        } catch {
          return;
        }
        fake.items.clear();
        try {
          await ring.set(key, 'fake');
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_key' });
          return;
        }
        expect([...fake.items.values()].map(({ attributes }) => attributes.account)).toEqual([`app/${key}`]);
        expect(await names(ring)).toEqual([key]);
        expect(await value(ring, key)).toBe('fake');
      }),
      { numRuns: 40 },
    );
  });

  it('a key with a lone surrogate has no account', async () => {
    const fake = await fakeRing();
    const ring = keyring();
    await expect(ring.set('a.\ud800', 'fake')).rejects.toMatchObject({ code: 'invalid_key' });
    expect(await ring.get('a.\ud800')).toBeUndefined();
    expect(fake.calls).toEqual([]);
  });

  it('list skips accounts that are not keys and emits one notice for each', async () => {
    const fake = await fakeRing({
      'app/db.password': 'fake',
      'app/': 'fake',
      'app/a..b': 'fake',
      'app/"plain"': 'fake',
      elsewhere: 'fake',
    });
    fake.add({ service: 'acme' }, 'without an account');
    const ring = keyring({ prefix: 'app/' });
    const events: ConfigEvent[] = [];
    ring.on((event) => events.push(event));
    expect(await names(ring)).toEqual(['db.password']);
    expect(await names(ring)).toEqual(['db.password']);
    const notices = events.filter(({ type }) => type === 'notice').map((event) => JSON.stringify(event));
    expect(notices).toHaveLength(3);
    expect(notices.join()).toMatch(/app\/a\.\.b/);
    expect(notices.join()).not.toContain('elsewhere');
  });

  it('get and list take the first of two items with one account', async () => {
    const fake = await fakeRing({ token: 'fake-first' });
    fake.add({ service: 'acme', account: 'token', more: 'yes' }, 'fake-second');
    const ring = keyring();
    expect(await value(ring, 'token')).toBe('fake-first');
    expect(await names(ring)).toEqual(['token']);
    expect(await ring.delete('token')).toBe(true);
    expect(fake.items.size).toBe(0);
  });

  it('list returns 200 entries without a warning of Node', async () => {
    await fakeRing(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`key${i}`, `fake-${i}`])));
    const warned = vi.fn();
    process.on('warning', warned);
    expect(await keyring().list()).toHaveLength(200);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', warned);
    expect(warned).not.toHaveBeenCalled();
  });

  it('the constructor of KeyringProvider refuses invalid options', () => {
    expect(() => new KeyringProvider({} as never)).toThrow(/service is missing/);
    expect(() => new KeyringProvider({ service: 'a\0b' })).toThrow(/control characters/);
    expect(() => new KeyringProvider({ service: 'a', prefix: '\ud800' })).toThrow(/prefix/);
    expect(() => new KeyringProvider({ service: 'a', prefix: '' })).not.toThrow(); // the default
    expect(() => new KeyringProvider({ service: 'a', backend: 'gnome' as never })).toThrow(/backend/);
  });
});

describe('a keyring that is locked or unreachable', () => {
  it('every request to a locked keyring is unauthenticated, never absent', async () => {
    const fake = await fakeRing({ 'db.password': 'fake' });
    const ring = keyring();
    fake.locked = true;
    const locked = {
      code: 'unauthenticated',
      provider: 'keyring',
      message: expect.stringContaining('--unlock'),
    };
    for (const ask of [
      () => ring.get('db.password'),
      () => ring.get('db.none'),
      () => ring.list(),
      () => ring.set('db.password', 'fake'),
      () => ring.set('db.other', 'fake'),
      () => ring.delete('db.password'),
    ])
      await expect(ask()).rejects.toMatchObject(locked);
    expect(await ring.health()).toMatchObject({ status: 'down' });
    fake.items.clear();
    await expect(ring.list()).rejects.toMatchObject(locked);
    fake.locked = false;
    expect(await ring.list()).toEqual([]);
    expect(fake.connections).toBe(1);
  });

  it('writes and deletions that need a dialog are unauthenticated', async () => {
    const fake = await fakeRing({ token: 'fake' });
    const ring = keyring();
    fake.asks = true;
    await expect(ring.set('token', 'fake')).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(ring.set('other', 'fake')).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(ring.delete('token')).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(fake.calls).not.toContain('Prompt');
  });

  it('an item that alone is locked is unauthenticated, never absent', async () => {
    const fake = await fakeRing();
    fake.add({ service: 'acme', account: 'token' }, 'fake-locked').locked = true;
    const ring = keyring();
    await expect(ring.get('token')).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(ring.set('token', 'fake')).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(ring.delete('token')).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(ring.list()).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await ring.get('other')).toBeUndefined();
  });

  it('get prefers an unlocked item; list fails while one is locked', async () => {
    const fake = await fakeRing({ token: 'fake' });
    fake.add({ service: 'acme', account: 'token' }, 'fake-locked').locked = true;
    const ring = keyring();
    expect(await value(ring, 'token')).toBe('fake');
    await expect(ring.list()).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(ring.delete('token')).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('get is unauthenticated when the keyring locks after the search', async () => {
    const fake = await fakeRing({ token: 'fake' });
    fake.fault = (member) => {
      if (member === 'GetSecrets') fake.locked = true;
      return undefined;
    };
    await expect(keyring().get('token')).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  const missing = 'Start a session bus with a secret service';
  it.each<[string, (fake: FakeKeyring) => void, RegExp]>([
    ['without a session bus', () => vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', ''), /no session bus: DBUS/],
    [
      'with a bus that is not a socket',
      () => vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', 'tcp:host=localhost'),
      /does not name a unix socket/,
    ],
    [
      'with a bus that is gone',
      (fake) => vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', `unix:path=${fake.folder}/no`),
      /ENOENT/,
    ],
    ['without a secret service', (fake) => (fake.running = false), /no secret service runs/],
    ['without a default collection', (fake) => (fake.collection = false), /no default collection/],
    [
      'with a bus that refuses this user',
      (fake) => (fake.logIn = 'REJECTED EXTERNAL\r\n'),
      /refuses this user/,
    ],
    [
      'with a bus whose answer to the log-in does not end',
      (fake) => (fake.logIn = 'OK '.repeat(1_000)),
      /refuses this user/,
    ],
    ['with a bus that hangs up at the log-in', (fake) => (fake.logIn = ''), /was closed/],
    [
      'with a bus that hangs up at the first call',
      (fake) => (fake.fault = (member) => (member === 'Hello' ? 'cut' : undefined)),
      /was closed/,
    ],
    [
      'with a service that hangs up',
      (fake) => (fake.fault = (member) => (member === 'OpenSession' ? 'cut' : undefined)),
      /was closed/,
    ],
  ])('the keyring is unavailable %s, with reason and remedy', async (_, break_, reason) => {
    vi.stubEnv('XDG_RUNTIME_DIR', '');
    const fake = await fakeRing();
    break_(fake);
    const error = await keyring()
      .get('token')
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'unavailable',
      transient: true,
      message: expect.stringMatching(reason),
    });
    expect(String(error)).toContain(missing);
  });

  it.each<[string, string]>([
    ['org.freedesktop.DBus.Error.AccessDenied', 'access_denied'],
    ['org.freedesktop.DBus.Error.LimitsExceeded', 'throttled'],
    ['org.freedesktop.Secret.Error.IsLocked', 'unauthenticated'],
    ['org.freedesktop.Secret.Error.NoSuchObject', 'unavailable'],
    ['words of the service, with a value', 'unavailable'],
  ])('the error name %s becomes %s, without its text', async (name, code) => {
    const fake = await fakeRing({ token: 'fake' });
    fake.fault = (member) => (member === 'SearchItems' ? { error: name } : undefined);
    const error = await keyring()
      .get('token')
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(String(error)).not.toMatch(/words/);
  });

  it.each<[string, Uint8Array]>([
    ['bytes that are not a message', Buffer.alloc(64, 0x41)],
    ['a message that claims a huge length', message(4, 2, 's', ['x']).fill(0xff, 4, 8)],
    ['a header that is cut off', message(4, 2, 's', ['x']).fill(0x7f, 16, 24)],
    ['a reply of another type', message(4, 2, 's', ['x'])],
    ['a body that is too short', broken(message(4, 2, 'aoao', [['/a'], []]))],
  ])('the keyring recovers from %s', async (_, bytes) => {
    const fake = await fakeRing({ token: 'fake-secret' });
    fake.fault = (member) => (member === 'SearchItems' ? bytes : undefined);
    const ring = keyring();
    await expect(ring.get('token')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('a malformed message'),
    });
    fake.fault = () => undefined;
    expect(await value(ring, 'token')).toBe('fake-secret');
  });

  it('a reply to an unknown call is ignored', async () => {
    const fake = await fakeRing({ token: 'fake' });
    fake.fault = (member) => (member === 'GetSecrets' ? message(999, 2, 's', ['not requested']) : undefined);
    await expect(keyring({ resilience: { ...quick, timeoutMs: 150 } }).get('token')).rejects.toMatchObject({
      code: 'timeout',
    });
  });

  it('a reply that arrives in pieces is read', async () => {
    const fake = await fakeRing({ token: 'fake' });
    let piece = 0;
    const proxy = createServer((socket) => {
      const target = connect(join(fake.folder, 'bus'));
      socket.pipe(target);
      target.on('data', (bytes: Buffer) => {
        for (let at = 0; at < bytes.length; at += 7) socket.write(bytes.subarray(at, at + 7));
        piece++;
      });
      for (const one of [socket, target]) one.on('error', () => {});
    });
    await new Promise<void>((resolve) => proxy.listen(join(fake.folder, 'proxy'), resolve));
    vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', `unix:path=${join(fake.folder, 'proxy')}`);
    const ring = keyring();
    expect(await value(ring, 'token')).toBe('fake');
    expect(piece).toBeGreaterThan(0);
    await ring.close();
    proxy.close();
  });

  it.each(['Hello', 'OpenSession', 'SearchItems', 'GetSecrets'])(
    'an unanswered %s times out, leaves the event loop free, and recovers',
    async (hanging) => {
      const fake = await fakeRing({ token: 'fake' });
      const ring = keyring({ resilience: { ...quick, timeoutMs: 150 } });
      fake.fault = (member) => (member === hanging ? 'hang' : undefined);
      let [turns, over] = [0, false];
      const turn = (): void => {
        turns++;
        if (!over) setImmediate(turn);
      };
      turn();
      await expect(ring.get('token')).rejects.toMatchObject({ code: 'timeout' });
      over = true;
      expect(turns).toBeGreaterThan(3);
      fake.fault = () => undefined;
      await until('it recovers', async () => (await value(ring, 'token').catch(() => undefined)) === 'fake');
    },
  );

  it('an unanswered log-in times out', async () => {
    const fake = await fakeRing();
    fake.logIn = 'O';
    await expect(keyring({ resilience: { ...quick, timeoutMs: 100 } }).get('token')).rejects.toMatchObject({
      code: 'timeout',
    });
  });

  it('a restarted daemon and a cut bus get a new session', async () => {
    const fake = await fakeRing({ token: 'fake' });
    const ring = keyring({ resilience: { ...quick, attempts: 3 } });
    expect(await value(ring, 'token')).toBe('fake');
    fake.restart();
    expect(await value(ring, 'token')).toBe('fake');
    fake.restart();
    await ring.set('first.after', 'fake-2');
    expect(await value(ring, 'first.after')).toBe('fake-2');
    fake.cut();
    await until('the cut is seen', async () => (await value(ring, 'token')) === 'fake');
    expect(fake.connections).toBe(4);
  });
});

describe('the session bus', () => {
  it.each([
    [{ DBUS_SESSION_BUS_ADDRESS: 'unix:path=/run/bus' }, '/run/bus'],
    [{ DBUS_SESSION_BUS_ADDRESS: 'unix:path=/run/b%C3%BCs%2c1,guid=0' }, '/run/büs,1'],
    [{ DBUS_SESSION_BUS_ADDRESS: 'tcp:host=x;unix:guid=0,path=/b' }, '/b'],
    [{ DBUS_SESSION_BUS_ADDRESS: 'unix:abstract=/tmp/dbus-x,guid=0' }, '\0/tmp/dbus-x'],
    [{ XDG_RUNTIME_DIR: '/run/user/1' }, '/run/user/1/bus'],
  ])('sessionSocket finds the socket of %j', (env, path) => {
    expect(sessionSocket(env)).toBe(path);
  });

  it.each([{}, { DBUS_SESSION_BUS_ADDRESS: 'unix:tmpdir=/tmp', XDG_RUNTIME_DIR: '/run' }])(
    'sessionSocket throws for %j',
    (env) => {
      expect(() => sessionSocket(env)).toThrow(/DBUS_SESSION_BUS_ADDRESS/);
    },
  );

  it('classify keeps no text of unknown errors', () => {
    expect(classify('fake-secret', 'ring').message).toMatch(/the failure has no known name/);
    expect(classify(undefined, 'ring').code).toBe('unavailable');
    expect(
      classify(Object.assign(new Error('fake-secret'), { code: 'a secret' }), 'ring').message,
    ).not.toContain('secret r');
  });
});

describe('a process that has read from a keyring', () => {
  it.each(['ends by itself', 'ends although the keyring hangs'])(
    'a process that reads a keyring %s',
    async (how) => {
      const fake = await fakeRing({ token: 'fake' });
      if (how !== 'ends by itself') fake.fault = (member) => (member === 'SearchItems' ? 'hang' : undefined);
      const patience = how === 'ends by itself' ? '10000' : '200';
      const child = spawn(
        process.execPath,
        [await program(new URL('./reading.ts', import.meta.url)), patience],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      let output = '';
      child.stdout.on('data', (bytes) => (output += bytes));
      const code = await new Promise((resolve) => child.on('exit', resolve));
      expect([code, output]).toEqual(how === 'ends by itself' ? [0, 'fake'] : [0, 'timeout']);
    },
  );
});
