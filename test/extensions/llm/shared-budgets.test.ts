// Budgets that processes share, over a ledger in memory with the faults of one over a network.

import { describe, expect, it } from 'vitest';
import type { ConfigError } from '../../../src/errors.ts';
import { MemoryLedger } from '../../../src/extensions/llm/budgets/memory-ledger.ts';
import type { BudgetData, LlmData } from '../../../src/extensions/llm/data.ts';
import type { LlmEvent } from '../../../src/extensions/llm/endpoints/events.ts';
import { loadLlm } from '../../../src/extensions/llm/load-llm.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';
import type { SharedLedger } from '../../../src/shelter/shared-ledger.ts';
import { manualClock } from '../../../src/testing/clock.ts';

/** `lost`: it does what it is asked, and its answer does not arrive. */
type Failing = 'no' | 'rejects' | 'hangs' | 'lost';

/** A ledger that counts an entry once, and fails as a test wants. */
function ledgers(clock: ReturnType<typeof manualClock>, processes: number) {
  const ledger = new MemoryLedger(clock);
  const state = {
    failing: 'no' as Failing,
    asked: 0,
    names: new Set<string>(),
    /** What it says in place of what it knows. */
    wrong: undefined as ((known: number) => number) | undefined,
  };
  const settled = new Set<string>();
  const answer = async <T>(make: () => T): Promise<T> => {
    state.asked++;
    if (state.failing === 'rejects') throw new Error('gone');
    if (state.failing === 'hangs') await new Promise(() => undefined);
    const made = make();
    if (state.failing === 'lost') throw new Error('lost');
    return made;
  };
  const one: SharedLedger = {
    processes,
    reserve: (entry, how) => answer(() => ledger.reserve(entry, how)),
    settle: (entry) =>
      answer(() => {
        const { account, id, known } = entry;
        if (state.wrong) {
          const amount = state.wrong(known);
          return { before: amount, spent: amount, held: amount };
        }
        const again = settled.has(id);
        settled.add(id);
        const { spent, held } = ledger.spent(account);
        return again ? { before: spent, spent, held } : ledger.settle(entry);
      }),
    spent: (account) => answer(() => ledger.spent(account)),
  };
  const shared = {
    pace: () => ({ processes, take: async (turns: number) => ({ turns, waitMs: 0 }) }),
    ledger: (name: string) => {
      state.names.add(name);
      return one;
    },
  };
  return { state, shared, ledger };
}

async function fleet(budget: Partial<BudgetData>, processes = 4) {
  const clock = manualClock();
  const { state, shared, ledger } = ledgers(clock, processes);
  const data: LlmData = {
    endpoints: {
      one: {
        provider: 'openai',
        model: 'x',
        rates: { currency: 'USD', inputPerMillion: 1, outputPerMillion: 1 },
      },
    },
    tasks: { chat: { use: ['one'] } },
    budgets: { team: { currency: 'USD', perMonth: 0.001, hard: true, ...budget } },
  };
  const events: LlmEvent[] = [];
  const all = await Promise.all(
    Array.from({ length: processes }, () =>
      loadLlm(new MemoryProvider({ llm: data as never }), {
        clock,
        shared,
        on: (event) => events.push(event),
      }),
    ),
  );
  const month = new Date(clock.now()).toISOString().slice(0, 7);
  /** Makes calls of `tokens`, estimated as `estimatedTokens`. Returns how many were answered. */
  const calls = async (n: number, tokens: number, estimatedTokens: number, from = all): Promise<number> => {
    const answers = from.flatMap((ai) =>
      Array.from({ length: n }, () =>
        ai
          .task('chat')
          .run(async () => ({ usage: { prompt_tokens: tokens, completion_tokens: 0 } }), {
            estimatedTokens,
            tenant: 'acme',
          })
          .then(
            () => 1 as number,
            (error: ConfigError) => {
              if (error.code !== 'quota_exceeded') throw error;
              return 0;
            },
          ),
      ),
    );
    return (await clock.until(Promise.all(answers), 50)).reduce((sum, one) => sum + one, 0);
  };
  return {
    clock,
    state,
    all,
    calls,
    spent: () => ledger.spent(month),
    states: () => events.flatMap((event) => (event.type === 'budget' ? [event.state] : [])),
    [Symbol.asyncDispose]: async () => void (await clock.until(Promise.all(all.map((ai) => ai.close())), 50)),
  };
}

describe('a budget that is shared', () => {
  it('is never overspent by all processes together, and reported once', async () => {
    await using it = await fleet({});
    const answered = await it.calls(100, 4, 8);
    await it.clock.advance(0);
    expect(it.spent()).toEqual({ spent: 4 * answered, held: 0 });
    expect(answered).toBeGreaterThan(120);
    expect(answered).toBeLessThanOrEqual(250);
    // with estimates that are twice the cost, one call after another reaches the limit
    while ((await it.calls(1, 4, 8)) > 0) await it.clock.advance(0);
    expect(it.spent().spent).toBe(996);
    expect(it.states()).toEqual(['alert']);
    expect([...it.state.names]).toEqual(['llm:team:USD']);
    expect(it.all[0]?.explain('chat').budgets).toMatchObject([{ kept: 'shared', spentMicros: 996 }]);
    expect(String(it.all[0]?.explain('chat'))).toContain('hard, shared');
  });

  it('makes no call wait, if it is soft', async () => {
    await using it = await fleet({ hard: false });
    it.state.failing = 'hangs';
    expect(await it.calls(3, 100, 100)).toBe(12);
  });

  it.for<Failing>(['rejects', 'hangs', 'lost'])(
    'refuses calls while its ledger is away, which %s, and counts what ended meanwhile',
    async (failing) => {
      await using it = await fleet({}, 2);
      let answer: (value: unknown) => void = () => undefined;
      const open = it.all[0]?.task('chat').run(() => new Promise((resolve) => (answer = resolve)), {
        estimatedTokens: 300,
      });
      await it.clock.advance(0);
      expect(it.spent()).toEqual({ spent: 0, held: 300 });
      it.state.failing = failing;
      expect(await it.calls(3, 1, 1)).toBe(0);
      const error = it.all[0]?.task('chat').run(async () => 1, { estimatedTokens: 1 });
      await expect(it.clock.until(error as Promise<unknown>)).rejects.toThrow(
        'the ledger of the budget "team" does not answer, and the budget is hard',
      );
      answer({ usage: { prompt_tokens: 250, completion_tokens: 0 } });
      await open;
      await it.clock.advance(3_000);
      expect(it.all[0]?.explain('chat').budgets).toMatchObject([{ kept: 'away', spentMicros: 250 }]);
      it.state.failing = 'no';
      await it.clock.advance(3_000);
      // a hold whose answer was lost is given back
      expect(it.spent().spent).toBe(250);
      expect(await it.calls(1, 1, 1)).toBe(2);
      expect(it.states()).toEqual(['away', 'away', 'back', 'back']);
    },
  );

  it.for<Failing>(['rejects', 'hangs'])(
    'lets each process have its share while its ledger is away, which %s, if it may',
    async (failing) => {
      await using it = await fleet({ whenAway: 'share' }, 4);
      await it.calls(1, 100, 100);
      await it.clock.advance(0);
      await it.calls(1, 10, 10); // each knows what is spent
      await it.clock.advance(0);
      it.state.failing = failing;
      const answered = await it.calls(40, 10, 10);
      // a quarter of 560 for each; what the first ones knew was a little older
      expect(answered).toBeGreaterThanOrEqual(4 * 14);
      expect(answered).toBeLessThanOrEqual(4 * 15);
      it.state.failing = 'no';
      await it.clock.advance(5_000);
      expect(it.spent().spent).toBe(440 + 10 * answered);
      expect(it.states().filter((state) => state === 'alert')).toHaveLength(1);
    },
  );

  it('gives back what is held for a call that is aborted while its ledger answers', async () => {
    await using it = await fleet({}, 1);
    const aborted = new AbortController();
    let asked = 0;
    const ask = async () => ++asked;
    const call = it.all[0]?.task('chat').run(ask, { estimatedTokens: 300, signal: aborted.signal });
    aborted.abort();
    await expect(call).rejects.toMatchObject({ code: 'aborted' });
    await it.clock.advance(0);
    expect([asked, it.spent()]).toEqual([0, { spent: 0, held: 0 }]);
  });

  it('is not spoiled by a ledger that answers with other numbers', async () => {
    const answers = [Number.NaN, Number.POSITIVE_INFINITY, -5, undefined, 1e300];
    const known: number[] = [];
    await using it = await fleet({ hard: false }, 1);
    it.state.wrong = (amount) => answers[known.push(amount) % answers.length] as number;
    for (let n = 0; n < 12; n++) await it.calls(1, 10, 10);
    it.state.wrong = undefined;
    await it.calls(1, 10, 10);
    expect(known).toEqual(Array(12).fill(0));
    expect(it.all[0]?.explain('chat').budgets).toMatchObject([{ spentMicros: 10, heldMicros: 0 }]);
  });

  it('has no share in what it has never seen', async () => {
    await using it = await fleet({ whenAway: 'share', each: 'tenant' }, 1);
    it.state.failing = 'rejects';
    expect(await it.calls(2, 1, 1)).toBe(0);
  });

  it('gives back the hold of a process that died', async () => {
    await using it = await fleet({ holdMs: 20_000 }, 2);
    const [dead, alive] = it.all;
    void dead?.task('chat').run(() => new Promise(() => undefined), { estimatedTokens: 900 });
    await it.clock.advance(0);
    expect(await it.calls(1, 1, 200, [alive as (typeof it.all)[number]])).toBe(0);
    await it.clock.advance(20_001);
    expect(await it.calls(1, 1, 200, [alive as (typeof it.all)[number]])).toBe(1);
  });

  it('sends what is settled before ai.close is done', async () => {
    const it = await fleet({ hard: false }, 1);
    await it.calls(5, 10, 10);
    it.state.failing = 'no';
    await it[Symbol.asyncDispose]();
    expect(it.spent()).toEqual({ spent: 50, held: 0 });
  });

  it('sends many amounts of an outage as few', async () => {
    await using it = await fleet({ hard: false, perMonth: 1 }, 1);
    it.state.failing = 'rejects';
    await it.calls(1_000, 1, 1);
    await it.clock.advance(2_000);
    await it.calls(500, 1, 1);
    it.state.failing = 'no';
    const { asked } = it.state;
    await it.clock.advance(5_000);
    expect(it.spent().spent).toBe(1_500);
    expect(it.state.asked - asked).toBeLessThan(1_100);
  });
});
