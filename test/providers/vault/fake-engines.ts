import type { Capability, FakeVault, Reply, Seen } from './fake.ts';

interface Version {
  readonly data: Record<string, unknown>;
  readonly at: number;
  deleted?: boolean;
  destroyed?: boolean;
  /** Who wrote it. Vault reports it, OpenBao does not. */
  readonly actor?: string;
}
interface Secret {
  readonly versions: Version[];
  metadata: Record<string, string> | null;
}
interface Lease {
  readonly token: string;
  endsAt: number;
  readonly maxAt: number;
  readonly ttl: number;
}

const none: Reply = { status: 404, body: { errors: [] } };
const bad = (text: string): Reply => ({ status: 400, body: { errors: [text] } });
const ok = (data: unknown, more: object = {}): Reply => ({
  status: 200,
  body: { lease_id: '', renewable: false, lease_duration: 0, data, warnings: null, auth: null, ...more },
});
const done: Reply = { status: 204 };

/** The engines of the fake: both versions of KV, token and log-in paths, leases, Transit and wrapping. */
export class Engines {
  readonly #vault: FakeVault;
  readonly mounts = new Map<string, { type: string; version?: '1' | '2' }>([
    ['secret/', { type: 'kv', version: '2' }],
    ['kv1/', { type: 'kv', version: '1' }],
    ['cubbyhole/', { type: 'cubbyhole' }],
    ['database/', { type: 'database' }],
    ['pki/', { type: 'pki' }],
    ['transit/', { type: 'transit' }],
    ['sys/', { type: 'system' }],
  ]);
  readonly secrets = new Map<string, Secret>();
  readonly leases = new Map<string, Lease>();
  /** Log-ins by path. Each returns a token for a body, or undefined to refuse. */
  readonly logins = new Map<string, (body: Record<string, unknown>) => string | undefined>();
  readonly wrapped = new Map<string, Record<string, unknown>>();
  /** The life of created credentials, in seconds. */
  leaseTtl = 60;
  leaseMax = 240;
  renewable = true;
  /** The versions of the Transit key `files`. */
  transit = { latest: 1, min: 1 };
  #made = 0;

  constructor(vault: FakeVault) {
    this.#vault = vault;
  }

  revokeOf(token: string): void {
    for (const [id, lease] of this.leases) if (lease.token === token) this.leases.delete(id);
  }

  answer(seen: Seen, path: string, query: URLSearchParams): Reply {
    const body = (seen.body === '' ? {} : JSON.parse(seen.body)) as Record<string, unknown>;
    const login = this.logins.get(path);
    if (login) {
      const token = login(body);
      return token === undefined ? bad('invalid role or secret ID') : this.#vault.auth(token);
    }
    if (path.endsWith('/login')) return { status: 403, body: { errors: ['permission denied'] } };
    if (path === 'sys/wrapping/unwrap') {
      const held = this.wrapped.get(seen.token ?? '');
      this.wrapped.delete(seen.token ?? '');
      return held ? ok(held) : bad('wrapping token is not valid or does not exist');
    }
    const list = seen.method === 'LIST' || query.get('list') === 'true';
    const capability: Capability = list
      ? 'list'
      : seen.method === 'GET'
        ? 'read'
        : seen.method === 'DELETE'
          ? 'delete'
          : this.#exists(path)
            ? 'update'
            : 'create';
    if (path === 'sys/internal/ui/mounts')
      return this.#vault.left(seen.token) === undefined ? this.#denied(seen) : this.#mounts();
    const may = (one: Capability): Reply | undefined => this.#vault.allowed(seen.token, one, path);
    const refused =
      path.startsWith('auth/token/') || path.startsWith('sys/')
        ? may(seen.method === 'GET' ? 'read' : 'update')
        : may(capability);
    if (refused) return refused;
    return this.#routed(seen, path, query, body, list);
  }

  #denied(seen: Seen): Reply {
    return this.#vault.allowed(seen.token, 'read', '') as Reply;
  }

  #routed(
    seen: Seen,
    path: string,
    query: URLSearchParams,
    body: Record<string, unknown>,
    list: boolean,
  ): Reply {
    const { token = '' } = seen;
    if (path === 'auth/token/lookup-self') {
      const { renewable, policies, uses } = this.#vault.tokens.get(token) ?? {
        renewable: false,
        policies: [],
        uses: 0,
      };
      return ok({ ttl: this.#vault.left(token), renewable, policies, num_uses: uses ?? 0 });
    }
    if (path === 'auth/token/renew-self') return this.#renewToken(token);
    if (path === 'auth/token/revoke-self') {
      this.#vault.revoke(token);
      return done;
    }
    if (path === 'sys/leases/renew') return this.#renewLease(`${body.lease_id}`);
    if (path === 'sys/leases/revoke') {
      this.leases.delete(`${body.lease_id}`);
      return done;
    }
    const mount = [...this.mounts.keys()]
      .filter((one) => `${path}/`.startsWith(one))
      .sort((a, b) => b.length - a.length)[0];
    if (mount === undefined)
      return { status: 404, body: { errors: [`no handler for route "${path}". route entry not found.`] } };
    const { type, version } = this.mounts.get(mount) as { type: string; version?: string };
    const inside = path.slice(mount.length);
    if (type === 'database' && !inside.startsWith('creds/'))
      return { status: 404, body: { errors: ['1 error occurred:\n\t* unsupported path\n\n'] } };
    if (type === 'database')
      return this.#make(token, path, {
        username: `u${this.#made + 1}`,
        password: `fake-password-${this.#made + 1}`,
      });
    if (type === 'pki')
      return seen.method === 'POST'
        ? ok({
            certificate: `fake-certificate ${body.common_name}`,
            expiration: Math.floor(this.#vault.now() / 1000) + this.leaseTtl,
          })
        : { status: 405, body: { errors: ['1 error occurred:\n\t* unsupported operation\n\n'] } };
    if (type === 'transit') return this.#transit(inside, body);
    return version === '2'
      ? this.#kv2(seen.method, mount, inside, query, body, list)
      : this.#kv1(seen.method, path, body, list);
  }

  #mounts(): Reply {
    const secret = [...this.mounts].map(([at, { type, version }]) => [
      at,
      { type, options: version ? { version } : null },
    ]);
    return ok({ auth: {}, secret: Object.fromEntries(secret) });
  }

  #renewToken(token: string): Reply {
    const one = this.#vault.tokens.get(token);
    if (!one?.renewable) return bad('lease is not renewable');
    const until = Math.min(this.#vault.now() + one.ttl * 1000, one.maxAt ?? Number.POSITIVE_INFINITY);
    one.endsAt = until;
    const seconds = Math.floor((until - this.#vault.now()) / 1000);
    return ok(null, { auth: { client_token: token, lease_duration: seconds, renewable: true } });
  }

  #make(token: string, path: string, data: object): Reply {
    const id = `${path}/lease${++this.#made}`;
    const now = this.#vault.now();
    this.leases.set(id, {
      token,
      ttl: this.leaseTtl,
      endsAt: now + this.leaseTtl * 1000,
      maxAt: now + this.leaseMax * 1000,
    });
    return ok(data, { lease_id: id, lease_duration: this.leaseTtl, renewable: this.renewable });
  }

  #renewLease(id: string): Reply {
    const lease = this.leases.get(id);
    if (!lease || lease.endsAt <= this.#vault.now()) return bad('lease not found');
    lease.endsAt = Math.min(this.#vault.now() + lease.ttl * 1000, lease.maxAt);
    const seconds = Math.floor((lease.endsAt - this.#vault.now()) / 1000);
    return { status: 200, body: { lease_id: id, lease_duration: seconds, renewable: true, data: null } };
  }

  #exists(path: string): boolean {
    return this.secrets.has(path.replace(/^([^/]+)\/(?:data|metadata)\//, '$1/'));
  }

  #names(prefix: string): Reply {
    const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
    const names = [...this.secrets.keys()]
      .filter((one) => one.startsWith(folder))
      .map((one) => one.slice(folder.length).replace(/\/.*/, '/'));
    const keys = [...new Set(names)].sort();
    return keys.length === 0 ? none : ok({ keys });
  }

  #kv1(method: string, path: string, body: Record<string, unknown>, list: boolean): Reply {
    if (list) return this.#names(path);
    if (method === 'GET') {
      const found = this.secrets.get(path)?.versions.at(-1);
      return found ? ok(found.data, { lease_duration: 2764800 }) : none;
    }
    if (method === 'DELETE') this.secrets.delete(path);
    else if (Object.keys(body).length === 0) return bad('missing data fields');
    else this.secrets.set(path, { versions: [{ data: body, at: this.#vault.now() }], metadata: null });
    return done;
  }

  #kv2(
    method: string,
    mount: string,
    inside: string,
    query: URLSearchParams,
    body: Record<string, unknown>,
    list: boolean,
  ): Reply {
    const [, part = '', name = ''] = /^(data|metadata|delete)\/(.*)$/.exec(inside) ?? [];
    if (part === '')
      return {
        status: 404,
        body: { data: null, warnings: ['Invalid path for a versioned K/V secrets engine.'] },
      };
    const at = mount + name;
    if (list) return this.#names(at);
    const secret = this.secrets.get(at);
    const about = (number: number, one: Version) => ({
      created_time: new Date(one.at).toISOString(),
      custom_metadata: secret?.metadata ?? null,
      deletion_time: one.deleted ? new Date(one.at).toISOString() : '',
      destroyed: one.destroyed ?? false,
      version: number,
    });
    if (part === 'metadata' && method === 'GET') {
      if (!secret) return none;
      const versions = secret.versions.map((one, i) => {
        const { version, custom_metadata: _, ...info } = about(i + 1, one);
        return [version, { ...info, ...(one.actor && { created_by: { actor: one.actor } }) }] as const;
      });
      return ok({ current_version: versions.length, versions: Object.fromEntries(versions) });
    }
    if (part === 'metadata') {
      if (secret) secret.metadata = body.custom_metadata as Record<string, string>;
      return done;
    }
    if (part === 'delete') {
      for (const number of body.versions as number[])
        (secret?.versions[number - 1] as Version).deleted = true;
      return done;
    }
    if (method === 'DELETE') {
      const last = secret?.versions.at(-1);
      if (last) last.deleted = true;
      return done;
    }
    if (method === 'GET') {
      const number = Number(query.get('version') || secret?.versions.length);
      const one = secret?.versions[number - 1];
      if (!one) return none;
      const metadata = about(number, one);
      return one.deleted || one.destroyed
        ? { status: 404, body: { data: { data: null, metadata } } }
        : ok({ data: one.data, metadata });
    }
    const { cas } = (body.options ?? {}) as { cas?: number };
    const count = secret?.versions.length ?? 0;
    if (cas !== undefined && cas !== count)
      return bad('check-and-set parameter did not match the current version');
    const made: Version = { data: body.data as Record<string, unknown>, at: this.#vault.now() };
    if (secret) secret.versions.push(made);
    else this.secrets.set(at, { versions: [made], metadata: null });
    return ok(about(count + 1, made));
  }

  #transit(inside: string, body: Record<string, unknown>): Reply {
    const [operation, key] = inside.split('/');
    if (key !== 'files') return bad('encryption key not found');
    if (operation === 'encrypt') return ok({ ciphertext: `vault:v${this.transit.latest}:${body.plaintext}` });
    const [, version, plaintext] = /^vault:v(\d+):(.*)$/.exec(`${body.ciphertext}`) ?? [];
    if (version === undefined) return bad('invalid ciphertext: no prefix');
    if (Number(version) < this.transit.min)
      return bad('ciphertext or signature version is disallowed by policy (too old)');
    return operation === 'decrypt'
      ? ok({ plaintext })
      : ok({ ciphertext: `vault:v${this.transit.latest}:${plaintext}` });
  }
}
