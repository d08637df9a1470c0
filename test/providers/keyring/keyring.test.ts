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

/** The lengths in the body say more than there is. */
const broken = (bytes: Buffer): Buffer => bytes.fill(0xff, bytes.length - 16);

describe('KeyringProvider', () => {
  it('reads, lists, writes and deletes the entries of its service', async () => {
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

  it('never sends a value over the bus as it is', async () => {
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

  it('reads a JSON document in one entry as a section, and writes into it', async () => {
    const fake = await fakeRing({ llm: '{"apiKey":"fake","retries":3}' });
    const ring = keyring();
    expect(await value(ring, 'llm.apiKey')).toBe('fake');
    expect(await value(ring, 'llm.retries')).toBe(3);
    await ring.set('llm.retries', 4);
    expect(fake.items.size).toBe(1);
    expect(await value(ring, 'llm.retries')).toBe(4);
    await expect(ring.get('llm')).rejects.toMatchObject({ code: 'invalid_key' });
  });

  it('gives bytes that are no text as Base64, and says so', async () => {
    await fakeRing({ pin: Buffer.of(0xff, 0x00, 0xfe) });
    expect(await keyring().get('pin')).toMatchObject({ value: '/wD+', metadata: { type: 'binary' } });
  });

  it('keeps whatever text it is given, NUL and sixty thousand letters included', async () => {
    await fakeRing();
    const ring = keyring();
    for (const text of ['', 'a\0b', 'ü 你好 👩‍🚀', '\ufeffmark', 'line\r\nline', 'x'.repeat(60_000)]) {
      await ring.set('text', text);
      expect(await value(ring, 'text')).toBe(text);
    }
    await expect(ring.set('text', 'half \ud83d')).rejects.toMatchObject({ code: 'invalid_option' });
  });

  it('spells each key as one account, and each account as one key', async () => {
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

  it('has no place for half a letter, which another half would overwrite', async () => {
    const fake = await fakeRing();
    const ring = keyring();
    await expect(ring.set('a.\ud800', 'fake')).rejects.toMatchObject({ code: 'invalid_key' });
    expect(await ring.get('a.\ud800')).toBeUndefined();
    expect(fake.calls).toEqual([]);
  });

  it('leaves out of lists what is no key, and tells each once', async () => {
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
    const told = events.filter(({ type }) => type === 'notice').map((event) => JSON.stringify(event));
    expect(told).toHaveLength(3);
    expect(told.join()).toMatch(/app\/a\.\.b/);
    expect(told.join()).not.toContain('elsewhere');
  });

  it('takes the first of two items with one account, also in lists', async () => {
    const fake = await fakeRing({ token: 'fake-first' });
    fake.add({ service: 'acme', account: 'token', more: 'yes' }, 'fake-second');
    const ring = keyring();
    expect(await value(ring, 'token')).toBe('fake-first');
    expect(await names(ring)).toEqual(['token']);
    expect(await ring.delete('token')).toBe(true);
    expect(fake.items.size).toBe(0);
  });

  it('lists two hundred entries without a warning', async () => {
    await fakeRing(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`key${i}`, `fake-${i}`])));
    const warned = vi.fn();
    process.on('warning', warned);
    expect(await keyring().list()).toHaveLength(200);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', warned);
    expect(warned).not.toHaveBeenCalled();
  });

  it('refuses options that no keyring could take', () => {
    expect(() => new KeyringProvider({} as never)).toThrow(/service is missing/);
    expect(() => new KeyringProvider({ service: 'a\0b' })).toThrow(/control characters/);
    expect(() => new KeyringProvider({ service: 'a', prefix: '\ud800' })).toThrow(/prefix/);
    expect(() => new KeyringProvider({ service: 'a', prefix: '' })).not.toThrow(); // the default
    expect(() => new KeyringProvider({ service: 'a', backend: 'gnome' as never })).toThrow(/backend/);
  });
});

describe('A keyring that cannot answer', () => {
  it('is unauthenticated while it is locked, for every kind of request, and never empty', async () => {
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

  it('opens no dialog where a write or a deletion would need one', async () => {
    const fake = await fakeRing({ token: 'fake' });
    const ring = keyring();
    fake.asks = true;
    await expect(ring.set('token', 'fake')).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(ring.set('other', 'fake')).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(ring.delete('token')).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(fake.calls).not.toContain('Prompt');
  });

  it('prefers an open item over a locked one, and lists neither while one is locked', async () => {
    const fake = await fakeRing({ token: 'fake' });
    fake.add({ service: 'acme', account: 'token' }, 'fake-locked').locked = true;
    const ring = keyring();
    expect(await value(ring, 'token')).toBe('fake');
    await expect(ring.list()).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(ring.delete('token')).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('is found locked also when that happens between the search and the reading', async () => {
    const fake = await fakeRing({ token: 'fake' });
    fake.fault = (member) => {
      if (member === 'GetSecrets') fake.locked = true;
      return undefined;
    };
    await expect(keyring().get('token')).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  const missing = 'Start a session bus with a secret service';
  it.each<[string, (fake: FakeKeyring) => void, RegExp]>([
    ['without a session bus', () => vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', ''), /there is no session bus/],
    [
      'with a bus that is no socket',
      () => vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', 'tcp:host=localhost'),
      /names no unix socket/,
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
    ['with a bus that hangs up at the log-in', (fake) => (fake.logIn = ''), /was closed/],
    [
      'with a bus that hangs up at the first word',
      (fake) => (fake.fault = (member) => (member === 'Hello' ? 'cut' : undefined)),
      /was closed/,
    ],
    [
      'with a service that hangs up',
      (fake) => (fake.fault = (member) => (member === 'OpenSession' ? 'cut' : undefined)),
      /was closed/,
    ],
  ])('is unavailable %s, with the reason and the remedy', async (_, break_, reason) => {
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
    ['words of who refused, with a value', 'unavailable'],
  ])('refuses by the name %s as %s, and none of its words is told', async (name, code) => {
    const fake = await fakeRing({ token: 'fake' });
    fake.fault = (member) => (member === 'SearchItems' ? { error: name } : undefined);
    const error = await keyring()
      .get('token')
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(String(error)).not.toMatch(/words/);
  });

  it.each<[string, Uint8Array]>([
    ['bytes of no message', Buffer.alloc(64, 0x41)],
    ['a message longer than any', message(4, 2, 's', ['x']).fill(0xff, 4, 8)],
    ['a header that ends in the middle', message(4, 2, 's', ['x']).fill(0x7f, 16, 24)],
    ['another type than was asked for', message(4, 2, 's', ['x'])],
    ['a body that is too short', broken(message(4, 2, 'aoao', [['/a'], []]))],
  ])('harms nobody with %s', async (_, bytes) => {
    const fake = await fakeRing({ token: 'fake-secret' });
    fake.fault = (member) => (member === 'SearchItems' ? bytes : undefined);
    const ring = keyring();
    await expect(ring.get('token')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('not understood'),
    });
    fake.fault = () => undefined;
    expect(await value(ring, 'token')).toBe('fake-secret');
  });

  it('overhears what nobody has asked', async () => {
    const fake = await fakeRing({ token: 'fake' });
    fake.fault = (member) => (member === 'GetSecrets' ? message(999, 2, 's', ['nobody asked']) : undefined);
    await expect(keyring({ resilience: { ...quick, timeoutMs: 150 } }).get('token')).rejects.toMatchObject({
      code: 'timeout',
    });
  });

  it('reads an answer that comes in pieces', async () => {
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
    'is a timeout on time when %s is never answered, with the loop alive, and recovers',
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

  it('is a timeout when the log-in is never answered', async () => {
    const fake = await fakeRing();
    fake.logIn = 'O';
    await expect(keyring({ resilience: { ...quick, timeoutMs: 100 } }).get('token')).rejects.toMatchObject({
      code: 'timeout',
    });
  });

  it('is asked anew, in another session, after its daemon was restarted or the bus was cut', async () => {
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

describe('The session bus', () => {
  it.each([
    [{ DBUS_SESSION_BUS_ADDRESS: 'unix:path=/run/bus' }, '/run/bus'],
    [{ DBUS_SESSION_BUS_ADDRESS: 'unix:path=/run/b%C3%BCs%2c1,guid=0' }, '/run/büs,1'],
    [{ DBUS_SESSION_BUS_ADDRESS: 'tcp:host=x;unix:guid=0,path=/b' }, '/b'],
    [{ DBUS_SESSION_BUS_ADDRESS: 'unix:abstract=/tmp/dbus-x,guid=0' }, '\0/tmp/dbus-x'],
    [{ XDG_RUNTIME_DIR: '/run/user/1' }, '/run/user/1/bus'],
  ])('is where %j says', (env, path) => {
    expect(sessionSocket(env)).toBe(path);
  });

  it.each([{}, { DBUS_SESSION_BUS_ADDRESS: 'unix:tmpdir=/tmp', XDG_RUNTIME_DIR: '/run' }])(
    'is nowhere for %j',
    (env) => {
      expect(() => sessionSocket(env)).toThrow(/DBUS_SESSION_BUS_ADDRESS/);
    },
  );

  it('fails without a word of what is no error of its own', () => {
    expect(classify('fake-secret', 'ring').message).toMatch(/it was not understood/);
    expect(classify(undefined, 'ring').code).toBe('unavailable');
    expect(
      classify(Object.assign(new Error('fake-secret'), { code: 'a secret' }), 'ring').message,
    ).not.toContain('secret r');
  });
});

describe('A process that has read from a keyring', () => {
  it.each(['ends by itself', 'hangs and exits'])('%s', async (how) => {
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
    let said = '';
    child.stdout.on('data', (bytes) => (said += bytes));
    const code = await new Promise((resolve) => child.on('exit', resolve));
    expect([code, said]).toEqual(how === 'ends by itself' ? [0, 'fake'] : [0, 'timeout']);
  });
});
