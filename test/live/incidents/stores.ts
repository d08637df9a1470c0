// The stores of the service: secrets in Vault, a lease of Vault for a user of Redis, parameters in SSM.
// Writes, empties and refills them as an administrator, without the library and without a proxy.

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { redis } from '../redis.ts';
import { admin, live, policy, serve, tokenOf, unique, until } from '../vault-server.ts';
import { listenerOf } from './processes.ts';
import {
  allKeys,
  defaultOf,
  fields,
  fileKeys,
  parameters,
  Truth,
  vaultDocuments,
  versioned,
} from './truth.ts';

export const awsAccount = {
  region: 'eu-central-1',
  credentials: { accessKeyId: 'not-a-real-id', secretAccessKey: 'not-a-real-secret-key' },
};

export class Stores {
  readonly truth = new Truth();
  /** The folder below the mount `secret`, the hierarchy of SSM, the role of the lease and the policy. */
  readonly name = unique('incidents');
  /** A time during which a single read of the chain may find nothing in a store. */
  empty: { readonly from: number; refillFrom: number; to: number } | undefined;
  #folder = '';
  readonly #boss = unique('boss');
  readonly #mount = unique('database');
  readonly #ssm = new SSMClient({ ...awsAccount, endpoint: live.aws });

  static async open(): Promise<Stores> {
    const missing = ['VAULT_ADDR', 'VAULT_TOKEN', 'AWS_ENDPOINT', 'REDIS_URL', 'SERVE']
      .map((name) => `LIVE_${name}`)
      .filter((name) => !process.env[name]);
    if (missing.length > 0) throw new Error(`Set ${missing.join(', ')}: see test/live/README.md.`);
    const stores = new Stores();
    stores.#folder = await mkdtemp(join(tmpdir(), 'incidents-'));
    await redis(['ACL', 'SETUSER', stores.#boss, 'on', '>fake', 'allkeys', 'allchannels', 'allcommands']);
    await stores.prepareVault();
    await Promise.all([stores.fillVault(), stores.fillSsm(), stores.renewToken(), stores.#writeFile()]);
    return stores;
  }

  get tokenFile(): string {
    return join(this.#folder, 'token');
  }
  get file(): string {
    return join(this.#folder, 'defaults.yaml');
  }
  /** The path that creates credentials. */
  get lease(): string {
    return `${this.#mount}/creds/${this.name}`;
  }

  /** Below everything: the keys of the file, and a default for each secret. */
  async #writeFile(): Promise<void> {
    const tree: Record<string, unknown> = {};
    for (const key of allKeys) {
      const path = key.split('.');
      const leaf = path.pop() as string;
      let at = tree;
      for (const name of path) at = (at[name] ??= {}) as Record<string, unknown>;
      at[leaf] = fileKeys.includes(key) ? versioned(key, 0) : defaultOf(key);
    }
    await writeFile(this.file, JSON.stringify(tree)); // JSON is YAML
  }

  /** Everything in Vault except the secrets: the policy and the engine that creates credentials. */
  async prepareVault(): Promise<void> {
    const { hostname, port } = new URL(live.redis);
    await admin('POST', `sys/mounts/${this.#mount}`, { type: 'database' });
    await admin('POST', `${this.#mount}/config/live`, {
      plugin_name: 'valkey-database-plugin',
      host: hostname,
      port: Number(port),
      username: this.#boss,
      password: 'fake',
      allowed_roles: ['*'],
    });
    await admin('POST', `${this.#mount}/roles/${this.name}`, {
      db_name: 'live',
      creation_statements: '["~*","+@read"]',
      default_ttl: '10s',
      max_ttl: '30s',
    });
    await this.allow();
  }

  allow(): Promise<void> {
    return policy(this.name, [
      `path "secret/data/${this.name}/*" { capabilities = ["read"] }`,
      `path "secret/metadata/${this.name}/*" { capabilities = ["list"] }`,
      `path "${this.lease}" { capabilities = ["read"] }`,
    ]);
  }
  deny(): Promise<void> {
    return policy(this.name, 'path "secret/data/nothing" { capabilities = ["read"] }');
  }

  /** Writes a new token to the file, as an agent of Vault does. */
  async renewToken(life: object = {}): Promise<string> {
    const token = await tokenOf([this.name], life);
    await writeFile(`${this.tokenFile}.new`, token);
    await rename(`${this.tokenFile}.new`, this.tokenFile);
    return token;
  }
  async revoke(token: string): Promise<void> {
    await admin('POST', 'auth/token/revoke', { token });
  }

  async fillVault(): Promise<void> {
    await Promise.all(vaultDocuments.map((name) => this.writeSecret(name)));
  }
  async fillSsm(): Promise<void> {
    await Promise.all(parameters.map((name) => this.writeParameter(name)));
  }
  /** A new version of everything. */
  async rotate(): Promise<void> {
    await Promise.all([this.fillVault(), this.fillSsm()]);
  }

  async writeSecret(name: string): Promise<void> {
    const path = `secret/data/${this.name}/v/${name}`;
    await this.#write(
      fields.map((field) => `v.${name}.${field}`),
      // an engine that was just mounted is not ready at once
      (data) =>
        until(async () => (await admin('POST', path, { data }, { allow: [400] }))?.data !== undefined),
    );
  }
  async writeParameter(name: string): Promise<void> {
    const Name = `/${this.name}/s/${name}`;
    await this.#write([`s.${name}`], ({ [name]: Value }) =>
      this.#ssm.send(new PutParameterCommand({ Name, Value, Type: 'SecureString', Overwrite: true })),
    );
  }
  async #write(keys: readonly string[], send: (data: Record<string, string>) => Promise<unknown>) {
    const next = keys.map((key) => [key, this.truth.next(key)] as const);
    await send(
      Object.fromEntries(next.map(([key, n]) => [key.slice(key.lastIndexOf('.') + 1), versioned(key, n)])),
    );
    for (const [key, version] of next) this.truth.wrote(key, version);
  }

  /** Sends SIGKILL to the server of Vault. Its storage is memory, so all is lost. */
  async killVault(): Promise<void> {
    const pid = listenerOf(Number(new URL(live.address).port));
    // a server in a container may belong to another user
    if (pid === undefined) await serve('down', 'vault');
    else process.kill(pid, 'SIGKILL');
  }

  /** Stops Vault and starts it again, without any content. */
  async emptyVault(): Promise<void> {
    await serve('down', 'vault');
    await serve('up', 'vault');
  }
  async emptySsm(): Promise<void> {
    await fetch(`${live.aws}/moto-api/reset`, { method: 'POST' });
  }

  async close(): Promise<void> {
    this.#ssm.destroy();
    await Promise.allSettled([
      rm(this.#folder, { recursive: true }),
      admin('DELETE', `sys/mounts/${this.#mount}`),
      admin('DELETE', `sys/policies/acl/${this.name}`),
      admin('DELETE', `secret/metadata/${this.name}`),
    ]);
    // the server that was emptied no longer knows the users of its leases
    const users = (await redis(['ACL', 'USERS'])).match(/\S+/g) ?? [];
    const ours = users.filter((user) => user === this.#boss || user.includes(this.name.toUpperCase()));
    if (ours.length > 0) await redis(['ACL', 'DELUSER', ...ours]);
  }
}
