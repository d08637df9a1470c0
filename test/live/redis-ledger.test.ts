// Budgets that processes share over a real Redis and a real cluster, with both clients: never overspent,
// reported once, and the hold of a killed process comes back.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, describe, expect, it } from 'vitest';
import { read } from '../../scripts/files.ts';
import { shared } from '../../src/extensions/redis/index.ts';
import { type Client, install, kinds, type Where } from './redis/clients.ts';
import { forked } from './redis/forked.ts';
import { command, Servers } from './redis/servers.ts';
import type { Result, Spending } from './redis/spending.ts';

install();

const places: Readonly<Record<string, Where>> = {
  'a single server': { single: new URL(process.env.LIVE_REDIS_URL as string).host },
  'a cluster': { cluster: process.env.LIVE_REDIS_CLUSTER as string },
};
const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

async function spending(setup: Spending) {
  const { child, send } = await forked('spending', setup);
  closing.push(() => child.kill('SIGKILL'));
  return {
    child,
    call: (count: number, tokens: number) => send<Result>('call', count, tokens),
    hang: (tokens: number) => send('hang', tokens),
    /** Waits until it has sent everything. */
    async end(): Promise<void> {
      child.send(['end']);
      await once(child, 'exit');
    },
  };
}

const month = () => new Date().toISOString().slice(0, 7);

async function ledgerOf(kind: (typeof kinds)[number], where: Where, prefix: string) {
  const client: Client = await kind.connect(where);
  const second = shared(client, { keys: () => randomBytes(32), domain: 'live', prefix });
  closing.push(async () => {
    await second.close();
    await kind.close(client);
  });
  return second.ledger('llm:team:USD');
}

for (const kind of kinds)
  describe.each(Object.entries(places))(`a budget over ${kind.name} and %s`, (_, where) => {
    const setup = (perMonth: number, holdMs = 60_000): Spending => ({
      kind: kind.name as Spending['kind'],
      where,
      prefix: `test-${randomBytes(6).toString('hex')}`,
      perMonth,
      holdMs,
    });

    it('is never overspent by 4 processes with 400 calls each, and reported once', { retry: 1 }, async () => {
      const own = setup(1);
      const all = await Promise.all([1, 2, 3, 4].map(() => spending(own)));
      const results = await Promise.all(all.map((one) => one.call(400, 1_000)));
      for (const one of all) await one.end();
      const sum = (field: keyof Result) => results.reduce((total, one) => total + one[field], 0);
      const state = await (await ledgerOf(kind, where, own.prefix)).spent(month());
      console.log(kind.name, where, { ...state, answered: sum('answered'), alerts: sum('alerts') });
      expect(state).toEqual({ spent: 1_000 * sum('answered'), held: 0 });
      expect(state.spent).toBeLessThanOrEqual(1_000_000);
      // the estimates are twice the cost, so the last calls do not fit
      expect(state.spent).toBeGreaterThan(900_000);
      expect(sum('answered') + sum('refused')).toBe(1_600);
      expect(sum('alerts')).toBe(1);
    });

    it('gets the hold of a killed process back after the deadline', async () => {
      const own = setup(0.001, 3_000);
      const [holder, other] = await Promise.all([spending(own), spending(own)]);
      await holder.hang(900);
      holder.child.kill('SIGKILL');
      const ledger = await ledgerOf(kind, where, own.prefix);
      expect(await ledger.spent(month())).toEqual({ spent: 0, held: 900 });
      expect(await other.call(1, 100)).toMatchObject({ answered: 0, refused: 1 });
      await expect.poll(() => ledger.spent(month()), { timeout: 10_000 }).toEqual({ spent: 0, held: 0 });
      expect(await other.call(1, 100)).toMatchObject({ answered: 1 });
      await other.end();
      expect(await ledger.spent(month())).toEqual({ spent: 100, held: 0 });
    });

    it('counts an entry that is sent twice once, and goes on from what a process knows', async () => {
      const ledger = await ledgerOf(kind, where, setup(1).prefix);
      const entry = { account: 'a', id: 'one', amount: 40, known: 0, lifeMs: 60_000 };
      for (let i = 0; i < 2; i++)
        expect(await ledger.reserve(entry, { limit: 60, holdMs: 60_000 })).toEqual({
          granted: true,
          spent: 0,
          held: 40,
        });
      for (const before of [0, 30])
        expect(await ledger.settle({ ...entry, amount: 30 }, 40)).toEqual({ before, spent: 30, held: 0 });
      const after = await ledger.reserve({ ...entry, id: 'two', known: 50 }, { limit: 60, holdMs: 60_000 });
      expect(after).toEqual({ granted: false, spent: 50, held: 0 });
    });
  });

describe('a ledger', () => {
  it('works with the rights that the page lists', async () => {
    await using servers = new Servers();
    const { port, host } = await servers.start(27_350);
    const page = read('docs/extensions/redis.md');
    const line = /^ACL SETUSER llm-config (?:.*\\\n)*.*$/m.exec(page)?.[0].replace(/ \\\n +/g, ' ') as string;
    const reply = await command(port, ...line.replace('>PASSWORD', '>fake-Zq83-not-real').split(' '));
    expect(reply).toBe('+OK\r\n');
    for (const kind of kinds) {
      const where = { single: `llm-config:fake-Zq83-not-real@${host}` };
      const ledger = await ledgerOf(kind, where, 'acme');
      const entry = { account: kind.name, id: 'one', amount: 40, known: 0, lifeMs: 60_000 };
      await ledger.reserve(entry, { limit: 60, holdMs: 60_000 });
      await ledger.settle({ ...entry, amount: 30 }, 40);
      expect(await ledger.spent(kind.name)).toEqual({ spent: 30, held: 0 });
    }
  });
});
