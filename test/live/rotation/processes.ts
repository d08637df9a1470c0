// What the live tests of rotations share: orchestrators as processes, clients that query all the time, and a
// secret with its users.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { pgClient } from '../../../examples/credentials/recipes.ts';
import { postgresUsers } from '../../../src/extensions/rotation/index.ts';
import { ProviderChain, withSecret } from '../../../src/index.ts';
import { program } from '../../support/program.ts';
import { unique, admin as vault } from '../vault-server.ts';
import type { Answer, Order } from './orchestrator.ts';
import { administrator, clients, installed, quoted, server } from './postgres.ts';
import { account, providerOf, type Setup } from './world.ts';

/** Made in a test, in this order; undone in the other one. */
export class Cleaning {
  readonly #steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) await Promise.resolve(step()).catch(() => undefined);
  }
}

/** A role, a first user with a password, and the secret. */
export async function seeded(
  kind: Setup['kind'],
  cleaning: Cleaning,
  more: Partial<Setup> = {},
): Promise<Setup> {
  const path = unique('rotation');
  const role = path.replaceAll('-', '_');
  const setup: Setup = { kind, path, clients, role, users: [`${role}_a`, `${role}_b`], ...more };
  const admin = administrator(installed());
  cleaning.add(async () => {
    for (const name of [...setup.users, role]) await admin.query(`drop role if exists ${quoted(name)}`);
    await admin.end();
  });
  await admin.query(`create role ${quoted(role)}`);
  const [username] = setup.users;
  const { signal } = new AbortController();
  await postgresUsers(admin, { role }).set(username, 'fake-first', { signal });
  const secret = { username, password: 'fake-first', host: 'kept' };
  if (kind === 'KV version 2') await vault('POST', `secret/data/${path}/database`, { data: secret });
  else {
    const client = new SecretsManagerClient(account);
    const SecretString = JSON.stringify(secret);
    await client.send(new CreateSecretCommand({ Name: `${path}/database`, SecretString }));
    client.destroy();
  }
  return setup;
}

/** An orchestrator in a process of its own. */
export class Orchestrator {
  readonly process: ChildProcess;
  readonly #ready: Promise<unknown>;
  readonly #end: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.process = child;
    this.#ready = once(child, 'message');
    this.#end = once(child, 'exit');
  }

  static async start(setup: Setup, cleaning: Cleaning): Promise<Orchestrator> {
    const file = await program(new URL('orchestrator.ts', import.meta.url));
    const child = fork(file, [JSON.stringify(setup)]);
    cleaning.add(() => child.kill('SIGKILL'));
    return new Orchestrator(child);
  }

  /** Its answer, or the signal that has ended it. */
  async obey(order: Order): Promise<Answer | NodeJS.Signals> {
    await this.begin(order);
    return this.answer();
  }

  async begin(order: Order): Promise<void> {
    await this.#ready;
    this.process.send(order);
  }

  async answer<T = Answer>(): Promise<T | NodeJS.Signals> {
    const ended = this.#end.then((all) => (all as [unknown, NodeJS.Signals])[1]);
    const answered = once(this.process, 'message').then(([message]) => message as T);
    return Promise.race([answered, ended]);
  }
}

export interface Load {
  readonly queries: number;
  readonly failed: readonly string[];
  stop(): Promise<void>;
}

/** Twelve clients that query all the time over a pool of eight connections, each of which is used 20
 *  times. */
export function loaded(setup: Setup, cleaning: Cleaning): Load {
  const pg = installed();
  const chain = new ProviderChain([providerOf(setup)]);
  const keys = ['database.username', 'database.password'] as const;
  const Client = pgClient(pg.Client, chain, { user: keys[0], password: keys[1] });
  const pool = new pg.Pool({ ...server, Client, max: 8, maxUses: 20, idleTimeoutMillis: 500 });
  pool.on('error', () => undefined);
  cleaning.add(() => pool.end());
  cleaning.add(() => chain.close());
  const load = { queries: 0, failed: [] as string[] };
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) {
      load.queries++;
      await withSecret(chain, keys, () => pool.query('select 1')).catch((error: unknown) =>
        load.failed.push(String(error)),
      );
      await new Promise((done) => setTimeout(done, 10));
    }
  };
  const running = Array.from({ length: 12 }, client);
  const stop = async (): Promise<void> => {
    isOver = true;
    await Promise.all(running);
  };
  cleaning.add(stop);
  return Object.assign(load, { stop });
}
