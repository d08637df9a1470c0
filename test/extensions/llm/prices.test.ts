// What calls cost: the tokens that answers say, rates of the configuration, and the prices of
// @pydantic/genai-prices beside what that package calculates from the vendor's own answer.

import { calcPrice, extractUsage, findProvider } from '@pydantic/genai-prices';
import { describe, expect, it } from 'vitest';
import { importsOf } from '../../../scripts/imports.ts';
import type { LlmData, RatesData } from '../../../src/extensions/llm/data.ts';
import { type Usage, usageOf } from '../../../src/extensions/llm/endpoints/usage.ts';
import { genaiPrices } from '../../../src/extensions/llm/genai-prices.ts';
import { backend, http, loaded } from './loaded.ts';

/** One call of 100 tokens of input, 90 of them from a cache, and 4 of output, in each vendor's words. */
const same = { inputTokens: 100, outputTokens: 4, cachedTokens: 90 };
const answers: Readonly<Record<string, object>> = {
  'OpenAI chat': {
    usage: { prompt_tokens: 100, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 90 } },
  },
  'OpenAI responses': {
    usage: { input_tokens: 100, output_tokens: 4, input_tokens_details: { cached_tokens: 90 } },
  },
  'an event of OpenAI responses': {
    type: 'response.completed',
    response: { usage: { input_tokens: 100, output_tokens: 4, input_tokens_details: { cached_tokens: 90 } } },
  },
  Anthropic: { usage: { input_tokens: 10, output_tokens: 4, cache_read_input_tokens: 90 } },
  Gemini: {
    usageMetadata: {
      promptTokenCount: 100,
      cachedContentTokenCount: 90,
      candidatesTokenCount: 1,
      thoughtsTokenCount: 3,
    },
  },
  Bedrock: { usage: { inputTokens: 10, outputTokens: 4, totalTokens: 104, cacheReadInputTokens: 90 } },
  'a proxy that counts the cache beside': {
    usage: { prompt_tokens: 10, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 90 } },
  },
  DeepSeek: { usage: { prompt_tokens: 100, completion_tokens: 4, prompt_cache_hit_tokens: 90 } },
  LangChain: {
    usage_metadata: { input_tokens: 100, output_tokens: 4, input_token_details: { cache_read: 90 } },
  },
  'the AI SDK 6': {
    usage: { inputTokens: { total: 100, noCache: 10, cacheRead: 90 }, outputTokens: { total: 4 } },
  },
  'the AI SDK 5': { usage: { inputTokens: 100, outputTokens: 4, cachedInputTokens: 90 } },
  'the AI SDK 5 with Anthropic': {
    usage: { inputTokens: 10, outputTokens: 4, cachedInputTokens: 90 },
    providerMetadata: {
      anthropic: { usage: { input_tokens: 10, output_tokens: 4, cache_read_input_tokens: 90 } },
    },
  },
};

describe('the tokens of an answer', () => {
  it.for(Object.entries(answers))('of %s have those of the cache once', ([, answer], { expect }) => {
    expect(usageOf(answer)).toEqual(same);
  });

  it('have those that went into a cache, and the tier', () => {
    const usage = {
      input_tokens: 10,
      output_tokens: 4,
      cache_read_input_tokens: 90,
      cache_creation_input_tokens: 50,
      cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 30 },
      service_tier: 'priority',
    };
    expect(usageOf({ usage })).toEqual({
      inputTokens: 150,
      outputTokens: 4,
      cachedTokens: 90,
      cacheWriteTokens: 50,
      cacheWriteHourTokens: 30,
      tier: 'priority',
    });
    expect(usageOf({ usage: { prompt_tokens: 1 }, service_tier: 'flex' })?.tier).toBe('flex');
  });
});

describe('tokens of reasoning', () => {
  const reasoning = { reasoning_tokens: 30 };
  it.for<[string, object]>([
    [
      'among those of the output',
      { usage: { prompt_tokens: 5, completion_tokens: 40, completion_tokens_details: reasoning } },
    ],
    [
      'among them, with a total',
      {
        usage: {
          prompt_tokens: 5,
          completion_tokens: 40,
          total_tokens: 45,
          completion_tokens_details: reasoning,
        },
      },
    ],
    [
      'beside them, of xAI',
      {
        usage: {
          prompt_tokens: 5,
          completion_tokens: 10,
          total_tokens: 45,
          completion_tokens_details: reasoning,
        },
      },
    ],
    [
      'beside them, of Google in the AI SDK 5',
      { usage: { inputTokens: 5, outputTokens: 10, totalTokens: 45, reasoningTokens: 30 } },
    ],
    [
      'beside them, of Google in LangChain',
      {
        usage_metadata: {
          input_tokens: 5,
          output_tokens: 10,
          total_tokens: 45,
          output_token_details: { reasoning: 30 },
        },
      },
    ],
  ])('%s count once', ([, answer], { expect }) => {
    expect(usageOf(answer)).toEqual({ inputTokens: 5, outputTokens: 40 });
  });
});

it.for([-1, Number.NaN, Number.POSITIVE_INFINITY, 1e308, '5', null])(
  'a server that says %s as its tokens leaves a sum that is a number',
  async (tokens, { expect }) => {
    const rates = { currency: 'USD', inputPerMillion: 1e9, outputPerMillion: 1 };
    await using it = await loaded(rated(rates));
    const usages = [
      { prompt_tokens: tokens, completion_tokens: 2 },
      { prompt_tokens: 2 ** 53 - 1, completion_tokens: tokens },
      { input_tokens: 0, output_tokens: 2, cache_read_input_tokens: tokens },
    ];
    for (const usage of usages) await it.ai.task('chat').run(async () => ({ usage }));
    const { micros, unpriced } = it.ai.spend();
    expect([Number.isFinite(micros), micros > Number.MAX_SAFE_INTEGER, unpriced]).toEqual([true, true, {}]);
  },
);

const rated = (rates: RatesData | undefined, more: object = {}): LlmData => ({
  endpoints: { one: { provider: 'openai', model: 'gpt-4o', ...(rates && { rates }), ...more } },
  tasks: { chat: { use: ['one'] } },
});
const openai = (prompt_tokens: number, completion_tokens: number, cached_tokens = 0) => ({
  usage: { prompt_tokens, completion_tokens, prompt_tokens_details: { cached_tokens } },
});

describe('rates of the configuration', () => {
  it.for<[string, RatesData, object, number | undefined]>([
    ['of both', { currency: 'EUR', inputPerMillion: 2.5, outputPerMillion: 10 }, openai(1_000, 100), 3_500],
    [
      'of a cache',
      { currency: 'EUR', inputPerMillion: 2.5, outputPerMillion: 10, cachedPerMillion: 0.25 },
      openai(1_000, 0, 900),
      475,
    ],
    [
      'of what a cache keeps',
      { currency: 'EUR', inputPerMillion: 1, cacheWritePerMillion: 1.25, cacheWriteHourPerMillion: 2 },
      {
        usage: {
          input_tokens: 0,
          cache_creation_input_tokens: 1_000,
          cache_creation: { ephemeral_1h_input_tokens: 400 },
        },
      },
      1_550,
    ],
    ['per call', { currency: 'EUR', perCall: 0.002 }, { results: [] }, 2_000],
    ['below a micro-unit', { currency: 'EUR', inputPerMillion: 0.02 }, openai(3, 0), 1],
    ['of an exact binary fraction', { currency: 'EUR', inputPerMillion: 0.1 }, openai(30, 0), 3],
    ['that lack the output', { currency: 'EUR', inputPerMillion: 2.5 }, openai(1_000, 1), undefined],
    ['without a usage', { currency: 'EUR', inputPerMillion: 2.5 }, {}, undefined],
  ])('%s price a call', async ([, rates, answer, micros], { expect }) => {
    await using it = await loaded(rated(rates));
    await it.ai.task('chat').run(async () => answer);
    const spend = it.ai.spend();
    expect(spend).toMatchObject({ currency: 'EUR', micros: micros ?? 0 });
    expect(spend.unpriced).toEqual(micros === undefined ? { one: 1 } : {});
    const attempt = it.events.find(({ type }) => type === 'attempt');
    expect(attempt).toMatchObject(
      micros === undefined ? {} : { cost: { micros, currency: 'EUR', isEstimated: false } },
    );
  });

  it('win over the function price, which gets the rest', async () => {
    const asked: unknown[] = [];
    const data: LlmData = {
      endpoints: {
        one: { provider: 'openai', model: 'gpt-x', rates: { currency: 'USD', perCall: 1 } },
        two: {
          provider: 'azure',
          model: 'gpt-y',
          region: 'eu',
          parameters: { service_tier: 'flex' },
        },
      },
      tasks: { chat: { use: ['one', 'two'] } },
    };
    const price = (call: unknown) => {
      asked.push(call);
      return { micros: 7, currency: 'USD' };
    };
    await using it = await loaded(data, { price });
    for (const pin of ['one', 'two']) await it.ai.task('chat').run(async () => openai(1, 2), { pin });
    expect(asked).toEqual([
      {
        provider: 'azure',
        model: 'gpt-y',
        region: 'eu',
        tier: 'flex',
        endpoint: 'two',
        usage: { inputTokens: 1, outputTokens: 2 },
      },
    ]);
    expect(it.ai.spend()).toEqual({
      currency: 'USD',
      micros: 1_000_007,
      byEndpoint: { one: { micros: 1_000_000, attempts: 1 }, two: { micros: 7, attempts: 1 } },
      byTask: { chat: { micros: 1_000_007, attempts: 2 } },
      estimated: { micros: 0, attempts: 0 },
      unpriced: {},
    });
  });
});

describe('a call whose price is not known', () => {
  it.for<[string, () => unknown, string]>([
    ['undefined', () => undefined, 'its price is not known'],
    ['a number', () => 0.5, 'price returned no amount'],
    ['a fraction', () => ({ micros: 0.5, currency: 'USD' }), 'price returned no amount'],
    [
      'an error',
      () => {
        throw new Error('fake-Zq83');
      },
      'price has thrown',
    ],
  ])('because price gives %s is answered, and counted as unpriced', async ([, price, why], { expect }) => {
    await using it = await loaded(rated(undefined), { price: price as never });
    for (let i = 0; i < 3; i++) await it.ai.task('chat').run(async () => openai(5, 5));
    expect(it.ai.spend()).toMatchObject({ micros: 0, byEndpoint: {}, unpriced: { one: 3 } });
    await it.ai.task('chat').run(async () => openai(5, 5), { estimatedTokens: 9 });
    await it.ai.task('chat').run(async () => ({}), { estimatedTokens: 9 });
    const unpriced = { endpoint: 'one', why: expect.stringContaining(why), level: 'warn' };
    expect(it.events.filter(({ type }) => type === 'unpriced')).toEqual([expect.objectContaining(unpriced)]);
    await it.ai.task('chat').run(async () => ({}));
    expect(it.events.findLast(({ type }) => type === 'unpriced')).toMatchObject({
      why: 'its usage is not known',
    });
    expect(JSON.stringify(it.events)).not.toContain('Zq83');
  });

  it('is no reason to count where nothing counts', async () => {
    await using it = await loaded();
    await it.ai.task('chat').run(backend({ first: openai(1, 1) }));
    expect(() => it.ai.spend()).toThrow('the cost of calls is not counted');
    expect(it.events[0]).not.toHaveProperty('cost');
  });
});

describe('what counts the cost', () => {
  it('is loaded only where something is to be counted', () => {
    const loadedAtOnce = new Set<string>();
    const follow = (file: string): void => {
      if (loadedAtOnce.has(file)) return;
      loadedAtOnce.add(file);
      for (const { target, kind } of importsOf(file))
        if (kind === 'static' && target.startsWith('src/')) follow(target);
    };
    follow('src/extensions/llm/index.ts');
    expect(loadedAtOnce.size).toBeGreaterThan(30);
    expect([...loadedAtOnce].filter((file) => /llm\/(?:cost|budgets)\//.test(file))).toEqual([]);
  });
});

describe('an attempt that fails', () => {
  const rates = { currency: 'USD', inputPerMillion: 1, outputPerMillion: 1 };
  const more = { retries: 0, timeoutMs: 1_000 };
  const call = { estimatedTokens: 900, maxOutputTokens: 100 };

  it.for<[string, unknown, number, number]>([
    ['throttled', http(429), 0, 0],
    ['a failed server', http(503), 0, 0],
    ['a refused key', http(401), 0, 0],
    ['a wrong request', http(400), 0, 0],
    ['an error that says its usage', Object.assign(new Error('no object'), openai(50, 7)), 57, 0],
    ['an error of your own after the answer', new TypeError('x is not a function'), 900, 900],
  ])('with %s is charged what was billed', async ([, error, micros, estimated], { expect }) => {
    await using it = await loaded(rated(rates, more));
    await it.ai
      .task('chat')
      .run(backend({ one: error }), call)
      .catch(() => undefined);
    expect(it.ai.spend()).toMatchObject({ micros, estimated: { micros: estimated }, unpriced: {} });
  });

  it('because it is too slow or aborted is charged the estimate', async () => {
    await using it = await loaded(rated(rates, more));
    const slow = it.ai.task('chat').run(() => new Promise(() => undefined), call);
    await it.clock.until(
      slow.catch(() => undefined),
      100,
    );
    expect(it.ai.spend().estimated).toEqual({ micros: 900, attempts: 1 });
    const stop = new AbortController();
    const aborted = it.ai
      .task('chat')
      .run(() => new Promise(() => undefined), { ...call, signal: stop.signal });
    stop.abort();
    await aborted.catch(() => undefined);
    expect(it.ai.spend()).toMatchObject({ micros: 1_800, estimated: { micros: 1_800, attempts: 2 } });
    const plain = it.ai.task('chat').run(() => new Promise(() => undefined));
    await it.clock.until(
      plain.catch(() => undefined),
      100,
    );
    expect(it.ai.spend()).toMatchObject({ micros: 1_800, unpriced: { one: 1 } });
  });

  const chunk = (text: string) => ({ choices: [{ delta: { content: text } }] });
  const started = { type: 'message_start', message: { usage: { input_tokens: 40, output_tokens: 1 } } };
  const word = { type: 'content_block_delta', delta: { type: 'text_delta', text: 'a' } };
  const ended = { type: 'message_delta', usage: { output_tokens: 60 } };
  async function* chunks(all: readonly unknown[]): AsyncGenerator<unknown> {
    for (const one of all) {
      if (one instanceof Error) throw one;
      yield one;
    }
  }

  it.for<[string, readonly unknown[], number, number, number]>([
    ['to its end', [started, word, ended], 9, 100, 0],
    ['with its usage at the end', [chunk('a'), openai(40, 60)], 9, 100, 0],
    ['without a usage', [chunk('a'), chunk('b')], 9, 900, 900],
    ['that breaks', [started, word, new Error('ECONNRESET')], 9, 900, 900],
    ['that its reader leaves', [started, word, ended], 1, 900, 900],
    ['that fails before its first word', [http(503)], 9, 0, 0],
  ])('a stream %s is charged', async ([, all, most, micros, estimated], { expect }) => {
    await using it = await loaded(rated(rates, more));
    let read = 0;
    try {
      for await (const _ of it.ai.task('chat').stream(() => chunks(all), call)) if (++read > most) break;
    } catch {
      // it is broken
    }
    expect(it.ai.spend()).toMatchObject({ micros, estimated: { micros: estimated }, unpriced: {} });
  });

  it('and the next one that answers are charged both', async () => {
    const data: LlmData = {
      endpoints: {
        one: { provider: 'openai', model: 'a', rates, timeoutMs: 1_000 },
        two: { provider: 'openai', model: 'b', rates },
      },
      tasks: { chat: { use: ['one', 'two'] } },
    };
    await using it = await loaded(data);
    const ask = ({ name }: { readonly name: string }) =>
      name === 'one' ? new Promise(() => undefined) : Promise.resolve(openai(10, 10));
    await it.clock.until(it.ai.task('chat').run(ask, call), 100);
    expect(it.ai.spend()).toMatchObject({
      micros: 920,
      byEndpoint: { one: { micros: 900 }, two: { micros: 20 } },
      byTask: { chat: { micros: 920, attempts: 2 } },
    });
  });
});

describe('genaiPrices', () => {
  const vendors: readonly (readonly [provider: string, model: string, answer: object, flavor?: string])[] = [
    ['openai', 'gpt-4o', { model: 'gpt-4o', ...answers['OpenAI chat'] }, 'chat'],
    ['openai', 'gpt-5', { model: 'gpt-5', ...answers['OpenAI responses'] }, 'responses'],
    [
      'anthropic',
      'claude-haiku-4-5',
      {
        model: 'claude-haiku-4-5',
        usage: {
          input_tokens: 1_000,
          output_tokens: 321,
          cache_read_input_tokens: 9_000,
          cache_creation_input_tokens: 500,
          cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 300 },
        },
      },
    ],
    [
      'anthropic',
      'claude-haiku-4-5',
      {
        model: 'claude-haiku-4-5',
        usage: {
          input_tokens: 7,
          output_tokens: 9,
          cache_read_input_tokens: 90,
          cache_creation_input_tokens: 0,
        },
      },
    ],
    ['google', 'gemini-2.5-flash', { modelVersion: 'gemini-2.5-flash', ...answers.Gemini }],
    [
      'google',
      'gemini-2.5-pro',
      {
        modelVersion: 'gemini-2.5-pro',
        usageMetadata: { promptTokenCount: 300_000, candidatesTokenCount: 50 },
      },
    ],
  ];

  it.for(vendors)('of %s %s are those of the package for the vendor’s answer', async (one, { expect }) => {
    const [provider, model, answer, flavor] = one;
    const known = findProvider({ providerId: provider });
    const theirs = extractUsage(known as never, answer, flavor ?? 'default').usage;
    const expected = calcPrice(theirs, model, { providerId: provider })?.total_price as number;
    const price = await genaiPrices();
    const usage = usageOf(answer) as Usage;
    // the second time, the rates are known
    for (let i = 0; i < 2; i++)
      expect(price({ provider, model, usage, endpoint: 'one' })).toEqual({
        micros: Math.ceil(expected * 1e6 - 1e-6),
        currency: 'USD',
      });
  });

  it('know no unknown model, vendor or tier', async () => {
    const price = await genaiPrices({ providers: { 'in-house': 'openai' } });
    const call = { provider: 'openai', model: 'gpt-4o', usage: same, endpoint: 'one' };
    expect(price(call)?.micros).toBeGreaterThan(0);
    expect(price({ ...call, provider: 'in-house' })).toEqual(price(call));
    expect(price({ ...call, tier: 'default' })).toEqual(price(call));
    for (const other of [{ model: 'gpt-nope' }, { provider: 'nope' }, { tier: 'flex' }])
      expect(price({ ...call, ...other }), JSON.stringify(other)).toBeUndefined();
  });

  it('price the calls of a task', async () => {
    await using it = await loaded(rated(undefined), { price: await genaiPrices() });
    await it.ai.task('chat').run(async () => openai(1_000, 100, 900));
    expect(it.ai.spend()).toMatchObject({ currency: 'USD', micros: 250 + 1_125 + 1_000 });
  });

  it('refuse wrong options', async () => {
    await expect(genaiPrices({ provider: {} } as never)).rejects.toThrow('Did you mean providers?');
  });
});
