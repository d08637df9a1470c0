// Processes that share a store over a real Redis: how they fare when one of them is killed or denied, when
// Redis is frozen, killed, flushed, full or fails over, and the rights that they need. The tests start their
// own servers: `redis-server` must be installed. The store is Vault, or one in memory.
import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { read } from '../../scripts/files.ts';
import { type Shared, shared } from '../../src/extensions/redis/index.ts';
import { token, VaultProvider } from '../../src/providers/vault/index.ts';
import { type DocumentSource, type Outcome, sheltered } from '../../src/shelter/index.ts';
import { warm } from '../support/warm-level.ts';
import { type Client, install, kinds, type Where } from './redis/clients.ts';
import { forked } from './redis/forked.ts';
import type { Setup } from './redis/process.ts';
import { command, Servers } from './redis/servers.ts';
import { admin, live, mounted, unique } from './vault-server.ts';

install();

const single: Where = { single: new URL(live.redis).host };
const sleep = (ms: number) => new Promise<void>((done) => void setTimeout(done, ms));
const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

/** A process of its own, with several engines. */
async function started(setup: Setup) {
  const process = await forked('process', setup);
  closing.push(() => process.child.kill('SIGKILL'));
  return process;
}

/** A store in memory that counts. */
class Store implements DocumentSource {
  readonly name = 'store';
  readonly batch = 1;
  readonly values = new Map<string, string>();
  asked = 0;
  identity = () => ({ store: 'store', view: '' });
  locate = (key: string) => [{ key, document: key, field: '' }];
  async read(documents: readonly string[]): Promise<ReadonlyMap<string, Outcome>> {
    this.asked += documents.length;
    await sleep(2);
    return new Map(documents.map((name) => [name, this.#outcome(name)]));
  }
  classify = (error: unknown) => error as never;

  #outcome(name: string): Outcome {
    const value = this.values.get(name);
    return value === undefined ? 'absent' : { value, secret: true, text: true };
  }
}

const keyText = randomBytes(32).toString('hex');

async function level(
  kind: (typeof kinds)[number],
  where: Where,
  prefix: string,
): Promise<Shared & { client: Client }> {
  const client = await kind.connect(where);
  const made = shared(client, { keys: () => keyText, domain: 'live', prefix });
  closing.push(async () => {
    await made.close();
    await kind.close(client);
  });
  await warm(made, 16);
  return Object.assign(made, { client });
}

describe('processes', () => {
  const base = { kind: 'redis', where: single, engines: 5, key: keyText } as const;

  it('the death of the one that has the lock costs one request', async () => {
    const prefix = unique('killed');
    const [holder, other] = await Promise.all(
      [1, 4].map((engines) => started({ ...base, engines, prefix, storeMs: engines === 1 ? 60_000 : 20 })),
    );
    void holder!.send('read', 'a').catch(() => undefined);
    await sleep(200);
    holder!.child.kill('SIGKILL');
    const { asked, late, ms } = await other!.send<{ asked: number; late: number; ms: number }>('read', 'a');
    console.log('holder killed', { asked, late, ms });
    // on a slow machine, Redis may answer later than after 25 ms
    expect(asked).toBeLessThanOrEqual(1 + late);
  });

  it('10 with 200 requests a second together start no more than 215 in any second', async () => {
    const prefix = unique('pace');
    const setup = { ...base, engines: 5, prefix, pace: { perSecond: 200, forMs: 4_000 } };
    const all = await Promise.all([1, 2].map(() => started(setup)));
    const port = Number(new URL(live.redis).port);
    const calls = async (): Promise<number> =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(await command(port, 'INFO', 'commandstats'))?.[1] ?? 0);
    const results = await Promise.all(all.map((one) => one.send<{ starts: number[] }>('run')));
    const starts = results.flatMap((one) => one.starts).sort((a, b) => a - b);
    let worst = 0;
    for (let i = 0, first = 0; i < starts.length; i++) {
      while (starts[i]! - starts[first]! >= 1_000) first++;
      worst = Math.max(worst, i - first + 1);
    }
    console.log('pace', { starts: starts.length, worst, calls: await calls() });
    expect(worst).toBeLessThanOrEqual(215);
    expect(starts.length).toBeGreaterThan(500);
  });

  it('a denied one reads nothing that another domain or its own has shared', async () => {
    const { mount, unmount } = await mounted('kv', { options: { version: '2' } });
    await admin('POST', `${mount}/data/app/open`, { data: { v: 'open' } });
    await admin('POST', `${mount}/data/app/closed`, { data: { v: 'closed' } });
    const tokens: string[] = [];
    for (const names of [['open', 'closed'], ['open']]) {
      const policy = unique('policy');
      const rules = names
        .map((name) => `path "${mount}/data/app/${name}" { capabilities = ["read"] }`)
        .join('\n');
      await admin('PUT', `sys/policies/acl/${policy}`, { policy: rules });
      tokens.push(
        (await admin('POST', 'auth/token/create', { policies: [policy], ttl: '10m' })).auth.client_token,
      );
    }
    const prefix = unique('rights');
    const provider = async (given: string, domain: string, keys: string) => {
      const client = await kinds[0]!.connect(single);
      const second = shared(client, { keys: () => keys, domain, prefix });
      closing.push(() => kinds[0]!.close(client));
      await warm(second, 4);
      return new VaultProvider({ address: live.address, auth: token(given), mount, path: 'app/', second });
    };
    const [all, few] = tokens as [string, string];
    const one = await provider(all, 'all', keyText);
    expect((await one.get('closed.v'))?.value).toBe('closed');
    const foreign = await provider(few, 'few', randomBytes(32).toString('hex'));
    await expect(foreign.get('closed.v')).rejects.toMatchObject({ code: 'access_denied' });
    expect((await foreign.get('open.v'))?.value).toBe('open');
    // of the same domain, by mistake: once denied, it reads nothing that others have put there
    const same = await provider(few, 'all', keyText);
    await expect(same.get('closed.v', { maxAgeMs: 0 })).rejects.toMatchObject({ code: 'access_denied' });
    await one.get('closed.v', { maxAgeMs: 0 });
    await sleep(100);
    await expect(same.get('closed.v')).rejects.toMatchObject({ code: 'access_denied' });
    for (const closed of [one, foreign, same]) await closed.close();
    await unmount();
  });
});

describe('a server that fails', () => {
  /** Reads all the time, and says how many failed and how long the longest took. */
  async function readingWhile(levels: readonly Shared[], during: () => Promise<void>) {
    const store = new Store();
    for (let i = 0; i < 5; i++) store.values.set(`k${i}`, 'x');
    const providers = levels.map((second) => sheltered(store, { second, cache: { ttlMs: 50 } }));
    for (const one of providers) for (let i = 0; i < 5; i++) await one.get(`k${i}`);
    const result = { reads: 0, failed: 0, wrong: 0 };
    let over = false;
    const readers = providers.map(async (one) => {
      while (!over) {
        await one.get(`k${result.reads++ % 5}`).then(
          (entry) => entry?.value === 'x' || result.wrong++,
          () => result.failed++,
        );
        await sleep(3);
      }
    });
    await during();
    over = true;
    await Promise.all(readers);
    for (const one of providers) await one.close();
    return { ...result, failures: providers.map((one) => one.stats().second?.failures) };
  }

  for (const kind of kinds)
    it(`fails no read while frozen, flushed, full, cut off or killed (${kind.name})`, async () => {
      await using servers = new Servers();
      const port = 27_300 + kinds.indexOf(kind);
      let server = await servers.start(port);
      const levels = [
        await level(kind, { single: server.host }, 'f'),
        await level(kind, { single: server.host }, 'f'),
      ];
      const result = await readingWhile(levels, async () => {
        await sleep(300);
        server.process.kill('SIGSTOP');
        await sleep(1_000);
        server.process.kill('SIGCONT');
        await sleep(300);
        await command(port, 'FLUSHALL');
        await sleep(300);
        await command(port, 'CONFIG', 'SET', 'maxmemory', '1');
        await sleep(500);
        await command(port, 'CONFIG', 'SET', 'maxmemory', '0');
        await command(port, 'CLIENT', 'KILL', 'TYPE', 'normal');
        await command(port, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
        await sleep(500);
        server.process.kill('SIGKILL');
        await sleep(700);
        server = await servers.start(port);
        await sleep(1_500);
      });
      console.log(kind.name, result);
      expect(result).toMatchObject({ failed: 0, wrong: 0 });
      expect(result.reads).toBeGreaterThan(200);
      await warm(levels[0] as Shared);
    }, 60_000);

  for (const kind of kinds)
    it(`fails no read while Sentinel fails over (${kind.name})`, async () => {
      await using servers = new Servers();
      const at = 27_310 + 10 * kinds.indexOf(kind);
      const primary = await servers.start(at);
      for (const i of [1, 2])
        await servers.start(at + i, '--replicaof', '127.0.0.1', `${at}`, '--repl-diskless-sync-delay', '0');
      const sentinels = [];
      for (const i of [5, 6, 7])
        sentinels.push(await servers.start(at + i, servers.sentinelFile(at + i, at), '--sentinel'));
      await sleep(2_500);
      const where = { sentinel: sentinels.map(({ host }) => host).join() };
      const levels = [await level(kind, where, 's'), await level(kind, where, 's')];
      const result = await readingWhile(levels, async () => {
        await sleep(500);
        primary.process.kill('SIGKILL');
        await sleep(9_000);
      });
      console.log(kind.name, 'Sentinel', result);
      expect(result).toMatchObject({ failed: 0, wrong: 0 });
      await warm(levels[0] as Shared);
    }, 60_000);

  it('works with the rights that the page lists', async () => {
    await using servers = new Servers();
    const { port, host } = await servers.start(27_340);
    const page = read('docs/extensions/redis.md');
    const line = /^ACL SETUSER llm-config (?:.*\\\n)*.*$/m.exec(page)?.[0].replace(/ \\\n +/g, ' ') as string;
    const reply = await command(port, ...line.replace('>PASSWORD', '>fake-Zq83-not-real').split(' '));
    expect(reply).toBe('+OK\r\n');
    for (const kind of kinds) {
      const where = { single: `llm-config:fake-Zq83-not-real@${host}` };
      const [one, two] = [await level(kind, where, 'acme'), await level(kind, where, 'acme')];
      const store = new Store();
      store.values.set(kind.name, 'x');
      const [a, b] = [one, two].map((second) =>
        sheltered(store, { second, limits: { perSecond: 100, shared: second.pace('p') } }),
      );
      await a!.get('warm');
      await b!.get('warm');
      store.asked = 0;
      await a!.get(kind.name);
      await sleep(50);
      expect((await b!.get(kind.name))?.value).toBe('x');
      expect(store.asked).toBe(1);
      const heard: unknown[] = [];
      two.watch((names) => heard.push(names));
      await one.invalidate([{ store: 'store', kind: 'document', name: kind.name }]);
      await sleep(100);
      expect(heard).toHaveLength(1);
      await one.rotate();
      await warm(one);
      await a!.close();
      await b!.close();
    }
  });

  it('never lets a reader step back under 20 late writers', async () => {
    const levels = await Promise.all([0, 1, 2, 3].map((i) => level(kinds[i % 2]!, single, 'late')));
    const name = { store: unique('s'), view: '', kind: 'document' as const, name: 'n' };
    let current = 0;
    let back = 0;
    let refused = 0;
    const endsAt = Date.now() + 3_000;
    const writers = Array.from({ length: 20 }, async (_, i) => {
      const own = levels[i % 4] as Shared;
      while (Date.now() < endsAt) {
        const [{ ticket } = { ticket: 1 }] = await own.ask([name], { maxAgeMs: 0, lockMs: 0 });
        const version = ++current;
        await sleep(30 * Math.random());
        const content = {
          ...name,
          ticket,
          content: Buffer.from(`${version}`),
          lifeMs: 5_000,
          revision: `${version}`,
        };
        if (!(await own.keep([content]))[0]) refused++;
      }
    });
    let last = 0;
    let reads = 0;
    while (Date.now() < endsAt) {
      const [answer] = await (levels[reads++ % 4] as Shared).ask([name], { maxAgeMs: 60_000, lockMs: 0 });
      if (!answer?.content) continue;
      if (answer.ticket < last) back++;
      last = answer.ticket;
    }
    await Promise.all(writers);
    console.log('late writers', { reads, refused, back });
    expect(back).toBe(0);
    expect(refused).toBeGreaterThan(0);
  });
});
