// The same program with each SDK, and what it does in sixty cases of errors and in every way that a stream
// can break. Needs `npm ci --prefix test/llm-sdks`, and Node 22 for some of them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadLlm } from '../../src/extensions/llm/load-llm.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { reveal } from '../../src/reveal.ts';
import { fakeLlm } from '../support/fake-llm.ts';
import { llmCases } from '../support/llm-cases.ts';

const major = Number(process.versions.node.split('.')[0]);
globalThis.AI_SDK_LOG_WARNINGS = false;
const key = 'fake-Zq83-not-real';
const messages = [{ role: 'user', content: 'hi' }];

/** An SDK: a client for an endpoint, an answer as text, and a stream with its texts. */
const openai = (name) => async () => {
  const { default: OpenAI } = await import(name);
  return {
    path: '/v1',
    makeClient: ({ baseURL, auth }) => new OpenAI({ baseURL, apiKey: reveal(auth.apiKey), maxRetries: 0 }),
    ask: async (client, { model }, options) =>
      (await client.chat.completions.create({ model, messages }, options)).choices[0].message.content,
    open: (client, { model }, options) =>
      client.chat.completions.create({ model, messages, stream: true }, options),
    textOf: (chunk) => chunk.choices[0]?.delta.content ?? '',
  };
};
const responses = (name) => async () => {
  const sdk = await openai(name)();
  return {
    ...sdk,
    ask: async (client, { model }, options) =>
      (await client.responses.create({ model, input: 'hi' }, options)).output_text,
    open: (client, { model }, options) =>
      client.responses.create({ model, input: 'hi', stream: true }, options),
    textOf: (chunk) => (chunk.type === 'response.output_text.delta' ? chunk.delta : ''),
  };
};
const anthropic = async () => {
  const { default: Anthropic } = await import('@anthropic-ai/sdk');
  const body = ({ model }) => ({ model, max_tokens: 9, messages });
  return {
    path: '',
    makeClient: ({ baseURL, auth }) => new Anthropic({ baseURL, apiKey: reveal(auth.apiKey), maxRetries: 0 }),
    ask: async (client, endpoint, options) =>
      (await client.messages.create(body(endpoint), options)).content[0].text,
    open: (client, endpoint, options) => client.messages.create({ ...body(endpoint), stream: true }, options),
    textOf: (chunk) => chunk.delta?.text ?? '',
  };
};
const langchain = async () => {
  const { ChatOpenAI } = await import('@langchain/openai');
  return {
    path: '/v1',
    makeClient: ({ baseURL, auth, model }) =>
      new ChatOpenAI({ model, apiKey: reveal(auth.apiKey), maxRetries: 0, configuration: { baseURL } }),
    ask: async (client, _, { signal }) => (await client.invoke('hi', { signal })).content,
    open: (client, _, { signal }) => client.stream('hi', { signal }),
    textOf: (chunk) => chunk.content,
  };
};
/** The AI SDK: its own functions get one model, made of those of all endpoints. */
const ai = (version, vendor) => async () => {
  const { generateText, streamText } = await import(`ai-${version}`);
  const provider = await import(`ai-${version}-${vendor}`);
  const create = vendor === 'openai' ? provider.createOpenAI : provider.createAnthropic;
  return {
    path: '/v1',
    makeClient: ({ baseURL, auth, model }) => {
      const made = create({ baseURL, apiKey: reveal(auth.apiKey) });
      return vendor === 'openai' ? made.chat(model) : made(model);
    },
    async run(task, clientFor, { signal } = {}) {
      const { text } = await generateText({
        model: task.model(clientFor),
        prompt: 'hi',
        maxRetries: 0,
        abortSignal: signal,
      });
      return text;
    },
    async *stream(task, clientFor, { signal } = {}) {
      let failure;
      const { textStream } = streamText({
        model: task.model(clientFor),
        prompt: 'hi',
        maxRetries: 0,
        abortSignal: signal,
        onError: ({ error }) => {
          failure = error;
        },
      });
      yield* textStream;
      if (failure) throw failure;
    },
  };
};
/** Everything else: a function of an endpoint. */
const program = (sdk) => ({
  run: (task, clientFor, options) =>
    task.run((endpoint, call) => sdk.ask(clientFor(endpoint), endpoint, { signal: call.signal }), options),
  async *stream(task, clientFor, options) {
    for await (const chunk of task.stream(
      (endpoint, call) => sdk.open(clientFor(endpoint), endpoint, { signal: call.signal }),
      options,
    ))
      yield sdk.textOf(chunk);
  },
  ...sdk,
});

const sdks = [
  ['openai 6', 20, openai('openai-6')],
  ['openai 7', 22, openai('openai-7')],
  ['openai 7, responses', 22, responses('openai-7')],
  ['@anthropic-ai/sdk', 20, anthropic],
  ['ai 6, OpenAI', 20, ai(6, 'openai')],
  ['ai 6, Anthropic', 20, ai(6, 'anthropic')],
  ['ai 7, OpenAI', 22, ai(7, 'openai')],
  ['ai 7, Anthropic', 22, ai(7, 'anthropic')],
  ['LangChain', 20, langchain],
];

let fake;
beforeAll(async () => {
  fake = await fakeLlm();
});
afterAll(() => fake[Symbol.asyncDispose]());

/** Two endpoints: one that fails as `mode` says, and one that answers. */
async function loaded(sdk, mode, more = {}) {
  const endpoint = (name, rest = {}) => ({
    provider: name,
    model: 'model-x',
    baseURL: `${fake.url}/${name}${sdk.path}`,
    auth: { type: 'key', apiKey: key },
    retries: 0,
    ...rest,
  });
  const data = {
    endpoints: { first: endpoint(mode, more), second: endpoint('ok') },
    tasks: { chat: { use: ['first', 'second'] } },
  };
  const events = [];
  const ai = await loadLlm(new MemoryProvider({ llm: data }), { on: (event) => events.push(event) });
  const clientFor = ai.clients(sdk.makeClient);
  fake.asked.clear();
  return { ai, events, task: ai.task('chat'), clientFor, [Symbol.asyncDispose]: () => ai.close() };
}

const outcomeOf = (reason) =>
  ({
    throttled: 'throttled',
    quota: 'quota_exceeded',
    overloaded: 'unavailable',
    timeout: 'timeout',
    credentials: 'unauthenticated',
    model: 'not_found',
    context: 'validation',
    filtered: 'policy_violation',
    refused: 'validation',
  })[reason];
const isForCaller = (reason) => ['context', 'filtered', 'refused'].includes(reason);
const quoting = (error) => {
  const all = [];
  for (let at = error; at && all.length < 5; at = at.cause)
    all.push(at.message, at.stack, JSON.stringify(at));
  return all.join('\n');
};

describe.for(sdks.filter(([, node]) => major >= node))('%s', ([, , load]) => {
  let sdk;
  beforeAll(async () => {
    sdk = program(await load());
  });

  it('answers and streams', async () => {
    await using it = await loaded(sdk, 'ok');
    expect(await sdk.run(it.task, it.clientFor)).toBe('hellohello');
    expect(await joined(sdk.stream(it.task, it.clientFor))).toEqual(['hellohello', undefined]);
    expect(it.events).toMatchObject([
      { type: 'attempt', endpoint: 'first', outcome: 'ok' },
      { type: 'attempt', endpoint: 'first', outcome: 'ok' },
    ]);
  });

  it('does what follows from each of sixty errors', async () => {
    const seen = [];
    const expected = [];
    for (const [n, { name, reason, status }] of llmCases.entries()) {
      await using it = await loaded(sdk, `case-${n}`);
      const answer = await sdk.run(it.task, it.clientFor).catch((error) => error);
      const [attempt] = it.events.filter(({ type }) => type === 'attempt');
      seen.push([
        name,
        attempt?.outcome,
        attempt?.status,
        answer === 'hellohello'
          ? 'answered'
          : answer?.constructor?.name === 'ConfigError'
            ? answer.message
            : 'an error',
        fake.asked.get(`case-${n}`),
        fake.asked.get('ok') ?? 0,
      ]);
      expect(quoting(answer)).not.toContain(key);
      const stops = isForCaller(reason);
      expected.push([name, outcomeOf(reason), status, stops ? 'an error' : 'answered', 1, stops ? 0 : 1]);
    }
    expect(seen).toEqual(expected);
    expect(seen).toHaveLength(60);
  }, 60_000);

  it('leaves what does not answer, or breaks the connection', async () => {
    for (const [mode, outcome] of [
      ['hang', 'timeout'],
      ['reset', 'unavailable'],
    ]) {
      await using it = await loaded(sdk, mode, { timeoutMs: 300 });
      expect(await sdk.run(it.task, it.clientFor)).toBe('hellohello');
      expect(it.events[0]).toMatchObject({ type: 'attempt', endpoint: 'first', outcome });
    }
  });

  it('asks a broken endpoint three times in twenty calls', async () => {
    const down = `case-${llmCases.findIndex(({ name }) => name === '503 unavailable')}`;
    await using it = await loaded(sdk, down);
    for (let n = 0; n < 20; n++) expect(await sdk.run(it.task, it.clientFor)).toBe('hellohello');
    expect(fake.asked.get(down)).toBe(3);
  });

  it('ends when its caller aborts', async () => {
    await using it = await loaded(sdk, 'hang');
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    await expect(sdk.run(it.task, it.clientFor, { signal: controller.signal })).rejects.toThrow();
    expect(fake.asked.get('ok')).toBeUndefined();
  });

  it.for([
    ['before its first event', 'stream.error'],
    ['after a role', 'stream.role.error'],
    ['with a reset after a role', 'stream.role.reset'],
    ['without anything', 'stream.reset'],
    ['in silence after a role', 'stream.role.stall'],
    ['in silence', 'stream.stall'],
  ])('a stream that breaks %s comes from the next endpoint', async ([, mode]) => {
    await using it = await loaded(sdk, mode, { timeoutMs: 300 });
    expect(await joined(sdk.stream(it.task, it.clientFor))).toEqual(['hellohello', undefined]);
    expect(fake.asked.get('ok')).toBe(1);
  });

  it.for([
    ['with an error', 'stream.role.text.error'],
    ['with a reset', 'stream.role.text.reset'],
    ['in silence', 'stream.role.text.stall'],
  ])('a stream that breaks after its first word %s is an error, and no other is opened', async ([, mode]) => {
    await using it = await loaded(sdk, mode, { timeoutMs: 2_000, idleMs: 300 });
    const [text, error] = await joined(sdk.stream(it.task, it.clientFor));
    expect(text).toBe('hello');
    expect(error).toBeDefined();
    expect(fake.asked.get('ok')).toBeUndefined();
    expect(it.events.at(-1)).toMatchObject({ type: 'attempt', endpoint: 'first' });
    expect(it.events.at(-1).outcome).not.toBe('ok');
  });

  it('a stream of sixty errors: each is left before its first word, or is one for the caller', async () => {
    const wrong = [];
    for (const [n, { name, reason }] of llmCases.entries()) {
      await using it = await loaded(sdk, `case-${n}`);
      const [text, error] = await joined(sdk.stream(it.task, it.clientFor));
      const stops = isForCaller(reason);
      if (text !== (stops ? '' : 'hellohello') || (error === undefined) === stops)
        wrong.push([name, text, error?.message]);
    }
    expect(wrong).toEqual([]);
  }, 60_000);
});

/** The text of a stream, and the error that ended it. */
async function joined(stream) {
  let text = '';
  try {
    for await (const part of stream) text += part;
  } catch (error) {
    return [text, error];
  }
  return [text, undefined];
}
