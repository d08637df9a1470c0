import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type KeyringOptions, KeyringProvider } from '../../src/providers/keyring/index.ts';
import { KeyringSession } from './keyring-session.ts';

// LIVE_KEYRING=1 marks a machine with all the programs. The sessions, which are locked and frozen, are
// private.
const run = promisify(execFile);
const resilience = { attempts: 1, timeoutMs: 2_000, deadlineMs: 4_000 };
const session = await KeyringSession.start();
const folder = mkdtempSync(join(tmpdir(), 'live-keytar-'));
const main = process.argv[1] as string;

beforeAll(async () => {
  expect(process.env.LIVE_KEYRING).toBe('1');
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  await run('npm', ['install', '--no-audit', '--no-fund', 'keytar@7'], { cwd: folder });
});
afterEach(() => void vi.unstubAllEnvs());
afterAll(async () => {
  process.argv[1] = main;
  await session[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function useSession(env: Readonly<Record<string, string>> = session.env): void {
  for (const [name, value] of Object.entries(env)) if (name !== 'HOME') vi.stubEnv(name, value);
}

async function withRing<T>(
  options: Partial<KeyringOptions>,
  work: (ring: KeyringProvider) => Promise<T>,
): Promise<T> {
  process.argv[1] = join(folder, 'main.js');
  const ring = new KeyringProvider({
    service: 'live',
    cache: false,
    resilience: { ...resilience, timeoutMs: 10_000, deadlineMs: 15_000 },
    ...options,
  });
  process.argv[1] = main;
  try {
    return await work(ring);
  } finally {
    await ring.close();
  }
}

const secretTool = (args: readonly string[], input?: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = execFile(
      'secret-tool',
      [...args],
      { env: { ...process.env, ...session.env } },
      (error, out) => (error ? reject(error) : resolve(out)),
    );
    child.stdin?.end(input);
  });

const keytar = async (code: string): Promise<string> => {
  const { stdout } = await run(
    process.execPath,
    ['-e', `const keytar = require('keytar'); (async () => { ${code} })()`],
    {
      cwd: folder,
      env: { ...process.env, ...session.env },
    },
  );
  return stdout;
};

const texts: readonly string[] = ['fake', 'ü 你好 👩‍🚀 \ufeff', 'line\r\nline "quoted"', 'x'.repeat(60_000)];

describe.each(['secret-service', 'keytar', 'napi'] as const)('a real keyring through %s', (backend) => {
  it('a real keyring writes, lists and deletes entries', async () => {
    useSession();
    await withRing({ backend, service: `live-${backend}` }, async (ring) => {
      expect(await ring.get('text')).toBeUndefined();
      expect(await ring.list()).toEqual([]);
      for (const text of texts) {
        await ring.set('text', text);
        expect((await ring.get('text'))?.value).toBe(text);
      }
      await ring.set('llm', { apiKey: 'fake', retries: 3 });
      expect((await ring.get('llm.retries'))?.value).toBe(3);
      await ring.set('ünï."co.de"', 'fake');
      expect((await ring.list()).map(({ key }) => key).sort()).toEqual(['llm', 'text', 'ünï."co.de"']);
      for (const key of ['text', 'ünï."co.de"', 'llm.apiKey', 'llm.retries'])
        expect(await ring.delete(key)).toBe(true);
      expect(await ring.get('text')).toBeUndefined();
    });
  });

  it('a real keyring distinguishes open, absent, locked, frozen and resumed', async () => {
    await using own = await KeyringSession.start();
    useSession(own.env);
    await withRing({ backend, resilience }, async (ring) => {
      // a second try, because a cold start may take a second
      await ring.set('token', 'fake').catch(() => ring.set('token', 'fake'));
      for (const who of ['org.freedesktop.secrets', 'org.freedesktop.DBus'] as const) {
        const thaw = await own.freeze(who);
        let turns = 0;
        const ticking = setInterval(() => turns++, 20);
        const before = performance.now();
        await expect(ring.get('token')).rejects.toMatchObject({ code: 'timeout' });
        expect(performance.now() - before).toBeLessThan(10_000);
        clearInterval(ticking);
        expect(turns).toBeGreaterThan(5);
        thaw();
        await vi.waitFor(async () => expect((await ring.get('token'))?.value).toBe('fake'), 30_000);
      }
      await own.lock();
      for (const ask of [
        () => ring.get('token'),
        () => ring.get('none'),
        () => ring.list(),
        () => ring.set('token', 'fake'),
      ])
        await expect(ask()).rejects.toMatchObject({ code: 'unauthenticated' });
    });
  });

  it('the error names a missing bus, service or default collection', async () => {
    const isUnavailable = (reason: string) => (ring: KeyringProvider) =>
      expect(ring.get('token')).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining(reason),
      });
    vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', 'unix:path=/nowhere');
    await withRing({ backend, resilience }, isUnavailable('ENOENT'));
    await using bare = await KeyringSession.start('bare');
    useSession(bare.env);
    await withRing({ backend, resilience }, isUnavailable('no secret service runs'));
    await using fresh = await KeyringSession.start('new');
    useSession(fresh.env);
    await withRing(
      { backend, resilience: { ...resilience, timeoutMs: 5_000, deadlineMs: 6_000 } },
      isUnavailable('no default collection'),
    );
  });

  it('a real keyring lists 200 entries', async () => {
    useSession();
    await withRing({ backend, service: `many-${backend}`, limits: { concurrency: 8 } }, async (ring) => {
      await Promise.all(Array.from({ length: 200 }, (_, i) => ring.set(`key${i}`, `fake-${i}`)));
      const listed = await ring.list();
      expect(listed).toHaveLength(200);
      expect(
        listed.every((entry) => 'value' in entry && `key${String(entry.value).slice(5)}` === entry.key),
      ).toBe(true);
    });
  });
});

describe('entries of other programs', () => {
  it('entries are shared with secret-tool in both directions', async () => {
    useSession();
    await withRing({ service: 'shared' }, async (ring) => {
      await secretTool(['store', '--label=fake', 'service', 'shared', 'account', 'from.tool'], 'fake-ü');
      expect((await ring.get('from.tool'))?.value).toBe('fake-ü');
      await ring.set('from.tool', 'fake-2');
      await ring.set('from.ring', 'fake-3');
      expect(await secretTool(['lookup', 'service', 'shared', 'account', 'from.tool'])).toBe('fake-2');
      expect(await secretTool(['lookup', 'service', 'shared', 'account', 'from.ring'])).toBe('fake-3');
      for (const text of ['', 'a\0b']) {
        await ring.set('odd', text);
        expect((await ring.get('odd'))?.value).toBe(text);
      }
    });
  });

  it('entries are shared with keytar in both directions', async () => {
    useSession();
    await withRing({ service: 'both' }, async (ring) => {
      await keytar(`await keytar.setPassword('both', 'from.keytar', 'fake-ü')`);
      expect((await ring.get('from.keytar'))?.value).toBe('fake-ü');
      await ring.set('from.ring', 'fake-2');
      expect(await keytar(`console.log(await keytar.getPassword('both', 'from.ring'))`)).toBe('fake-2\n');
      await keytar(`await keytar.deletePassword('both', 'from.ring')`);
      expect(await ring.get('from.ring')).toBeUndefined();
      await withRing({ backend: 'keytar', service: 'both' }, async (other) =>
        expect((await other.get('from.keytar'))?.value).toBe('fake-ü'),
      );
    });
  });

  it('entries are not shared with @napi-rs/keyring', async () => {
    useSession();
    await withRing({ backend: 'napi', service: 'apart' }, async (napi) => {
      await napi.set('token', 'fake');
      await withRing({ service: 'apart' }, async (ring) => expect(await ring.get('token')).toBeUndefined());
    });
  });
});

it('the first read takes a few milliseconds', async () => {
  useSession();
  const first = (backend: 'secret-service' | 'keytar' | 'napi'): Promise<number> =>
    withRing({ backend, service: 'first' }, async (ring) => {
      const before = performance.now();
      await ring.get('token');
      return performance.now() - before;
    });
  await first('secret-service');
  for (const backend of ['secret-service', 'keytar', 'napi'] as const) {
    const times = [];
    for (let i = 0; i < 5; i++) times.push(await first(backend));
    console.info(`first read through ${backend}: ${Math.min(...times).toFixed(1)} ms at best of five`);
    expect(Math.min(...times)).toBeLessThan(2_000);
  }
});
