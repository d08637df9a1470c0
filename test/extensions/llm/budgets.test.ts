// Budgets of one process: what is refused, what is counted, and what is reported.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfigError } from '../../../src/errors.ts';
import type { BudgetData, LlmData } from '../../../src/extensions/llm/data.ts';
import { backend, http, type Loaded, loaded } from './loaded.ts';

const rates = { currency: 'USD', inputPerMillion: 1, outputPerMillion: 1 };
const budgeted = (budget: Partial<BudgetData>, more: object = {}): LlmData => ({
  endpoints: { one: { provider: 'openai', model: 'gpt-x', retries: 0, rates } },
  tasks: { chat: { use: ['one'] }, other: { use: ['one'] } },
  budgets: { team: { currency: 'USD', ...budget } },
  ...more,
});
const used = (tokens: number) => ({ usage: { prompt_tokens: tokens, completion_tokens: 0 } });
const call = { estimatedTokens: 400_000 };
const failed = (pending: Promise<unknown>): Promise<ConfigError> =>
  pending.then(
    () => expect.fail('it was answered'),
    (error: ConfigError) => error,
  );
const budgetEvents = ({ events }: Loaded) =>
  events.flatMap((event) => (event.type === 'budget' ? [`${event.state} ${event.account ?? ''}`] : []));

describe('a hard budget', () => {
  it('refuses a call whose estimate does not fit, and no call that fits', async () => {
    await using it = await loaded(budgeted({ perMonth: 1, hard: true }));
    const chat = it.ai.task('chat');
    for (let i = 0; i < 2; i++) await chat.run(async () => used(300_000), call);
    let asked = 0;
    const ask = async () => used(++asked);
    const error = await failed(chat.run(ask, { estimatedTokens: 400_001 }));
    expect(asked).toBe(0);
    expect(error).toMatchObject({ code: 'quota_exceeded', transient: false });
    const month = new Date(it.clock.now()).toISOString().slice(0, 7);
    expect(error.message).toBe(
      `chat: no endpoint has answered:
  one, not asked: the budget "team" has 0.40 USD left for ${month}, and the call may cost 0.400001 USD`,
    );
    await chat.run(ask, call);
    expect(asked).toBe(1);
    const exhausted = it.events.find(({ type }) => type === 'exhausted');
    expect(exhausted).toMatchObject({ outcome: 'quota_exceeded', level: 'error' });
  });

  it('holds the estimates of calls under way', async () => {
    await using it = await loaded(budgeted({ perDay: 1, hard: true }));
    const chat = it.ai.task('chat');
    let answer: (value: unknown) => void = () => undefined;
    const open = chat.run(() => new Promise((resolve) => (answer = resolve)), { estimatedTokens: 700_000 });
    expect((await failed(chat.run(async () => used(1), call))).code).toBe('quota_exceeded');
    expect(it.ai.explain('chat').budgets).toMatchObject([{ spentMicros: 0, heldMicros: 700_000 }]);
    answer(used(100_000));
    await open;
    await chat.run(async () => used(1), call);
    expect(it.ai.explain('chat').budgets).toMatchObject([{ spentMicros: 100_001, heldMicros: 0 }]);
  });

  it('gives back what is held for an attempt that was not billed', async () => {
    await using it = await loaded(budgeted({ perDay: 1, hard: true }));
    for (let i = 0; i < 5; i++) await failed(it.ai.task('chat').run(backend({ one: http(400) }), call));
    expect(it.ai.explain('chat').budgets).toMatchObject([{ spentMicros: 0, heldMicros: 0 }]);
  });

  it('gives back, after its deadline, what is held for a stream that nothing reads', async () => {
    await using it = await loaded(budgeted({ perDay: 1, hard: true, holdMs: 5_000 }));
    async function* chunks() {
      yield 'a';
      await new Promise(() => undefined);
    }
    const stream = it.ai.task('chat').stream(chunks, { estimatedTokens: 900_000 });
    await stream.next();
    expect((await failed(it.ai.task('chat').run(async () => used(1), call))).code).toBe('quota_exceeded');
    await it.clock.advance(5_001);
    await it.ai.task('chat').run(async () => used(1), call);
  });

  it('needs to know what a call may use', async () => {
    await using it = await loaded(budgeted({ perDay: 1, hard: true }));
    const chat = it.ai.task('chat');
    const error = await failed(chat.run(async () => used(1)));
    expect(error).toMatchObject({ code: 'invalid_option' });
    expect(error.message).toBe(
      'llm: the budget "team" is hard, and the call of "chat" does not say what it may use. ' +
        'Set estimatedTokens or maxOutputTokens of the call, or max_tokens in the parameters of one',
    );
    await chat.run(async () => used(1), { maxOutputTokens: 100 });
    await it.store.set('llm.endpoints.one.parameters.max_completion_tokens', 100);
    await it.ai.config.reload();
    await chat.run(async () => used(1));
  });

  it('takes what a call may use from its own parameters, and from the preset of its task', async () => {
    await using it = await loaded({
      ...budgeted({ perDay: 1, hard: true }),
      presets: { short: { max_tokens: 100 } },
      tasks: { chat: { use: ['one'], preset: 'short' } },
    });
    const chat = it.ai.task('chat');
    await chat.run(async () => used(1));
    expect(
      await failed(chat.run(async () => used(1), { parameters: { maxTokens: 1_000_000 } })),
    ).toMatchObject({
      code: 'quota_exceeded',
    });
    expect(await failed(chat.run(async () => used(1), { parameters: { maxTokens: null } }))).toMatchObject({
      code: 'invalid_option',
    });
  });

  it.for<[string, object, object]>([
    ['that is a word for no limit', { max_tokens: -1 }, {}],
    ['that is not a number', { max_tokens: '100' }, {}],
    ['of a call that its endpoint does not take', { max_tokens: null }, { parameters: { maxTokens: 100 } }],
  ])('takes no limit %s', async ([, parameters, options], { expect }) => {
    const endpoints = { one: { provider: 'openai', model: 'gpt-x', rates, parameters } };
    await using it = await loaded(budgeted({ perDay: 1, hard: true }, { endpoints }));
    const error = await failed(it.ai.task('chat').run(async () => used(1), options));
    expect(error.message).toContain('does not say what it may use');
  });

  it('takes what a call of the AI SDK may use from that call', async () => {
    await using it = await loaded(budgeted({ perDay: 1, hard: true }));
    const asked: unknown[] = [];
    const model = it.ai.task('chat').model(() => ({
      specificationVersion: 'v3',
      doGenerate: async (options: object) => {
        asked.push(options);
        return { usage: { inputTokens: { total: 5 }, outputTokens: { total: 7 } } };
      },
    }));
    await model.doGenerate({ maxOutputTokens: 100 });
    expect(asked).toMatchObject([{ maxOutputTokens: 100 }]);
    expect(it.ai.spend().micros).toBe(12);
    expect(await failed(model.doGenerate({ maxOutputTokens: 1_000_000 }))).toMatchObject({
      code: 'quota_exceeded',
    });
    expect(await failed(model.doGenerate({}))).toMatchObject({ code: 'invalid_option' });
  });

  it('asks no endpoint without a price, and goes on to one that fits', async () => {
    const data = budgeted({ perDay: 1, hard: true });
    const dear = { currency: 'USD', inputPerMillion: 50, outputPerMillion: 50 };
    await using it = await loaded({
      ...data,
      endpoints: {
        unknown: { provider: 'openai', model: 'gpt-z' },
        dear: { provider: 'openai', model: 'gpt-y', rates: dear },
        ...data.endpoints,
      },
      tasks: { chat: { use: ['unknown', 'dear', 'one'] } },
    });
    const ask = backend({ unknown: used(1), dear: used(1), one: used(1) });
    await it.ai.task('chat').run(ask, call);
    expect(ask.asked).toEqual(['one']);
    const { message } = await failed(it.ai.task('chat').run(ask, { ...call, pin: 'unknown' }));
    expect(message).toContain('not asked: its price is not known, and the budget "team" is hard');
  });

  it('counts in its own currency', async () => {
    const data = budgeted({ perDay: 1, hard: true });
    const endpoints = { one: { provider: 'openai', model: 'gpt-x' } };
    await using it = await loaded({ ...data, endpoints }, { price: () => ({ micros: 1, currency: 'EUR' }) });
    const { message } = await failed(it.ai.task('chat').run(async () => used(1), call));
    expect(message).toContain('its price is in EUR, and the budget "team" is hard');
  });

  it('that another one refuses holds nothing', async () => {
    await using it = await loaded(
      budgeted(
        {},
        {
          budgets: {
            wide: { currency: 'USD', perMonth: 5, hard: true },
            narrow: { currency: 'USD', perDay: 0.1, hard: true },
          },
        },
      ),
    );
    await failed(it.ai.task('chat').run(async () => used(1), call));
    expect(it.ai.explain('chat').budgets.map(({ heldMicros }) => heldMicros)).toEqual([0, 0]);
  });
});

describe('a soft budget', () => {
  it('refuses nothing, and reports both marks once', async () => {
    await using it = await loaded(budgeted({ perMonth: 1 }));
    for (let i = 0; i < 15; i++) await it.ai.task('chat').run(async () => used(100_000));
    const month = new Date(it.clock.now()).toISOString().slice(0, 7);
    expect(budgetEvents(it)).toEqual([`alert ${month}`, `exceeded ${month}`]);
    expect(it.events.find(({ type }) => type === 'budget')).toEqual({
      type: 'budget',
      time: expect.any(Number),
      level: 'warn',
      outcome: 'ok',
      budget: 'team',
      state: 'alert',
      account: month,
      currency: 'USD',
      spentMicros: 800_000,
      limitMicros: 1_000_000,
    });
  });

  it('reports a limit that is lowered below what is spent', async () => {
    await using it = await loaded(budgeted({ perMonth: 10 }));
    const month = new Date(it.clock.now()).toISOString().slice(0, 7);
    const lowered = async (perMonth: number): Promise<readonly string[]> => {
      await it.store.set('llm.budgets.team.perMonth', perMonth);
      await it.ai.config.reload();
      return budgetEvents(it);
    };
    await it.ai.task('chat').run(async () => used(2_000_000));
    expect(await lowered(3)).toEqual([]);
    expect(await lowered(2.5)).toEqual([`alert ${month}`]);
    expect(await lowered(1)).toEqual([`alert ${month}`, `exceeded ${month}`]);
    await it.ai.task('chat').run(async () => used(100_000));
    expect(budgetEvents(it)).toHaveLength(2);
    // the accounts of last month have ended
    await it.clock.advance(31 * 86_400_000);
    expect(await lowered(0.5)).toHaveLength(2);
  });

  it('begins again with each period of UTC', async () => {
    await using it = await loaded(budgeted({ perDay: 1, alertAt: 0.5 }));
    const day = () => new Date(it.clock.now()).toISOString().slice(0, 10);
    const first = day();
    await it.ai.task('chat').run(async () => used(600_000));
    await it.clock.advance(86_400_000);
    await it.ai.task('chat').run(async () => used(400_000));
    expect(it.ai.explain('chat').budgets).toMatchObject([{ period: day(), spentMicros: 400_000 }]);
    await it.ai.task('chat').run(async () => used(400_000));
    expect(budgetEvents(it)).toEqual([`alert ${first}`, `alert ${day()}`]);
  });

  it('counts a call in the period in which it began, at the rates with which it began', async () => {
    await using it = await loaded(budgeted({ perDay: 1, hard: true }));
    const begun = it.ai.task('chat').run(
      async () => {
        await it.store.set('llm.endpoints.one.rates.inputPerMillion', 5);
        await it.ai.config.reload();
        await it.clock.advance(86_400_000 - 1);
        return used(300_000);
      },
      { estimatedTokens: 1_000_000 },
    );
    await it.store.set('llm.endpoints.one.timeoutMs', 90_000_000);
    await it.clock.until(begun.catch(() => undefined));
    expect(it.ai.spend().micros).toBe(1_000_000);
    expect(it.ai.explain('chat').budgets).toMatchObject([{ spentMicros: 0, heldMicros: 0 }]);
    await it.ai.task('chat').run(async () => used(200_000), { estimatedTokens: 200_000 });
    expect(it.ai.explain('chat').budgets).toMatchObject([{ spentMicros: 1_000_000 }]);
  });

  it('counts its tasks alone', async () => {
    await using it = await loaded(budgeted({ perDay: 1, tasks: ['chat'] }));
    await it.ai.task('other').run(async () => used(100));
    await it.ai.task('chat').run(async () => used(5));
    expect(it.ai.explain('chat').budgets).toMatchObject([{ spentMicros: 5 }]);
    expect(it.ai.explain('other').budgets).toEqual([]);
  });
});

describe('a budget for each', () => {
  it.for(['tenant', 'subject'] as const)('%s counts them apart, and needs to know which', async (each) => {
    await using it = await loaded(budgeted({ perDay: 1, hard: true, each }));
    const chat = it.ai.task('chat');
    await chat.run(async () => used(900_000), { ...call, [each]: 'a' });
    expect((await failed(chat.run(async () => used(1), { ...call, [each]: 'a' }))).code).toBe(
      'quota_exceeded',
    );
    await chat.run(async () => used(1), { ...call, [each]: 'b' });
    expect((await failed(chat.run(async () => used(1), call))).message).toContain(
      `the budget "team" is for each ${each}, and the call of "chat" has none. Set the option ${each}`,
    );
    expect(it.ai.explain('chat', { [each]: 'a' }).budgets).toMatchObject([{ of: 'a', spentMicros: 900_000 }]);
    expect(it.ai.explain('chat').budgets).toEqual([]);
    expect(budgetEvents(it)).toEqual([expect.stringMatching(/^alert \d{4}-\d\d-\d\d a$/)]);
  });

  it('task counts them apart', async () => {
    await using it = await loaded(budgeted({ perDay: 1, each: 'task' }));
    await it.ai.task('other').run(async () => used(100));
    await it.ai.task('chat').run(async () => used(5));
    for (const [task, spentMicros] of Object.entries({ chat: 5, other: 100 }))
      expect(it.ai.explain(task).budgets).toMatchObject([{ of: task, spentMicros }]);
  });
});

describe('a reload', () => {
  it('changes the limit of a budget, and keeps what is spent', async () => {
    await using it = await loaded(budgeted({ perDay: 1, hard: true }));
    const chat = it.ai.task('chat');
    await chat.run(async () => used(900_000), call);
    await failed(chat.run(async () => used(1), call));
    await it.store.set('llm.budgets.team.perDay', 2);
    await it.ai.config.reload();
    await chat.run(async () => used(1), call);
    expect(it.ai.explain('chat').budgets).toMatchObject([{ spentMicros: 900_001, limitMicros: 2_000_000 }]);
  });

  it('may bring the first budget, which counts from the next call on', async () => {
    const { budgets, ...data } = budgeted({ perDay: 0.1, hard: true });
    const { rates: _, ...endpoint } = data.endpoints.one as { rates?: unknown };
    await using it = await loaded({ ...data, endpoints: { one: endpoint as never } });
    expect(() => it.ai.spend()).toThrow();
    const leaves = { 'budgets.team': budgets?.team, 'endpoints.one.rates': rates };
    for (const [at, section] of Object.entries(leaves))
      for (const [name, value] of Object.entries(section ?? {}))
        await it.store.set(`llm.${at}.${name}`, value);
    await it.ai.config.reload();
    const error = await failed(it.ai.task('chat').run(async () => used(1), call));
    expect(error.code).toBe('quota_exceeded');
  });
});

describe('ai.explain', () => {
  it('shows the budgets of a task, and that a hard one is used up', async () => {
    await using it = await loaded(
      budgeted(
        {},
        {
          budgets: {
            team: { currency: 'USD', perDay: 0.5, hard: true },
            all: { currency: 'USD', perMonth: 100, each: 'tenant' },
          },
        },
      ),
    );
    const options = { ...call, tenant: 'acme' };
    await it.ai.task('chat').run(async () => used(500_000), options);
    const day = new Date(it.clock.now()).toISOString().slice(0, 10);
    expect(String(it.ai.explain('chat', options))).toBe(
      [
        'chat (chat)',
        `  1  one  gpt-x    over budget  the budget "team" is used up for ${day}`,
        `  budget team: 0.50 of 0.50 USD in ${day}, hard, in this process`,
        `  budget all of acme: 0.50 of 100.00 USD in ${day.slice(0, 7)}, soft, in this process`,
      ].join('\n'),
    );
  });
});

describe('a configuration with wrong budgets', () => {
  it.for<[object, string, string]>([
    [{ currency: 'usd', perDay: 1 }, 'budgets.team.currency', 'must be a currency of three letters'],
    [{ currency: 'EUR', perDay: 1 }, 'budgets.team.currency', 'the rates of the endpoint "one" are in USD'],
    [{ currency: 'USD' }, 'budgets.team', 'must have one of perMonth and perDay'],
    [{ currency: 'USD', perDay: 1, perMonth: 5 }, 'budgets.team', 'must have one of perMonth and perDay'],
    [{ currency: 'USD', perDay: 1, alertAt: 80 }, 'budgets.team.alertAt', 'at most 1'],
    [{ currency: 'USD', perDay: Number.POSITIVE_INFINITY }, 'budgets.team.perDay', 'at most 1,000,000,000'],
    [{ currency: 'USD', perDay: 1, tasks: ['caht'] }, 'budgets.team.tasks', 'did you mean chat?'],
    [{ currency: 'USD', perDay: 1, each: 'user' }, 'budgets.team.each', 'one of task, tenant, subject'],
    [{ currency: 'USD', perday: 1, perMonth: 1 }, 'budgets.team.perday', 'Did you mean'],
  ])('%j is reported at %s', async ([budget, at, words], { expect }) => {
    const error = await failed(loaded(budgeted(budget)));
    expect(error.code).toBe('validation');
    expect(error.message).toContain(at);
    expect(error.message).toContain(words);
  });

  it('is reported for rates', async () => {
    const endpoints = { one: { provider: 'openai', model: 'x', rates: { currency: 'USD' } } };
    const error = await failed(loaded({ endpoints, tasks: { chat: { use: ['one'] } } }));
    expect(error.message).toContain('must have inputPerMillion, outputPerMillion or perCall');
  });
});

describe('random calls', () => {
  const step = fc.record({
    tenant: fc.constantFrom('a', 'b'),
    estimate: fc.integer({ min: 1, max: 60 }),
    /** Of the estimate; undefined: it fails and is not billed. */
    part: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
    hasUsage: fc.boolean(),
    forMs: fc.integer({ min: 0, max: 30 }),
  });

  it('never spend more than a hard budget, and every sum is that of the answers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const limit = 100;
        const data = budgeted({ perMonth: limit / 1e6, hard: true, each: 'tenant', alertAt: 1 });
        await using it = await loaded(data);
        const expected = { a: 0, b: 0, estimated: 0 };
        const calls = steps.map(({ tenant, estimate, part, hasUsage, forMs }) => {
          const answer = async () => {
            await new Promise<void>((resolve) => it.clock.after(forMs, resolve));
            if (part === undefined) throw http(400);
            const tokens = Math.max(1, Math.floor(estimate * part));
            expected[tenant] += hasUsage ? tokens : estimate;
            if (!hasUsage) expected.estimated += estimate;
            return hasUsage ? used(tokens) : 'no usage';
          };
          return it.ai
            .task('chat')
            .run(answer, { tenant, estimatedTokens: estimate })
            .catch(() => undefined);
        });
        for (let ms = 0; ms <= 30; ms++) await it.clock.advance(1);
        await Promise.all(calls);
        for (const tenant of ['a', 'b'] as const) {
          expect(expected[tenant]).toBeLessThanOrEqual(limit);
          const [budget] = it.ai.explain('chat', { tenant }).budgets;
          expect(budget).toMatchObject({ spentMicros: expected[tenant], heldMicros: 0 });
        }
        const { micros, estimated } = it.ai.spend();
        expect([micros, estimated.micros]).toEqual([expected.a + expected.b, expected.estimated]);
      }),
      { numRuns: Math.min(2_000, Number(process.env.PROPERTY_RUNS ?? 15)) },
    );
  });
});
