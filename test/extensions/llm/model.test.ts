// Models of the AI SDK, made of several. The models here have the shape of the specifications; the real ones
// run in test/llm-sdks.

import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../../src/extensions/llm/endpoints/endpoint.ts';
import { http, loaded, two } from './loaded.ts';

interface Options {
  readonly prompt: string;
  readonly abortSignal?: AbortSignal;
}

class FakeModel {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
  readonly supportedUrls = {};
  readonly #plan: (prompt: string) => unknown;
  constructor(version: string, { provider, model }: Endpoint, plan: (prompt: string) => unknown) {
    this.specificationVersion = version;
    this.provider = provider;
    this.modelId = model;
    this.#plan = plan;
  }
  get capabilities(): string {
    return `of ${this.modelId}`;
  }
  async doGenerate({ prompt, abortSignal }: Options) {
    const answer = this.#plan(prompt);
    if (answer instanceof Error) throw answer;
    if (answer === 'hang')
      await new Promise((_, reject) =>
        abortSignal?.addEventListener('abort', () => reject(abortSignal.reason)),
      );
    return { content: answer, usage: { inputTokens: { total: 3 }, outputTokens: { total: 4 } } };
  }
  async doStream({ prompt }: Options) {
    const parts = this.#plan(prompt);
    if (parts instanceof Error) throw parts;
    return { request: { body: prompt }, stream: ReadableStream.from(parts as unknown[]) };
  }
}

const first = { ...two, endpoints: { ...two.endpoints, first: { ...two.endpoints.first, retries: 0 } } };
const parts = async (stream: ReadableStream<unknown>): Promise<unknown[]> => {
  const all: unknown[] = [];
  for await (const part of stream) all.push(part);
  return all;
};
const delta = (value: string) => ({ type: 'text-delta', id: '0', delta: value });

describe.for(['v2', 'v3', 'v4'])('a model of the specification %s', (version) => {
  it('looks like the first one, and asks the others after it', async () => {
    await using it = await loaded(first);
    let made = 0;
    const plan: Record<string, unknown> = { 'gpt-x': http(503), 'claude-y': 'b' };
    const model = it.ai.task('chat').model((endpoint) => {
      made++;
      return new FakeModel(version, endpoint, () => plan[endpoint.model]);
    });
    expect([model.specificationVersion, model.provider, model.modelId, model.capabilities]).toEqual([
      version,
      'openai',
      'gpt-x',
      'of gpt-x',
    ]);
    expect(await model.doGenerate({ prompt: 'hi' })).toMatchObject({ content: 'b' });
    expect(await model.doGenerate({ prompt: 'hi' })).toMatchObject({ content: 'b' });
    expect(made).toBe(2);
    expect(it.events.at(-1)).toMatchObject({ usage: { inputTokens: 3, outputTokens: 4 } });
  });

  it('streams from the first endpoint with content, and keeps the rest of the result', async () => {
    await using it = await loaded(first);
    const plan: Record<string, unknown> = {
      'gpt-x': [{ type: 'stream-start' }, { type: 'error', error: { type: 'server_error' } }],
      'claude-y': [
        { type: 'stream-start' },
        delta('a'),
        delta('b'),
        { type: 'finish', usage: { inputTokens: 1, outputTokens: 2 } },
      ],
    };
    const model = it.ai
      .task('chat')
      .model((endpoint) => new FakeModel(version, endpoint, () => plan[endpoint.model]));
    const { stream, request } = await model.doStream({ prompt: 'hi' });
    expect(request).toEqual({ body: 'hi' });
    expect(await parts(stream)).toEqual(plan['claude-y']);
    expect(it.events.at(-1)).toMatchObject({ endpoint: 'second', outcome: 'ok', usage: { outputTokens: 2 } });
  });
});

describe('a model made of several', () => {
  it('shows a stream that breaks as an error part', async () => {
    await using it = await loaded(first);
    const broken = new TypeError('terminated');
    async function* steps() {
      yield delta('a');
      throw broken;
    }
    const model = it.ai.task('chat').model((endpoint) => new FakeModel('v3', endpoint, steps));
    const { stream } = await model.doStream({ prompt: 'hi' });
    expect(await parts(stream)).toEqual([delta('a'), { type: 'error', error: broken }]);
    expect(it.events).toMatchObject([{ endpoint: 'first', outcome: 'unavailable' }]);
  });

  it('ends a stream that is cancelled, before and after its first part', async () => {
    await using it = await loaded(first);
    for (const reads of [0, 1]) {
      let isClosed = false;
      async function* steps() {
        try {
          for (;;) yield delta('a');
        } finally {
          isClosed = true;
        }
      }
      const model = it.ai.task('chat').model((endpoint) => new FakeModel('v3', endpoint, steps));
      const { stream } = await model.doStream({ prompt: 'hi' });
      const reader = stream.getReader();
      for (let n = 0; n < reads; n++) await reader.read();
      await reader.cancel();
      await it.clock.advance(1);
      expect(isClosed).toBe(true);
    }
    expect(it.events.map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
  });

  it('throws the reason of an abort, which the AI SDK knows', async () => {
    await using it = await loaded(first);
    const model = it.ai.task('chat').model((endpoint) => new FakeModel('v3', endpoint, () => 'hang'));
    const controller = new AbortController();
    const asked = model.doGenerate({ prompt: 'hi', abortSignal: controller.signal });
    await it.clock.advance(1);
    controller.abort();
    await expect(asked).rejects.toBe(controller.signal.reason);
  });

  it('refuses models of different specifications, and a pin holds for all its calls', async () => {
    await using it = await loaded(first);
    const model = it.ai
      .task('chat')
      .model((endpoint) => new FakeModel(endpoint.name === 'first' ? 'v3' : 'v4', endpoint, () => http(503)));
    await expect(model.doGenerate({ prompt: 'hi' })).rejects.toThrow(
      'the models have the specifications v3 and v4',
    );
    const pinned = it.ai
      .task('chat')
      .model((endpoint) => new FakeModel('v3', endpoint, () => endpoint.name), { pin: 'second' });
    expect([pinned.modelId, (await pinned.doGenerate({ prompt: 'hi' })).content]).toEqual([
      'claude-y',
      'second',
    ]);
  });

  it('follows a reload', async () => {
    await using it = await loaded(first);
    const model = it.ai.task('chat').model((endpoint) => new FakeModel('v3', endpoint, () => endpoint.model));
    await it.store.set('llm.endpoints.first.model', 'gpt-z');
    await it.ai.config.reload();
    expect([model.modelId, (await model.doGenerate({ prompt: 'hi' })).content]).toEqual(['gpt-z', 'gpt-z']);
  });
});
