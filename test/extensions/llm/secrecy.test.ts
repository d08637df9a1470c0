// What this module shows of calls: spans and events have names and numbers; nothing shows a key, a prompt or
// an answer.

import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { LlmData } from '../../../src/extensions/llm/data.ts';
import { telemetry } from '../otel/telemetry.ts';
import { http, loaded } from './loaded.ts';

const canary = 'Zq83canary';
/** Everything that is secret, or that a server or a person wrote, holds the canary. */
const data: LlmData = {
  endpoints: {
    first: {
      provider: 'openai',
      model: 'gpt-x',
      baseURL: 'https://eu.example.com/v1',
      retries: 0,
      auth: { type: 'key', apiKey: `fake-${canary}-key` },
      headers: { 'x-team': `fake-${canary}-team` },
    },
    second: {
      provider: 'anthropic',
      model: 'claude-y',
      auth: { type: 'bearer', token: `fake-${canary}-token` },
    },
    third: { provider: 'azure', model: 'gpt-x', deployment: 'prod' },
  },
  tasks: {
    chat: { use: ['first', 'second', 'third'] },
    one: { use: ['first'] },
    embed: { kind: 'embedding', use: ['third'] },
  },
};
const quoted = `Bearer fake-${canary}-key fake-${canary}-team fake-${canary}-token prompt ${canary}`;
const failures: readonly (() => Error)[] = [
  () => http(500, { type: canary, message: quoted }),
  () => http(429, { code: `rate ${canary} limit`, message: quoted }, { 'retry-after': canary }),
  () => http(401, { message: quoted }),
  () => http(400, { code: 'context_length_exceeded', message: quoted }),
  () => Object.assign(new TypeError(quoted), { cause: { code: canary, message: quoted } }),
];

describe('the span of a call', () => {
  it('is below the active one, and its client works inside it', async () => {
    await using otel = telemetry();
    await using it = await loaded(data);
    await otel.inSpan('handler', () =>
      it.ai.task('chat').run(async ({ name }) => {
        await otel.inSpan(`POST ${name}`, async () => undefined);
        if (name === 'first') throw http(429);
        return { usage: { input_tokens: 7, output_tokens: 9 } };
      }),
    );
    const [failed, answered] = [otel.of('chat gpt-x')[0], otel.of('chat claude-y')[0]];
    expect(failed).toMatchObject({ parent: 'handler', failed: true, kind: 2 });
    expect(failed?.attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-x',
      'llm_config.llm.task': 'chat',
      'llm_config.llm.endpoint': 'first',
      'llm_config.llm.attempt': 1,
      'server.address': 'eu.example.com',
      'llm_config.outcome': 'throttled',
      'error.type': 'throttled',
    });
    expect(answered).toMatchObject({ parent: 'handler', failed: false });
    expect(answered?.attributes).toMatchObject({
      'llm_config.llm.attempt': 2,
      'llm_config.outcome': 'ok',
      'gen_ai.usage.input_tokens': 7,
      'gen_ai.usage.output_tokens': 9,
    });
    expect(otel.of('POST second')[0]?.parent).toBe('chat claude-y');
  });

  it('has the cost, where it is known', async () => {
    await using otel = telemetry();
    await using it = await loaded(data, { price: () => ({ micros: 3_100, currency: 'USD' }) });
    await it.ai.task('chat').run(async () => ({ usage: { input_tokens: 7, output_tokens: 9 } }));
    expect(otel.of('chat gpt-x')[0]?.attributes).toMatchObject({
      'llm_config.llm.cost': 0.0031,
      'llm_config.llm.currency': 'USD',
    });
  });

  it('lasts until its stream ends', async () => {
    await using otel = telemetry();
    await using it = await loaded(data);
    const stream = it.ai.task('embed').stream(async function* () {
      yield 'a';
      yield 'b';
    });
    await stream.next();
    expect(otel.of('embeddings gpt-x')).toHaveLength(0);
    for await (const _ of stream);
    await new Promise(setImmediate);
    expect(otel.of('embeddings gpt-x')).toHaveLength(1);
  });
});

describe('no output', () => {
  it('of prices, budgets and their ledger shows a key, a prompt or an answer', async () => {
    await using otel = telemetry({ keys: 'spans' });
    const answer = {
      text: `answer ${canary}`,
      usage: { prompt_tokens: 90, completion_tokens: 9, service_tier: `tier ${canary}` },
    };
    const failure = () => Promise.reject(new Error(quoted));
    const budgeted: LlmData = {
      ...data,
      endpoints: {
        ...data.endpoints,
        rated: {
          provider: 'openai',
          model: 'gpt-z',
          auth: { type: 'key', apiKey: `fake-${canary}-key` },
          rates: { currency: 'USD', inputPerMillion: 1, outputPerMillion: 1 },
        },
      },
      tasks: { ...data.tasks, chat: { use: ['rated', 'second'] } },
      budgets: {
        soft: { currency: 'USD', perDay: 0.0001, tasks: ['embed', 'one'] },
        hard: { currency: 'USD', perDay: 0.0001, hard: true, tasks: ['chat'] },
      },
    };
    const price = (): never => {
      throw new Error(quoted);
    };
    const pace = { processes: 1, take: failure };
    const away = { reserve: failure, settle: failure, spent: failure, processes: 1 };
    const shown: unknown[] = [];
    for (const shared of [undefined, { pace: () => pace, ledger: () => away }]) {
      await using it = await loaded(budgeted, { price, ...(shared && { shared }) });
      for (const task of ['chat', 'chat', 'embed', 'one']) {
        const options = { estimatedTokens: 99, subject: `prompt ${canary}` };
        const call = it.ai.task(task).run(async () => answer, options);
        shown.push(await it.clock.until(call.then(() => task).catch((error: unknown) => error)));
        shown.push(it.ai.explain(task), String(it.ai.explain(task)));
      }
      await it.clock.advance(2_000);
      shown.push(it.events, it.ai.spend(), it.ai);
      await it.clock.until(it.ai.close());
    }
    const kinds = (shown.filter(Array.isArray).flat() as { type: string }[]).map(({ type }) => type);
    expect(kinds).toEqual(expect.arrayContaining(['budget', 'unpriced', 'exhausted', 'attempt']));
    shown.push(otel.spans());
    for (const one of shown) expect(inspect(one, { depth: 12, showHidden: true })).not.toContain(canary);
    expect(JSON.stringify(shown.filter((one) => !(one as { ai?: unknown }).ai))).not.toContain(canary);
  });

  it('shows a key, a prompt or what a server wrote', async () => {
    await using otel = telemetry({ keys: 'spans' });
    await using it = await loaded(data);
    const warnings: unknown[] = [];
    const warn = (warning: unknown): void => void warnings.push(warning);
    process.on('warning', warn);
    const errors: unknown[] = [];
    for (const failure of failures)
      for (const task of ['chat', 'one'])
        errors.push(
          await it.clock.until(
            it.ai
              .task(task)
              .run(async () => {
                throw failure();
              })
              .catch((error: unknown) => error),
          ),
        );
    process.off('warning', warn);
    const unavailable = errors.filter((error) => (error as { code?: string }).code === 'unavailable');
    expect(unavailable.length).toBeGreaterThan(4);
    const shown = [
      it.events,
      unavailable,
      otel.spans(),
      warnings,
      it.ai.explain('chat'),
      String(it.ai.explain('chat')),
      it.ai,
      it.ai.task('chat'),
      it.ai.config,
    ];
    for (const one of shown) expect(inspect(one, { depth: 12, showHidden: true })).not.toContain(canary);
    expect(JSON.stringify([it.events, unavailable, it.ai.explain('chat')])).not.toContain(canary);
    // the client's own errors keep the words of the server, without the credential of the endpoint
    for (const error of errors)
      expect(inspect(error, { depth: 12 })).not.toMatch(/fake-Zq83canary-(?:key|team)/);
  });
});
