// The ledger over Redis, whose scripts run in this process. A model compares it, and the ledger of one
// process, with a list of all entries.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryLedger } from '../../../src/extensions/llm/budgets/memory-ledger.ts';
import type { SharedLedger } from '../../../src/shelter/shared-ledger.ts';
import { manualClock } from '../../../src/testing/clock.ts';
import { bytesOf, redisFleet } from '../../support/redis-fleet.ts';

const entry = (id: string, amount: number, account = 'march', known = 0) => ({
  account,
  id,
  amount,
  known,
  lifeMs: 100_000_000,
});
const within = (limit: number, holdMs = 1_000) => ({ limit, holdMs });

describe('a ledger over Redis', () => {
  it('keeps what is spent and held of all processes below the limit', async () => {
    await using fleet = redisFleet();
    const [one, two] = [fleet.level().ledger('team'), fleet.level({}, 'ioredis').ledger('team')];
    expect(await one.reserve(entry('a', 60), within(100))).toEqual({ granted: true, spent: 0, held: 60 });
    expect(await two.reserve(entry('b', 60), within(100))).toEqual({ granted: false, spent: 0, held: 60 });
    expect(await one.settle(entry('a', 30), 60)).toEqual({ before: 0, spent: 30, held: 0 });
    expect(await two.reserve(entry('b', 60), within(100))).toMatchObject({ granted: true, spent: 30 });
    expect(await one.spent('march')).toEqual({ spent: 30, held: 60 });
    expect(await one.spent('april')).toEqual({ spent: 0, held: 0 });
    expect([one.processes, two.processes]).toEqual([2, 2]);
  });

  it('gives a hold back after its deadline, and counts what is settled later', async () => {
    await using fleet = redisFleet();
    const ledger = fleet.level().ledger('team');
    await ledger.reserve(entry('a', 90), within(100, 5_000));
    expect((await ledger.reserve(entry('b', 90), within(100))).granted).toBe(false);
    await fleet.clock.advance(5_001);
    expect(await ledger.spent('march')).toEqual({ spent: 0, held: 0 });
    expect((await ledger.reserve(entry('b', 90), within(100))).granted).toBe(true);
    expect(await ledger.settle(entry('a', 80), 90)).toEqual({ before: 0, spent: 80, held: 90 });
  });

  it('counts an entry that is sent twice once', async () => {
    await using fleet = redisFleet();
    const ledger = fleet.level().ledger('team');
    for (let i = 0; i < 2; i++)
      expect(await ledger.reserve(entry('a', 0), within(100))).toMatchObject({ granted: true, held: 0 });
    for (let i = 0; i < 2; i++)
      expect(await ledger.reserve(entry('b', 40), within(60))).toMatchObject({ granted: true, held: 40 });
    for (const before of [0, 30])
      expect(await ledger.settle(entry('b', 30), 40)).toEqual({ before, spent: 30, held: 0 });
    expect(await ledger.settle(entry('a', 5), 0)).toEqual({ before: 30, spent: 35, held: 0 });
  });

  it('goes on from what a process knows after Redis has lost its data', async () => {
    await using fleet = redisFleet();
    const ledger = fleet.level().ledger('team');
    await ledger.settle(entry('a', 90), 0);
    fleet.server.flush();
    const refused = await ledger.reserve(entry('b', 20, 'march', 90), within(100));
    expect(refused).toEqual({ granted: false, spent: 90, held: 0 });
  });

  it('loses no hold, and keeps none for ever, when Redis drops one of its keys', async () => {
    await using fleet = redisFleet();
    const ledger = fleet.level().ledger('team');
    const keys = () => [...fleet.server.data.keys()].filter((key) => !key.endsWith(':processes'));
    await ledger.reserve(entry('a', 40), within(100));
    fleet.server.data.delete(keys().find((key) => !key.endsWith(':holds')) as string);
    expect(await ledger.settle(entry('b', 1), 0)).toEqual({ before: 0, spent: 1, held: 40 });
    fleet.server.data.delete(keys().find((key) => key.endsWith(':holds')) as string);
    expect(await ledger.settle(entry('c', 1), 0)).toEqual({ before: 1, spent: 2, held: 0 });
  });

  it('shows Redis no name of a ledger or account, and ends its keys', async () => {
    await using fleet = redisFleet();
    const ledger = fleet.level().ledger('canary-team');
    await ledger.reserve(entry('a', 40, 'canary-person'), within(100));
    expect(bytesOf(fleet.server).toString('latin1')).not.toContain('canary');
    const slots = [...fleet.server.data.keys()].map((key) => /\{.+\}/.exec(key)?.[0]);
    expect(slots).toHaveLength(3);
    expect(new Set(slots).size).toBe(1);
    for (const { endsAt } of fleet.server.data.values())
      expect(endsAt).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  it('rejects while Redis is away, and refuses an empty name', async () => {
    await using fleet = redisFleet();
    const level = fleet.level();
    fleet.server.disconnect(true);
    await expect(level.ledger('team').reserve(entry('a', 1), within(2))).rejects.toThrow();
    expect(() => level.ledger('')).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });
});

type Step =
  | { readonly do: 'reserve'; readonly account: string; readonly amount: number; readonly limit: number }
  | { readonly do: 'settle'; readonly which: number; readonly amount: number }
  | { readonly do: 'wait'; readonly ms: number };

const account = fc.constantFrom('march', 'april');
const amount = fc.integer({ min: 0, max: 50 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('reserve' as const),
    account,
    amount,
    limit: fc.integer({ min: 0, max: 200 }),
  }),
  fc.record({ do: fc.constant('settle' as const), which: fc.nat(), amount }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 700 }) }),
);

/** All that was ever asked for, from which everything is counted again each time. */
class Model {
  now = 0;
  readonly holds: { id: string; account: string; amount: number; endsAt: number }[] = [];
  readonly settled: { account: string; amount: number }[] = [];

  state(of: string) {
    const sum = (all: readonly { account: string; amount: number }[]) =>
      all.filter((one) => one.account === of).reduce((total, one) => total + one.amount, 0);
    return { spent: sum(this.settled), held: sum(this.holds.filter(({ endsAt }) => endsAt > this.now)) };
  }
}

async function agrees(
  steps: readonly Step[],
  ledger: Pick<SharedLedger, 'spent'>,
  own: SharedLedger,
  advance: (ms: number) => Promise<void>,
) {
  const model = new Model();
  const asked: { id: string; account: string; amount: number }[] = [];
  for (const [n, one] of steps.entries()) {
    if (one.do === 'wait') {
      await advance(one.ms);
      model.now += one.ms;
    } else if (one.do === 'reserve') {
      const before = model.state(one.account);
      const granted = before.spent + before.held + one.amount <= one.limit;
      const hold = { id: `${n}`, account: one.account, amount: one.amount };
      if (granted) {
        model.holds.push({ ...hold, endsAt: model.now + 1_000 });
        asked.push(hold);
      }
      const answer = await own.reserve(entry(hold.id, one.amount, one.account), within(one.limit));
      expect(answer).toEqual({ granted, ...model.state(one.account) });
    } else if (asked.length > 0) {
      const [hold] = asked.splice(one.which % asked.length, 1);
      const { id, account, amount: held } = hold as (typeof asked)[number];
      const before = model.state(account).spent;
      const at = model.holds.findIndex((hold) => hold.id === id);
      model.holds.splice(at, 1);
      model.settled.push({ account, amount: one.amount });
      const answer = await own.settle(entry(id, one.amount, account), held);
      expect(answer).toEqual({ before, ...model.state(account) });
    }
    for (const name of ['march', 'april']) expect(await ledger.spent(name)).toEqual(model.state(name));
  }
}

describe('a ledger agrees with a list of all entries', () => {
  const numRuns = Math.min(3_000, Number(process.env.PROPERTY_RUNS ?? 60));
  const steps = fc.array(step, { maxLength: 40 });

  it('over Redis', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        await using fleet = redisFleet();
        const [one, two] = [fleet.level().ledger('team'), fleet.level({}, 'ioredis').ledger('team')];
        await agrees(all, two, one, async (ms) => void (await fleet.clock.advance(ms)));
      }),
      { numRuns },
    );
  });

  it('in one process', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const clock = manualClock();
        const ledger = new MemoryLedger(clock);
        await agrees(all, ledger as never, ledger as never, async (ms) => void (await clock.advance(ms)));
      }),
      { numRuns },
    );
  });
});
