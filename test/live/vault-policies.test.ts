import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { appRole, token, transitKey, VaultProvider } from '../../src/providers/vault/index.ts';
import type { VaultOptions } from '../../src/providers/vault/options.ts';
import { recorder } from './proxy.ts';
import { admin, live, mounted, policy, tokenOf, unique } from './vault-server.ts';

const cleaning: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const clean of cleaning.reverse()) await clean().catch(() => undefined);
});

const page = readFileSync(new URL('../../docs/providers/vault.md', import.meta.url), 'utf8');
const [, section = ''] = /## Least privilege\n([\s\S]*?)\n## /.exec(page) ?? [];
const printed = new Map(
  [...section.matchAll(/### (.+)\n+```hcl\n([\s\S]*?)```/g)].map(([, title = '', text = '']) => [
    title,
    text,
  ]),
);

const kv2 = await mounted('kv', { options: { version: '2' } });
const kv1 = await mounted('kv', { options: { version: '1' } });
const database = await mounted('database');
const transit = await mounted('transit');
cleaning.push(kv2.unmount, kv1.unmount, database.unmount, transit.unmount);
await admin('POST', `${transit.mount}/keys/config-files`);
const boss = unique('boss');
const { hostname, port } = new URL(live.redis);
const { connect } = await import('node:net');
const redis = (command: string): Promise<void> =>
  new Promise((done) => {
    const socket = connect(Number(port), hostname, () => socket.write(`${command}\r\n`));
    socket.once('data', () => done(void socket.destroy()));
  });
await redis(`ACL SETUSER ${boss} on >fake allkeys allchannels allcommands`);
cleaning.push(() => redis(`ACL DELUSER ${boss}`));
const connection = {
  plugin_name: 'valkey-database-plugin',
  host: hostname,
  port: Number(port),
  username: boss,
  password: 'fake',
};
await admin('POST', `${database.mount}/config/live`, { ...connection, allowed_roles: ['*'] });
await admin('POST', `${database.mount}/roles/inference`, {
  db_name: 'live',
  creation_statements: '["+@read"]',
  default_ttl: '2s',
  max_ttl: '60s',
});

interface Line {
  readonly path: string;
  readonly capabilities: readonly string[];
}

/** The policy on the page, for the mounts of this file and the given folder. */
function linesOf(title: string, folder: string): Line[] {
  const lines = [
    ...(printed.get(title) as string).matchAll(/path "([^"]+)"\s*\{ capabilities = \[([^\]]+)\] \}/g),
  ];
  const here = (path: string): string =>
    path
      .replace(/^secret\//, `${kv2.mount}/`)
      .replace(/^kv\//, `${kv1.mount}/`)
      .replace(/^database\//, `${database.mount}/`)
      .replace(/^transit\//, `${transit.mount}/`)
      .replace('acme/inference', folder);
  return lines.map(([, path = '', list = '']) => ({
    path: here(path),
    capabilities: list.match(/\w+/g) as string[],
  }));
}

const spelled = (lines: readonly Line[]): string =>
  lines
    .map(({ path, capabilities }) => `path "${path}" { capabilities = ${JSON.stringify(capabilities)} }`)
    .join('\n');

/** The policy without one capability, for each of its capabilities. */
const reduced = (lines: readonly Line[]): { without: string; lines: Line[] }[] =>
  lines.flatMap((line, i) =>
    line.capabilities.map((one) => ({
      without: `${one} on ${line.path}`,
      lines: lines
        .map((other, n) =>
          n === i ? { ...other, capabilities: other.capabilities.filter((name) => name !== one) } : other,
        )
        .filter((other) => other.capabilities.length > 0),
    })),
  );

interface Use {
  readonly prepare?: (folder: string) => Promise<unknown>;
  /** Actions that the policy must allow, by name. */
  readonly actions: Readonly<Record<string, (given: string, folder: string) => Promise<unknown>>>;
}

async function provider<T>(
  given: string,
  options: Partial<VaultOptions>,
  work: (vault: VaultProvider) => Promise<T>,
): Promise<T> {
  const vault = new VaultProvider({
    address: live.address,
    auth: token(given),
    env: {},
    ...options,
  } as VaultOptions);
  try {
    return await work(vault);
  } finally {
    await vault.close();
  }
}
const found = (value: unknown): void => {
  if (value === undefined) throw new Error('absent');
};
const below = (folder: string, mount = kv2.mount): Partial<VaultOptions> => ({ mount, path: `${folder}/` });
const put = (folder: string): Promise<unknown> =>
  admin('POST', `${kv2.mount}/data/${folder}/db`, { data: { password: 'fake' } });
const leases = { redis: `${database.mount}/creds/inference` };
const key = (given: string) =>
  transitKey({
    address: live.address,
    auth: token(given),
    env: {},
    mount: transit.mount,
    key: 'config-files',
  });
const anyKey = new Uint8Array(32);

const uses: Readonly<Record<string, Use>> = {
  Read: {
    prepare: put,
    actions: {
      get: (given, folder) =>
        provider(given, below(folder), async (vault) => found(await vault.get('db.password'))),
      list: (given, folder) => provider(given, below(folder), (vault) => vault.list()),
    },
  },
  'Read version 1': {
    prepare: (folder) => admin('POST', `${kv1.mount}/${folder}/db`, { password: 'fake' }),
    actions: {
      get: (given, folder) =>
        provider(given, below(folder, kv1.mount), async (vault) => found(await vault.get('db.password'))),
      list: (given, folder) => provider(given, below(folder, kv1.mount), (vault) => vault.list()),
    },
  },
  Write: {
    prepare: put,
    actions: {
      get: (given, folder) =>
        provider(given, below(folder), async (vault) => found(await vault.get('db.password'))),
      'write a new secret': (given, folder) =>
        provider(given, below(folder), (vault) => vault.set(`${unique('new')}.x`, 'x')),
      'write another field': (given, folder) =>
        provider(given, below(folder), (vault) => vault.set('db.user', unique('x'))),
      'write metadata': (given, folder) =>
        provider(given, below(folder), (vault) =>
          vault.set('db.user', unique('x'), { metadata: { type: 'user' } }),
        ),
    },
  },
  Lease: {
    actions: {
      'make credentials': (given) =>
        provider(given, { leases }, async (vault) => found(await vault.get('redis.username'))),
      'renew them': (given) =>
        provider(given, { leases }, async (vault) => {
          const before = await vault.get('redis.username');
          await new Promise((done) => setTimeout(done, 1_500));
          expect((await vault.get('redis.username'))?.value).toBe(before?.value);
        }),
      'revoke them': async (given) => {
        await provider(given, { leases }, (vault) => vault.get('redis.username'));
        const { data } = await admin('LIST', `sys/leases/lookup/${leases.redis}`, undefined, {
          allow: [404],
        });
        expect(data?.keys ?? []).toEqual([]);
      },
    },
  },
  Transit: {
    actions: {
      wrap: async (given) => void (await key(given).wrap(anyKey)),
      unwrap: async (given) => void (await key(given).unwrap(await key(live.token).wrap(anyKey))),
      rewrap: async (given) => void (await key(given).rewrap(await key(live.token).wrap(anyKey))),
    },
  },
};

describe('the policies in docs/providers/vault.md', () => {
  it('the page and this test have the same policies', () => {
    expect([...printed.keys()].sort()).toEqual([...Object.keys(uses), 'Own token'].sort());
  });

  describe.each(Object.entries(uses))('%s', (title, { prepare, actions }) => {
    it('the policy allows its actions, and each capability is needed', async () => {
      const folder = unique('acme');
      await prepare?.(folder);
      const lines = linesOf(title, folder);
      const fails = async (some: readonly Line[]): Promise<string[]> => {
        const name = unique('policy');
        await policy(name, spelled(some));
        const given = await tokenOf([name], { no_default_policy: true, ttl: '60s' });
        const failed: string[] = [];
        for (const [action, act] of Object.entries(actions)) {
          if (title === 'Lease') await admin('PUT', `sys/leases/revoke-prefix/${leases.redis}`);
          await act(given, folder).catch(() => failed.push(action));
        }
        await admin('POST', 'auth/token/revoke', { token: given });
        await admin('DELETE', `sys/policies/acl/${name}`);
        return failed;
      };
      expect(await fails(lines)).toEqual([]);
      for (const { without, lines: rest } of reduced(lines)) {
        const failed = rest.length === 0 ? ['everything'] : await fails(rest);
        expect(failed.length, `nothing fails without ${without}`).toBeGreaterThan(0);
      }
    });
  });

  it('the policy Own token has effect with each of its lines', async () => {
    const lines = linesOf('Own token', '');
    await put('own');
    const at = unique('approle');
    await admin('POST', `sys/auth/${at}`, { type: 'approle' });
    cleaning.push(() => admin('DELETE', `sys/auth/${at}`));
    const effects = async (some: readonly Line[]): Promise<string[]> => {
      const name = unique('policy');
      await policy(name, `${spelled(some)}\npath "${kv2.mount}/data/own/*" { capabilities = ["read"] }`);
      await admin('POST', `auth/${at}/role/app`, {
        token_policies: [name],
        token_no_default_policy: true,
        token_ttl: '3s',
      });
      const { role_id: roleId } = (await admin('GET', `auth/${at}/role/app/role-id`)).data;
      const { secret_id: secretId } = (await admin('POST', `auth/${at}/role/app/secret-id`)).data;
      const proxy = await recorder(live.address);
      const run = async (auth: VaultOptions['auth']): Promise<void> => {
        const vault = new VaultProvider({
          address: proxy.address,
          mount: kv2.mount,
          path: 'own/',
          kv: 2,
          env: {},
          ...(auth && { auth }),
        });
        found(await vault.get('db.password'));
        await new Promise((done) => setTimeout(done, 2_400));
        await vault.close();
      };
      await run(token(await tokenOf([name], { no_default_policy: true, ttl: '3s' })));
      const given = proxy.count('renew-self');
      const living = async (): Promise<string[]> =>
        (await admin('LIST', `sys/leases/lookup/auth/${at}/login`, undefined, { allow: [404] })).data?.keys ??
        [];
      const before = await living();
      await run(appRole({ roleId, secretId, mount: at }));
      const left = (await living()).filter((one) => !before.includes(one));
      await proxy.close();
      await admin('DELETE', `sys/policies/acl/${name}`);
      return [
        given > 0 ? 'renews a given token' : '',
        proxy.count('/login') === 1 ? 'renews its own token' : '',
        left.length === 0 ? 'revokes its token' : '',
      ].filter(Boolean);
    };
    const all = await effects(lines);
    expect(all).toEqual(['renews a given token', 'renews its own token', 'revokes its token']);
    for (const { without, lines: rest } of reduced(lines))
      expect((await effects(rest)).length, `nothing is lost without ${without}`).toBeLessThan(all.length);
  });
});
