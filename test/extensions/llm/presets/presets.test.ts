// Presets: the parameters of endpoints, presets and calls, in the spelling of each client.

import { describe, expect, it } from 'vitest';
import { secret } from '../../../../src/entry.ts';
import type { EndpointData, LlmData } from '../../../../src/extensions/llm/data.ts';
import { type Endpoint, loadLlm } from '../../../../src/extensions/llm/index.ts';
import { combined } from '../../../../src/extensions/llm/presets/combine.ts';
import { MemoryProvider } from '../../../../src/providers/memory.ts';
import { http, loaded } from '../loaded.ts';

const endpoint = (provider: string, more: object = {}): EndpointData => ({ provider, model: 'm', ...more });
const precise = {
  temperature: 0.1,
  topP: 0.85,
  maxOutputTokens: 100,
  stopSequences: ['x'],
  response_format: 'json',
};

describe('parameters', () => {
  it.each<[string, object, object]>([
    ['openai', {}, { top_p: 0.85, max_completion_tokens: 100, stop: ['x'] }],
    ['azure', {}, { top_p: 0.85, max_completion_tokens: 100, stop: ['x'] }],
    ['anthropic', {}, { top_p: 0.85, max_tokens: 100, stop_sequences: ['x'] }],
    ['google', {}, { topP: 0.85, maxOutputTokens: 100, stopSequences: ['x'] }],
    ['vertex', {}, { topP: 0.85, maxOutputTokens: 100, stopSequences: ['x'] }],
    ['bedrock', {}, { topP: 0.85, maxTokens: 100, stopSequences: ['x'] }],
    ['mistral', {}, { top_p: 0.85, max_tokens: 100, stop: ['x'] }],
    ['cohere', {}, { p: 0.85, max_tokens: 100, stop_sequences: ['x'] }],
    ['openai', { spelling: 'ai-sdk' }, { topP: 0.85, maxOutputTokens: 100, stopSequences: ['x'] }],
    [
      'openai',
      { spelling: 'openai-responses' },
      { top_p: 0.85, max_output_tokens: 100, stopSequences: ['x'] },
    ],
    ['own-server', {}, { topP: 0.85, maxOutputTokens: 100, stopSequences: ['x'] }],
    ['constructor', {}, { topP: 0.85, maxOutputTokens: 100, stopSequences: ['x'] }],
  ])('are spelled for %s %j', (provider, more, expected) => {
    expect(combined(endpoint(provider, more), [precise])).toEqual({
      temperature: 0.1,
      response_format: 'json',
      ...expected,
    });
  });

  it('of the preset win over the endpoint, and those of the call over both', () => {
    const own = endpoint('openai', { parameters: { temperature: 1, seed: 1, user: 'app' } });
    expect(combined(own, [{ temperature: 0.1, topP: 0.5 }, { top_p: 0.9 }])).toEqual({
      temperature: 0.1,
      seed: 1,
      user: 'app',
      top_p: 0.9,
    });
  });

  it('keep the spelling that the endpoint itself has', () => {
    const own = endpoint('openai', { parameters: { max_tokens: 50 } });
    expect(combined(own, [precise])).toMatchObject({ max_tokens: 100 });
    expect(combined(own, [precise])).not.toHaveProperty('max_completion_tokens');
  });

  it('that are null are removed, and those of the endpoint from all', () => {
    const own = endpoint('openai', { parameters: { temperature: null, seed: 1, top_p: 1 } });
    expect(combined(own, [precise, { temperature: 0.5, seed: null, topP: null, stop: null }])).toEqual({
      max_completion_tokens: 100,
      response_format: 'json',
    });
  });

  it('are whole values', () => {
    const own = endpoint('x', { parameters: { format: { a: 1 }, list: [1, 2] } });
    expect(combined(own, [{ format: { b: 2 }, list: [3] }])).toEqual({ format: { b: 2 }, list: [3] });
  });

  it('with hostile names are names', () => {
    const layer = JSON.parse('{"__proto__":{"x":1},"constructor":2}') as object;
    const made = combined(endpoint('openai'), [layer as Record<string, unknown>]);
    expect(Object.keys(made)).toEqual(['__proto__', 'constructor']);
    expect(({} as { x?: number }).x).toBeUndefined();
  });
});

const data: LlmData = {
  endpoints: {
    first: endpoint('openai', { retries: 0, auth: { type: 'key', apiKey: 'fake-Zq83-first' } }),
    second: endpoint('anthropic', { parameters: { max_tokens: 256, temperature: 1 } }),
  },
  tasks: {
    summarize: { use: ['first', 'second'], preset: 'precise' },
    chat: { use: ['first', 'second'] },
  },
  presets: { precise: { temperature: 0.1, topP: 0.85 } },
};
const parametersOf = ({ parameters }: Endpoint) => parameters;

describe('a task with a preset', () => {
  it('hands out endpoints with its parameters, also pinned and after a failure', async () => {
    await using it = await loaded(data);
    const task = it.ai.task('summarize');
    expect(await task.run(parametersOf)).toEqual({ temperature: 0.1, top_p: 0.85 });
    const failing = (found: Endpoint) => {
      if (found.name === 'first') throw http(500);
      return parametersOf(found);
    };
    expect(await task.run(failing)).toEqual({ max_tokens: 256, temperature: 0.1, top_p: 0.85 });
    expect(await task.run(parametersOf, { pin: 'second' })).toMatchObject({ temperature: 0.1 });
    expect(await it.ai.task('chat').run(parametersOf, { pin: 'second' })).toEqual({
      max_tokens: 256,
      temperature: 1,
    });
  });

  it('keeps them when a credential is renewed', async () => {
    await using it = await loaded(data);
    let asked = 0;
    const found = await it.ai.task('summarize').run(async (given) => {
      if (asked++ > 0) return parametersOf(given);
      await it.store.set('llm.endpoints.first.auth.apiKey', secret('fake-Zq83-new'));
      throw http(401);
    });
    expect([found, asked]).toEqual([{ temperature: 0.1, top_p: 0.85 }, 2]);
  });

  it('takes parameters of a call, and one client serves them all', async () => {
    await using it = await loaded(data);
    const clientFor = it.ai.clients(({ parameters }) => ({ made: parameters }));
    const task = it.ai.task('summarize');
    const ask = (given: Endpoint) => ({ client: clientFor(given), parameters: given.parameters });
    const one = await task.run(ask, { parameters: { temperature: null, max_tokens: 5 } });
    const two = await task.run(ask, { parameters: { temperature: 0.7 } });
    expect(one.parameters).toEqual({ top_p: 0.85, max_completion_tokens: 5 });
    expect(two.parameters).toEqual({ temperature: 0.7, top_p: 0.85 });
    expect(one.client).toBe(two.client);
    const chat = await it.ai.task('chat').run(ask);
    expect(chat.client).not.toBe(one.client);
    const chunks: unknown[] = [];
    const stream = task.stream(
      async function* (given) {
        yield given.parameters;
      },
      { parameters: { seed: 4 } },
    );
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks).toEqual([{ temperature: 0.1, top_p: 0.85, seed: 4 }]);
    await it.clock.advance(60_000);
    expect((await task.run(ask)).client).toBe(two.client);
    expect((await task.run(ask, { pin: 'second' })).client).toBe(
      (await task.run(ask, { pin: 'second' })).client,
    );
  });

  it('follows a reload, and shows what it has', async () => {
    await using it = await loaded(data);
    expect(String(it.ai.explain('summarize'))).toContain('preset  precise  temperature 0.1  topP 0.85');
    await it.store.set('llm.presets.precise.temperature', secret('0.Zq83'));
    await it.ai.config.reload();
    expect(await it.ai.task('summarize').run(parametersOf)).toMatchObject({ temperature: '0.Zq83' });
    expect(String(it.ai.explain('summarize'))).toContain('temperature "[redacted]"');
    expect(JSON.stringify(it.ai.explain('summarize'))).not.toContain('Zq83');
    expect(it.ai.explain('chat').preset).toBeUndefined();
  });

  it('that does not exist is a problem', async () => {
    const wrong = { ...data, tasks: { chat: { use: ['first'], preset: 'precice' } } };
    await expect(loaded(wrong)).rejects.toThrow(
      'names the preset "precice", which does not exist; did you mean precise?',
    );
    const { presets: _, ...none } = wrong;
    await expect(loadLlm(new MemoryProvider({ llm: none as never }))).rejects.toThrow('names the preset');
  });
});

it('a null of an endpoint without a preset is not sent', async () => {
  await using it = await loaded({
    ...data,
    endpoints: { ...data.endpoints, first: endpoint('x', { parameters: { a: null, b: 1 } }) },
  });
  expect(await it.ai.task('chat').run(parametersOf)).toEqual({ b: 1 });
});
