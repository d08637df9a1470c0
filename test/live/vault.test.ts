import * as runner from 'vitest';
import { afterAll, describe, expect, it } from 'vitest';
import { scoped } from '../../src/decorators/scoped.ts';
import { segments } from '../../src/key.ts';
import { token, VaultProvider } from '../../src/providers/vault/index.ts';
import type { VaultOptions } from '../../src/providers/vault/options.ts';
import { conformance, manualClock, type Subject, type Values } from '../../src/testing/index.ts';
import type { ConfigValue } from '../../src/value.ts';
import { type Recorder, recorder } from './proxy.ts';
import { admin, live, mounted, policy, refusal, tokenOf, unique } from './vault-server.ts';

type Tree = Record<string, unknown>;

const cleaning: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const clean of cleaning.reverse()) await clean();
});

const kv2 = await mounted('kv', { options: { version: '2' } });
const kv1 = await mounted('kv', { options: { version: '1' } });
cleaning.push(kv2.unmount, kv1.unmount);

const tls = { ca: live.ca };
const resilience = {
  timeoutMs: 8_000,
  deadlineMs: 12_000,
  backoff: { initialMs: 1, maxMs: 2 },
  breaker: { resetMs: 1 },
};

function put(tree: Tree, path: readonly string[], value: ConfigValue | undefined): void {
  const [name, ...inside] = path as [string, ...string[]];
  if (inside.length > 0) put((tree[name] ??= {}) as Tree, inside, value);
  else if (value === undefined) delete tree[name];
  else tree[name] = value;
}

interface Layout {
  readonly version: 1 | 2;
  readonly folder: boolean;
  readonly secure: boolean;
  readonly root: boolean;
}

/** Gives every sentence a new path. A policy of the real server denies access. */
function subject({ version, folder, secure, root }: Layout) {
  const { mount } = version === 2 ? kv2 : kv1;
  const api = (part: string, path: string): string =>
    version === 2 ? `${mount}/${part}/${path}` : `${mount}/${path}`;
  return async (values: Values): Promise<Subject> => {
    const base = unique('run');
    const name = unique('live');
    const own = folder ? `${base}/*` : base;
    const lines = [
      `path "${api('data', own)}" { capabilities = ["create", "read", "update", "delete", "list"] }`,
      ...(version === 2 ? [`path "${mount}/metadata/${own}" { capabilities = ["list", "read"] }`] : []),
    ];
    await policy(name, lines);
    const given = root ? live.token : await tokenOf([name]);
    const secretOf = (key: string): [string, string[]] => {
      const path = segments(key);
      return folder ? [[base, 'app', ...path.slice(0, -1)].join('/'), path.slice(-1)] : [base, path];
    };
    const written = new Map<string, Tree>();
    const change = async (key: string, value: ConfigValue | undefined): Promise<void> => {
      const [path, field] = secretOf(key);
      const data = written.get(path) ?? {};
      put(data, field, structuredClone(value) as ConfigValue);
      written.set(path, data);
      await admin('POST', api('data', path), version === 2 ? { data } : data);
    };
    for (const [key, value] of Object.entries(values)) {
      const [path, field] = secretOf(key);
      const data = written.get(path) ?? {};
      put(data, field, structuredClone(value) as ConfigValue);
      written.set(path, data);
    }
    await Promise.all(
      [...written].map(([path, data]) => admin('POST', api('data', path), version === 2 ? { data } : data)),
    );
    const clock = manualClock(Date.now());
    const proxy: Recorder | undefined = secure ? undefined : await recorder(live.address);
    const options: VaultOptions = {
      address: proxy?.address ?? live.tlsAddress,
      mount,
      path: folder ? `${base}/` : base,
      auth: token(given),
      env: {},
      resilience,
      clock,
      ...(secure && { tls }),
    };
    const made = new VaultProvider(options);
    return {
      provider: folder ? scoped(made, 'app') : made,
      change,
      rotate: async (key, value) => {
        const [path] = secretOf(key);
        const { data } = (await admin('GET', api('metadata', path))) as { data: { current_version: number } };
        await change(key, value);
        return `${data.current_version}`;
      },
      fail: async (fault) => {
        if (fault === 'denied') await policy(name, 'path "nothing" { capabilities = ["read"] }');
        else if (fault === undefined) await policy(name, lines);
        if (proxy)
          proxy.fault =
            fault === 'unavailable'
              ? 'cut'
              : fault === 'hang'
                ? 'hang'
                : fault === 'garbage'
                  ? 'garbage'
                  : undefined;
      },
      damage: async (key) =>
        policy(name, [...lines, `path "${api('data', secretOf(key)[0])}" { capabilities = ["deny"] }`]),
      ...(proxy && { requests: () => proxy.asked.filter((one) => !/auth\/token|sys\//.test(one)).length }),
      advance: (ms) => clock.advance(ms),
      paceMs: 10, // the server is real
      dispose: async () => {
        await proxy?.close();
        await admin('DELETE', `sys/policies/acl/${name}`);
        if (!root) await admin('POST', 'auth/token/revoke', { token: given });
      },
    };
  };
}

const always = {
  throttled: 'the server cannot be made to throttle; the suite on the fake server covers it',
  closing: 'a token that cannot be revoked expires by itself',
  notice: 'the server does not report that a secret has changed',
};
const onWire = {
  unavailable: 'a proxy cannot inject faults into TLS',
  hang: 'a proxy cannot inject faults into TLS',
  garbage: 'a proxy cannot inject faults into TLS',
};
const asRoot = { denied: 'root may do everything' };
const unversioned = { versions: 'version 1 of the engine keeps none' };
const whole = { damage: 'one secret is readable as a whole or not at all' };

for (const [name, layout, without] of [
  [
    'a folder of KV version 2, over HTTP, with least privilege',
    { version: 2, folder: true, secure: false, root: false },
    always,
  ],
  [
    'a folder of KV version 1, over TLS, with least privilege',
    { version: 1, folder: true, secure: true, root: false },
    { ...always, ...onWire, ...unversioned },
  ],
  [
    'one secret of KV version 2, over TLS, as root',
    { version: 2, folder: false, secure: true, root: true },
    { ...always, ...onWire, ...asRoot, ...whole },
  ],
  [
    'one secret of KV version 1, over HTTP, as root',
    { version: 1, folder: false, secure: false, root: true },
    { ...always, ...asRoot, ...whole, ...unversioned },
  ],
] as const)
  runner.describe.concurrent(`VaultProvider, ${name}`, () => {
    for (const { chapter, title, leftOut, check } of conformance({
      name,
      make: subject(layout),
      without,
      patienceMs: 10_000,
    })) {
      if (title.startsWith('has no versions')) continue; // the method is there, and refuses
      if (leftOut === undefined) it(`${chapter}: ${title}`, check);
      else it.skip(`${chapter}: ${title} (left out, because ${leftOut})`, check);
    }
  });

describe('the real server', () => {
  const provider = (options: Partial<VaultOptions>): VaultProvider => {
    const made = new VaultProvider({
      address: live.address,
      auth: token(live.token),
      env: {},
      ...options,
    } as VaultOptions);
    cleaning.push(() => made.close());
    return made;
  };

  it('reads and writes versions, deleted secrets and metadata', async () => {
    const { mount } = kv2;
    const vault = provider({ mount, path: 'versions/' });
    expect((await vault.set('db.password', 'first')).version).toBe('1');
    const second = await vault.set('db.password', 'second', {
      ifVersion: '1',
      metadata: { classification: 'restricted', tags: ['a', 'b'] },
    });
    expect(second.version).toBe('2');
    expect(await refusal(vault.set('db.password', 'third', { ifVersion: '1' }))).toMatchObject({
      code: 'conflict',
    });
    expect((await vault.get('db.password', { version: '1' }))?.value).toBe('first');
    const now = await vault.get('db.password', { maxAgeMs: 0 });
    expect(now).toMatchObject({
      value: 'second',
      version: '2',
      metadata: { classification: 'restricted', tags: ['a', 'b'] },
    });
    expect(now?.modifiedAt).toBeGreaterThan(Date.now() - 60_000);
    await admin('DELETE', `${mount}/data/versions/db`);
    expect(await vault.get('db.password', { maxAgeMs: 0 })).toBeUndefined();
    expect(await vault.get('db.password', { version: '2', maxAgeMs: 0 })).toBeUndefined();
    expect((await vault.set('db.password', 'again')).version).toBe('3');
    await admin('POST', `${mount}/destroy/versions/db`, { versions: [3] });
    expect(await vault.get('db.password', { maxAgeMs: 0 })).toBeUndefined();
  });

  it('stops serving a secret that deletes itself', async () => {
    const { mount } = kv2;
    await admin('POST', `${mount}/metadata/brief/db`, { delete_version_after: '1s' });
    await admin('POST', `${mount}/data/brief/db`, { data: { password: 'fake' } });
    const vault = provider({ mount, path: 'brief/' });
    expect((await vault.get('db.password'))?.expiresAt).toBeLessThanOrEqual(Date.now() + 1_500);
    await new Promise((done) => setTimeout(done, 1_600));
    expect(await vault.get('db.password')).toBeUndefined();
  });

  it('keeps all of forty writes by two writers to one secret', async () => {
    const { mount } = kv2;
    const writers = [provider({ mount, path: 'race/' }), provider({ mount, path: 'race/' })];
    for (let i = 0; i < 20; i++) {
      const outcomes = await Promise.allSettled(
        writers.map((writer, n) => writer.set(`db.field${n}x${i}`, 'x')),
      );
      expect(outcomes.map((one) => one.status)).toEqual(['fulfilled', 'fulfilled']);
    }
    const { data } = await admin('GET', `${mount}/data/race/db`);
    expect(Object.keys(data.data).length).toBe(40);
  });

  it('reads secrets inside a namespace', async () => {
    const namespace = unique('team');
    await admin('POST', `sys/namespaces/${namespace}`);
    cleaning.push(() => admin('DELETE', `sys/namespaces/${namespace}`));
    const { mount } = await mounted('kv', { options: { version: '2' } }, { namespace });
    await admin('POST', `${mount}/data/app/db`, { data: { password: 'inner' } }, { namespace });
    expect((await provider({ namespace, mount, path: 'app/' }).get('db.password'))?.value).toBe('inner');
    expect(await refusal(provider({ mount, path: 'app/' }).get('db.password'))).toMatchObject({
      code: 'invalid_option',
    });
    expect(await provider({ namespace, mount, path: 'app/' }).health()).toMatchObject({ status: 'ok' });
  });

  it('never sends a request outside of the folder, whatever the key contains', async () => {
    const proxy = await recorder(live.address);
    cleaning.push(() => proxy.close());
    const vault = provider({ address: proxy.address, mount: kv2.mount, path: 'inside/', kv: 2 });
    const names = [
      '..',
      '.',
      '%2e%2e',
      '..%2f',
      'a?list=true',
      'a#b',
      'a/b',
      '\u0001',
      'a b',
      '&#x2F;',
      'é',
      '🔑',
      '*',
      '+',
    ];
    for (const one of names)
      for (const other of names)
        await vault.get(`${JSON.stringify(one)}.${JSON.stringify(other)}.x`).catch(() => undefined);
    const inside = proxy.asked.filter((one) => !one.includes('lookup-self'));
    expect(inside.length).toBeGreaterThan(50);
    for (const one of inside)
      expect(new URL(one.slice(4), live.address).pathname.startsWith(`/v1/${kv2.mount}/data/inside/`)).toBe(
        true,
      );
  });

  it('rejects with throttled and a retry time at the rate limit of the server', async () => {
    const quota = unique('quota');
    const { mount, unmount } = await mounted('kv', { options: { version: '1' } });
    cleaning.push(unmount);
    await admin('POST', `sys/quotas/rate-limit/${quota}`, { path: `${mount}/`, rate: 1, interval: '60s' });
    cleaning.push(() => admin('DELETE', `sys/quotas/rate-limit/${quota}`));
    await admin('POST', 'sys/quotas/config', { enable_rate_limit_response_headers: true });
    cleaning.push(() => admin('POST', 'sys/quotas/config', { enable_rate_limit_response_headers: false }));
    const vault = provider({ mount, path: 'app/', kv: 1, resilience: { attempts: 1 }, cache: false });
    expect(await vault.get('db.x')).toBeUndefined();
    const error = await refusal(vault.get('db.x'));
    expect(error).toMatchObject({ code: 'throttled', transient: true });
    expect(error.retryAfterMs).toBeGreaterThan(0);
  });
});
