// The table of incidents. Each starts from healthy stores, causes one fault, and ends it. The live tests run
// all of them for a few seconds each, and `npm run soak` runs them for longer.

import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../proxy.ts';
import { serve, until } from '../vault-server.ts';
import type { Client } from './client.ts';
import type { Row } from './tally.ts';
import type { World } from './world.ts';

export interface Incident {
  /** `half, reset` has the page docs/incidents/half-reset.md. */
  readonly name: string;
  /** What happens, after "while". */
  readonly happens: string;
  /** Codes of errors that it may cause, besides the transient ones. */
  readonly codes?: readonly string[];
  /** At most so many requests of one client to one store: at once, and for each second of the fault. */
  readonly requests?: { readonly atOnce: number; readonly perSecond: number };
  /** Causes the fault and ends it. */
  run(world: World): Promise<void>;
  /** What else must hold. Returns what does not. */
  complaints?(rows: readonly Row[]): readonly string[];
}

/** Circuit open: a few attempts at once, then one probe a second. */
const outage = { atOnce: 60, perSecond: 6 };

const faulty = (name: string, happens: string, fault: Fault, more: Partial<Incident> = {}): Incident => ({
  name,
  happens,
  requests: outage,
  run: (world) => world.withFault(fault),
  ...more,
});
/** Requests time out after two seconds. */
const hanging = (name: string, happens: string, fault: Fault): Incident =>
  faulty(name, happens, fault, { run: (world) => world.withFault(fault, { atLeast: 4 }) });

const proxied: readonly Incident[] = [
  faulty('slow', 'every answer takes 0.7 s longer', 'slow', { requests: { atOnce: 80, perSecond: 40 } }),
  hanging('hang', 'no request is answered', 'hang'),
  faulty('reset', 'every connection is reset', 'reset'),
  faulty('half, reset', 'every connection is reset after half of the answer', 'halfReset'),
  faulty('half, closed', 'every connection is closed after half of the answer', 'halfClosed'),
  faulty('half, complete', 'every answer ends after its first half', 'garbage'),
  hanging('trickle', 'answers arrive at one byte a second', 'trickle'),
  faulty('429', 'every request is throttled', 'throttled'),
  faulty('429, Retry-After', 'every request is throttled for two seconds', 'retryAfter'),
  faulty('503, HTML', 'a gateway answers 503 with a page', 'html503'),
  faulty('404, HTML', 'a gateway answers 404 with a page', 'html404'),
  faulty('200, empty', 'a gateway answers 200 with an empty object', 'empty'),
];

const mixture: readonly Fault[] = [
  undefined,
  'reset',
  undefined,
  'slow',
  'html503',
  undefined,
  'halfClosed',
  'slow',
  undefined,
  'garbage',
  'halfReset',
];

/** Writes a new version of everything every half a second, while `work` runs. */
async function rotating(world: World, work: () => Promise<void>): Promise<void> {
  let isOver = false;
  const writing = (async () => {
    while (!isOver) {
      await world.stores.rotate();
      await pause(500);
    }
  })();
  await work().finally(() => {
    isOver = true;
  });
  await writing;
}

/** How often the log-in of a client was refused, and when last. */
class RefusedLogins {
  #times = 0;
  #lastAt = 0;
  readonly #subscription: Disposable;

  constructor({ vault }: Client) {
    this.#subscription = vault.on(({ type }) => {
      if (type !== 'authentication_failed') return;
      this.#times++;
      this.#lastAt = performance.now();
    });
  }
  get times(): number {
    return this.#times;
  }
  /** The end of the pause after the last one: one second, then two, four, eight. */
  get pauseEndsAt(): number {
    return this.#lastAt + Math.min(60, 2 ** (this.#times - 1)) * 1_000;
  }
  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }
}

/** The token is dead until log-ins are eight seconds apart. A new one in the file must not wait for that. */
async function revoked({ stores, clients, wait }: World): Promise<void> {
  const refused = clients.map((client) => new RefusedLogins(client));
  await stores.revoke(readFileSync(stores.tokenFile, 'utf8'));
  await Promise.all([wait(), until(() => refused.every(({ times }) => times >= 4))]);
  await stores.renewToken();
  await Promise.all(
    clients.map(async ({ name, chain }, n) => {
      const { pauseEndsAt } = refused[n] as RefusedLogins;
      const isUsed = () =>
        chain.get('v.a.x', { maxAgeMs: 0 }).then(
          () => true,
          () => false,
        );
      await until(isUsed, 60_000);
      if (performance.now() > pauseEndsAt)
        throw new Error(`${name}: the new token was used only after the pause between log-ins`);
    }),
  );
  for (const one of refused) one[Symbol.dispose]();
}

/** Both stores are restarted empty, with all that they need except the secrets. */
async function wiped(world: World): Promise<void> {
  const { stores, clients, wait } = world;
  const empty = {
    from: performance.now(),
    refillFrom: Number.POSITIVE_INFINITY,
    to: Number.POSITIVE_INFINITY,
  };
  stores.empty = empty;
  const restartSsm = async (): Promise<void> => {
    await pause(500);
    await stores.emptySsm();
  };
  await Promise.all([stores.emptyVault(), world.withFault('cut', { where: ['ssm'], work: restartSsm })]);
  await stores.prepareVault();
  await stores.renewToken();
  const isRefused = ({ config }: Client): boolean =>
    config.failure?.problems?.some(({ kind }) => kind === 'vanished') === true;
  await Promise.all([wait(), until(() => clients.every(isRefused), 60_000)]);
  empty.refillFrom = performance.now();
  await Promise.all([stores.fillVault(), stores.fillSsm()]);
  empty.to = performance.now();
}

export const incidents: readonly Incident[] = [
  { name: 'healthy', happens: 'all stores are healthy', run: ({ wait }) => wait() },
  {
    name: 'rotation',
    happens: 'every secret is rotated twice a second',
    run: (world) => rotating(world, () => world.wait()),
  },
  ...proxied,
  {
    name: 'chaos',
    happens: 'secrets are rotated, and half of the requests fail in different ways',
    requests: { atOnce: 80, perSecond: 60 },
    run(world) {
      let n = 0;
      return rotating(world, () => world.withFault(() => mixture[n++ % mixture.length]));
    },
  },
  {
    name: 'Vault alone',
    happens: 'Vault alone is unreachable',
    requests: { atOnce: 80, perSecond: 40 },
    run: (world) => world.withFault('html503', { where: ['vault'] }),
    complaints: (rows) =>
      rows.flatMap(({ client, holds, tally }) => {
        const failed = ['s', 'f', 'e'].reduce((sum, group) => sum + (tally.errorsOf.get(group) ?? 0), 0);
        return holds && failed > 0 ? [`${client}: ${failed} errors for keys that Vault does not have`] : [];
      }),
  },
  {
    name: 'SIGSTOP',
    happens: 'the servers are stopped, and continue',
    requests: outage,
    async run({ wait }) {
      const servers = ['vault', 'aws'];
      await Promise.all(servers.map((server) => serve('pause', server)));
      try {
        await wait(4);
      } finally {
        await Promise.all(servers.map((server) => serve('resume', server)));
      }
    },
  },
  {
    name: 'SIGKILL',
    happens: 'Vault is killed, starts again and is filled again',
    codes: ['unauthenticated'],
    async run({ stores, wait }) {
      await stores.killVault();
      await wait();
      await serve('up', 'vault');
      await stores.prepareVault();
      await stores.fillVault();
      await stores.renewToken();
    },
  },
  {
    name: 'wipe',
    happens: 'Vault and SSM are restarted empty, and filled again',
    codes: ['unauthenticated', 'access_denied'],
    requests: { atOnce: 80, perSecond: 40 },
    run: wiped,
  },
  {
    name: 'revoked',
    happens: 'the token of Vault is revoked, and replaced later',
    codes: ['unauthenticated'],
    run: revoked,
  },
  {
    name: 'expired',
    happens: 'the token of Vault ends, and is replaced later',
    codes: ['unauthenticated'],
    async run({ stores, wait }) {
      await stores.renewToken({ ttl: '2s', explicit_max_ttl: '2s' });
      await pause(2_000);
      await wait();
      await stores.renewToken();
    },
  },
  {
    name: 'denied',
    happens: 'the policy of the token denies access',
    codes: ['access_denied'],
    requests: { atOnce: 80, perSecond: 20 },
    async run({ stores, wait }) {
      await stores.deny();
      await wait(4);
      await stores.allow();
    },
  },
];
