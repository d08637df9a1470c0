// Limits that processes share, over a pace in memory with the rules of the one over Redis.

import { describe, expect, it } from 'vitest';
import type { LlmData } from '../../../src/extensions/llm/data.ts';
import type { SharedPaces } from '../../../src/extensions/llm/endpoints/shared-minute.ts';
import { loadLlm } from '../../../src/extensions/llm/load-llm.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';
import { manualClock } from '../../../src/testing/clock.ts';

type Failing = 'no' | 'rejects' | 'hangs';

/** One time of the next turn for each name, as in Redis. */
function paces(clock: { now(): number }, processes: number) {
  const next = new Map<string, number>();
  const state = { failing: 'no' as Failing, asked: 0 };
  const shared: SharedPaces = {
    pace: (name) => ({
      processes,
      take: async (turns, perSecond) => {
        state.asked++;
        if (state.failing === 'rejects') throw new Error('gone');
        if (state.failing === 'hangs') await new Promise(() => undefined);
        const at = Math.max(next.get(name) ?? 0, clock.now());
        const waitMs = at - clock.now();
        if (waitMs > 30_000) return { turns: 0, waitMs };
        next.set(name, at + (turns * 1_000) / perSecond);
        return { turns, waitMs };
      },
    }),
  };
  return { state, shared };
}

async function fleet(limits: object, processes = 4) {
  const clock = manualClock();
  const { state, shared } = paces(clock, processes);
  const data: LlmData = {
    endpoints: {
      first: { provider: 'openai', model: 'gpt-x', limits },
      second: { provider: 'openai', model: 'gpt-y' },
    },
    tasks: { chat: { use: ['first', 'second'] }, one: { use: ['first'] } },
  };
  const all = await Promise.all(
    Array.from({ length: processes }, () =>
      loadLlm(new MemoryProvider({ llm: data as never }), { clock, shared }),
    ),
  );
  const times: number[] = [];
  const ask = async ({ name }: { readonly name: string }): Promise<string> => {
    if (name === 'first') times.push(clock.now());
    return name;
  };
  return {
    clock,
    state,
    all,
    times,
    ask,
    [Symbol.asyncDispose]: async () => void (await Promise.all(all.map((ai) => ai.close()))),
  };
}

/** The most starts in any minute. */
const busiest = (times: readonly number[]): number =>
  Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + 60_000).length));

describe('limits that are shared', () => {
  it('hold for all processes together, in each minute; a full endpoint is passed over', async () => {
    await using it = await fleet({ requestsPerMinute: 60 });
    for (let second = 0; second < 180; second++) {
      for (const ai of it.all) await ai.task('chat').run(it.ask);
      await it.clock.advance(1_000);
    }
    expect(busiest(it.times)).toBeLessThanOrEqual(60);
    expect(it.times.length).toBeGreaterThan(0.85 * 180);
  });

  it('are waited for at the last endpoint', async () => {
    await using it = await fleet({ requestsPerMinute: 60 });
    const calls = it.all.flatMap((ai) => Array.from({ length: 10 }, () => ai.task('one').run(it.ask)));
    await it.clock.until(Promise.all(calls), 200);
    expect(it.times).toHaveLength(40);
    expect(busiest(it.times)).toBeLessThanOrEqual(60);
  });

  it('count tokens as estimated, and the rest once the answer says it', async () => {
    await using it = await fleet({ tokensPerMinute: 6_600 });
    const answer = async ({ name }: { readonly name: string }) => ({
      name,
      usage: { input_tokens: 500, output_tokens: 500 },
    });
    const names: string[] = [];
    for (const ai of it.all) names.push((await ai.task('chat').run(answer, { estimatedTokens: 300 })).name);
    expect(names).toEqual(['first', 'second', 'second', 'second']);
  });

  it.for(['rejects', 'hangs'] as const)(
    'without the shared pace, which %s, each process takes its share',
    async (failing) => {
      await using it = await fleet({ requestsPerMinute: 60 });
      it.state.failing = failing;
      const [ai] = it.all;
      for (let second = 0; second < 30; second++) {
        await it.clock.until(ai?.task('chat').run(it.ask) as Promise<unknown>, 50);
        await it.clock.advance(300);
      }
      expect(it.times.length).toBe(15);
      expect(it.state.asked).toBeLessThan(30);
    },
  );

  it('are not asked for endpoints without limits', async () => {
    await using it = await fleet({});
    await it.all[0]?.task('chat').run(it.ask);
    expect(it.state.asked).toBe(0);
  });
});
