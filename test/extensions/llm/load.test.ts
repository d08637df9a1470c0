// The section of a configuration: its schema, its reports, reloads, and what no output may show.

import { getEventListeners } from 'node:events';
import { inspect } from 'node:util';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../../src/chain/chain.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import type { ConfigError } from '../../../src/errors.ts';
import { type Endpoint, llmSchema, loadLlm } from '../../../src/extensions/llm/index.ts';
import { BundleProvider } from '../../../src/providers/bundle.ts';
import { EnvProvider } from '../../../src/providers/env.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';
import { reveal } from '../../../src/reveal.ts';
import { shapeOf } from '../../../src/schema/shape-of.ts';
import { folder } from '../../support/folder.ts';
import { backend, http, loaded, two } from './loaded.ts';

const yaml = `llm:
  endpoints:
    openai-eu:
      provider: openai
      baseURL: https://eu.api.openai.com/v1
      model: gpt-x
      auth: { type: key, apiKey: fake-Zq83-not-real }
      timeoutMs: 20000
      contextTokens: 128000
      supports: [tools, json, vision]
      limits: { requestsPerMinute: 500, tokensPerMinute: 200000 }
      parameters: { temperature: 0.2, response_format: { type: json_object } }
    azure-we:
      provider: azure
      baseURL: https://we.example.com
      deployment: gpt-x-prod
      apiVersion: 2026-01-01
      model: gpt-x
      headers: { x-team: fake-Zq83-team }
    claude: { provider: anthropic, model: claude-y, auth: { type: bearer, token: fake-Zq83-token } }
  tasks:
    summarize:
      use: [[{ endpoint: openai-eu, weight: 9 }, { endpoint: azure-we, weight: 1 }], claude]
    embed: { kind: embedding, use: [openai-eu, azure-we] }
`;
const seen = async (
  ai: { task(name: string): { run<T>(ask: (endpoint: Endpoint) => T, options?: object): Promise<T> } },
  pin: string,
) => ai.task('summarize').run((endpoint) => endpoint, { pin });

describe('endpoints from a file', () => {
  it('are frozen values with masked secrets', async () => {
    await using dir = await folder({ 'app.yaml': yaml });
    await using ai = await loadLlm(new BundleProvider(dir.at('app.yaml')));
    const endpoint = await seen(ai, 'openai-eu');
    expect(endpoint).toMatchObject({
      name: 'openai-eu',
      provider: 'openai',
      baseURL: 'https://eu.api.openai.com/v1',
      timeoutMs: 20_000,
      idleMs: 30_000,
      supports: ['tools', 'json', 'vision'],
    });
    expect(reveal(endpoint.auth.apiKey)).toBe('fake-Zq83-not-real');
    expect(JSON.stringify(endpoint.parameters)).toBe(
      '{"temperature":0.2,"response_format":{"type":"json_object"}}',
    );
    expect(() => endpoint.auth.token).toThrow(
      'the endpoint "openai-eu" has no token. Its auth has the type key',
    );
    expect(
      Object.isFrozen(endpoint) && Object.isFrozen(endpoint.auth) && Object.isFrozen(endpoint.parameters),
    ).toBe(true);
    const azure = await seen(ai, 'azure-we');
    expect([azure.auth.type, azure.deployment, reveal(azure.headers['x-team'] as never)]).toEqual([
      'ambient',
      'gpt-x-prod',
      'fake-Zq83-team',
    ]);
    expect(reveal((await seen(ai, 'claude')).auth.token)).toBe('fake-Zq83-token');
    for (const printed of [
      inspect(endpoint, { depth: 9, showHidden: true }),
      JSON.stringify(endpoint),
      inspect(azure, { depth: 9 }),
      inspect(ai.config.value, { depth: 9 }),
    ])
      expect(printed).not.toContain('Zq83');
    expect(String(ai.explain('summarize'))).toBe(
      [
        'summarize (chat)',
        '  1  openai-eu  gpt-x     weight 9  in use',
        '  1  azure-we   gpt-x               in use',
        '  2  claude     claude-y            in use',
      ].join('\n'),
    );
  });

  it('take secrets and numbers from other sources of a chain', async () => {
    await using dir = await folder({ 'app.yaml': yaml.replace(', apiKey: fake-Zq83-not-real', '') });
    const env = new EnvProvider({
      env: { KEY: 'fake-Zq83-env', APP__LLM__ENDPOINTS__CLAUDE__TIMEOUT_MS: '700' },
      prefix: 'APP',
      variables: { 'llm.endpoints."openai-eu".auth.apiKey': 'KEY' },
    });
    await using chain = new ProviderChain([env, new BundleProvider(dir.at('app.yaml'))]);
    await using ai = await loadLlm(chain);
    expect(reveal((await seen(ai, 'openai-eu')).auth.apiKey)).toBe('fake-Zq83-env');
    expect((await seen(ai, 'claude')).timeoutMs).toBe(700);
  });

  it('are reported with file and line, each problem once', async () => {
    const wrong = yaml
      .replace('timeoutMs: 20000', 'timeoutMs: soon\n      timeOutMs: 5')
      .replace('provider: azure\n', 'provider: azure\n      quota: ""\n')
      .replace('model: claude-y', 'model: 5');
    await using dir = await folder({ 'app.yaml': wrong });
    const error = await loadLlm(new BundleProvider(dir.at('app.yaml'))).catch(
      (thrown: ConfigError) => thrown,
    );
    const report = String((error as ConfigError).message).replaceAll(dir.at(''), '');
    expect(report).toMatchInlineSnapshot(`
      "There are 4 problems with the configuration:

        endpoints.openai-eu.timeoutMs
          problem   must be a whole number
          expected  a whole number, at least 1
          found     "soon"
          in        /app.yaml:8:18
                    8 | timeoutMs: soon
                      |            ^
          to do     Change the value to a whole number, at least 1

        endpoints.openai-eu.timeOutMs
          problem   nothing reads this key
          in        /app.yaml:9:18
          to do     Did you mean "endpoints.openai-eu.timeoutMs"?

        endpoints.azure-we.quota
          problem   must not be empty
          expected  a string that is not empty
          found     "" (set, but empty)
          in        /app.yaml:16:14
                    16 | quota: ""
                       |        ^
          to do     Change the value to a string that is not empty

        endpoints.claude.model
          problem   must be a text
          expected  a string that is not empty
          found     5
          in        /app.yaml:22:43
          to do     Quote the value: /app.yaml has a number there"
    `);
  });

  it('are checked for what they mean together', async () => {
    const wrong = yaml
      .replace('endpoint: openai-eu', 'endpoint: openai-ue')
      .replace(', claude]', ', claude, claude]')
      .replace('weight: 1', 'weight: -1')
      .replace('azure-we]', 'azure-we, claude]')
      .replace('type: bearer', 'type: ambient')
      .replace('https://we.example.com', 'we.example.com')
      .replace('https://eu.', 'https://user:fake-Zq83-password@eu.');
    await using dir = await folder({ 'app.yaml': wrong });
    const error = (await loadLlm(new BundleProvider(dir.at('app.yaml'))).catch(
      (thrown: unknown) => thrown,
    )) as ConfigError;
    expect(
      error.problems?.map(({ key, inside, origin, schemaMessage }) => [
        `${key}${inside ?? ''}`,
        origin?.replace(dir.at(''), ''),
        schemaMessage,
      ]),
    ).toMatchInlineSnapshot(`
      [
        [
          "endpoints.openai-eu.baseURL",
          "/app.yaml:5:16",
          undefined,
        ],
        [
          "endpoints.azure-we.baseURL",
          "/app.yaml:15:16",
          "must be a URL that begins with https:// or http://",
        ],
        [
          "endpoints.claude.auth.token",
          "/app.yaml:20:83",
          "is not used, because the type is ambient",
        ],
        [
          "tasks.summarize.use[0][0]",
          "/app.yaml:23:14",
          "names the endpoint "openai-ue", which does not exist; did you mean openai-eu?",
        ],
        [
          "tasks.summarize.use[0][1].weight",
          "/app.yaml:23:80",
          "must be a number, at least 0",
        ],
        [
          "tasks.summarize.use[2]",
          "/app.yaml:23:95",
          "names the endpoint "claude" twice",
        ],
        [
          "tasks.embed.use",
          "/app.yaml:24:36",
          "has endpoints of different models, whose vectors cannot be compared",
        ],
      ]
    `);
    expect(inspect(error)).not.toContain('Zq83');
  });

  it('of an embedding task may differ if they declare one space', async () => {
    const data = (space?: string) => ({
      endpoints: {
        eu: { provider: 'openai', model: 'embed-x', ...(space && { space }) },
        us: { provider: 'azure', model: 'embed-x-deployed', ...(space && { space }) },
      },
      tasks: { chat: { kind: 'embedding' as const, use: ['eu', 'us'] } },
    });
    await expect(loaded(data())).rejects.toThrow('whose vectors cannot be compared');
    await using it = await loaded(data('x-1024'));
    expect(it.ai.explain('chat').kind).toBe('embedding');
  });
});

describe('the section inside the schema of an application', () => {
  const wrong = { port: 5, llm: { ...two, tasks: { chat: { use: ['frist'] } } } };

  it.for([
    ['zod', z.object({ port: z.number(), llm: llmSchema.zod(z) })],
    ['valibot', v.object({ port: v.number(), llm: llmSchema.valibot(v) })],
  ] as const)('of %s has its keys, its secrets and its checks', async ([, schema], { expect }) => {
    const good = new MemoryProvider({ port: 5, llm: two as never });
    await using config = await loadConfig(schema, good);
    const { provider }: { provider: string } = config.value.llm.endpoints.first as never;
    expect(provider).toBe('openai');
    expect(JSON.stringify(config.value)).not.toContain('Zq83');
    const auth = shapeOf(schema).names?.get('llm')?.names?.get('endpoints')?.rest?.names?.get('auth');
    expect(auth?.names?.get('apiKey')?.secret).toBe(true);
    await using ai = await loadLlm(config);
    expect(ai.config).toBe(config);
    expect(await ai.task('chat').run(({ auth }) => reveal(auth.apiKey))).toBe('fake-Zq83-first');
    await good.set('llm.endpoints.first.auth.apiKey', 'fake-Zq83-new');
    await config.reload();
    expect(await ai.task('chat').run(({ auth }) => reveal(auth.apiKey))).toBe('fake-Zq83-new');
    await expect(loadConfig(schema, new MemoryProvider(wrong as never))).rejects.toThrow(
      'did you mean first?',
    );
  });

  it('that has another schema is refused', async () => {
    await using config = await loadConfig(new MemoryProvider({ llm: { endpoints: {} } }));
    await expect(loadLlm(config)).rejects.toThrow('has no valid section of endpoints and tasks');
  });

  it('outlives ai.close', async () => {
    await using config = await loadConfig(
      z.object({ llm: llmSchema.zod(z) }),
      new MemoryProvider({ llm: two as never }),
    );
    const ai = await loadLlm(config);
    await ai.close();
    await config.reload();
  });
});

describe('a reload', () => {
  it('changes no call under way, and the next call', async () => {
    await using it = await loaded();
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const call = it.ai.task('chat').run(async (endpoint) => {
      const before = endpoint.model;
      await gate;
      return [before, endpoint.model];
    });
    await it.store.set('llm.endpoints.first.model', 'gpt-z');
    await it.ai.config.reload();
    go();
    expect(await call).toEqual(['gpt-x', 'gpt-x']);
    expect(await it.ai.task('chat').run(({ model }) => model)).toBe('gpt-z');
  });

  it('keeps open circuits and resting quotas of what has not changed', async () => {
    await using it = await loaded();
    const ask = backend({ first: http(429), second: 'b' });
    await it.ai.task('chat').run(ask);
    await it.store.set('llm.endpoints.second.model', 'claude-z');
    await it.ai.config.reload();
    expect(it.ai.explain('chat').endpoints[0]?.state).toBe('cooling');
    await it.store.set('llm.endpoints.first.auth.apiKey', 'fake-Zq83-new');
    await it.ai.config.reload();
    expect(it.ai.explain('chat').endpoints[0]?.state).toBe('in use');
  });

  it('that is invalid keeps the endpoints', async () => {
    await using it = await loaded();
    await it.store.set('llm.tasks.chat.use', ['third']);
    await expect(it.ai.config.reload()).rejects.toThrow();
    expect(await it.ai.task('chat').run(({ name }) => name)).toBe('first');
  });
});

describe('clients', () => {
  it('are made once for each endpoint and credential, and let go after their grace', async () => {
    await using it = await loaded();
    const made: string[] = [];
    const ended: string[] = [];
    const clientFor = it.ai.clients(
      ({ name, auth }) => {
        const key = reveal(auth.apiKey);
        made.push(`${name} ${key}`);
        return { key };
      },
      { graceMs: 10_000, dispose: ({ key }) => void ended.push(key) },
    );
    const key = (pin?: string) =>
      it.ai.task('chat').run((endpoint) => clientFor(endpoint).key, pin ? { pin } : {});
    expect([await key(), await key(), await key('second')]).toEqual([
      'fake-Zq83-first',
      'fake-Zq83-first',
      'fake-Zq83-second',
    ]);
    const before = await it.ai.task('chat').run((endpoint) => endpoint);
    await it.store.set('llm.endpoints.first.auth.apiKey', 'fake-Zq83-new');
    await it.ai.config.reload();
    expect(await key()).toBe('fake-Zq83-new');
    expect(clientFor(before).key).toBe('fake-Zq83-first');
    await it.clock.advance(9_000);
    expect(ended).toEqual([]);
    await it.clock.advance(1_001);
    expect(ended).toEqual(['fake-Zq83-first']);
    expect(made).toHaveLength(3);
    await it.ai.close();
    expect(ended).toHaveLength(3);
    expect(() => clientFor(before)).toThrow('the clients are closed');
    expect(() => clientFor({ ...before })).toThrow('this is not an endpoint of the configuration');
  });

  it('that come back within their grace are kept', async () => {
    await using it = await loaded();
    let made = 0;
    const clientFor = it.ai.clients(() => ({ number: ++made }));
    const number = () => it.ai.task('chat').run((endpoint) => clientFor(endpoint).number);
    await number();
    for (const model of ['gpt-z', 'gpt-x']) {
      await it.store.set('llm.endpoints.first.model', model);
      await it.ai.config.reload();
    }
    await it.clock.advance(40_000);
    expect([await number(), made]).toEqual([1, 1]);
  });
});

describe('wrong options', () => {
  it('name the option', async () => {
    await expect(
      loadLlm(new MemoryProvider({ llm: two as never }), { wacth: true } as never),
    ).rejects.toThrow('Did you mean watch?');
    await using it = await loaded();
    const task = it.ai.task('chat');
    await expect(task.run('x' as never)).rejects.toThrow('the first argument of run is not a function');
    await expect(task.run(async () => 1, { nedes: [] } as never)).rejects.toThrow('Did you mean needs?');
    expect(() => task.stream(5 as never)).toThrow('the first argument of stream is not a function');
    expect(() => task.model((() => ({})) as never, { signal: 1 } as never)).toThrow(
      'unknown option "signal"',
    );
    expect(() => it.ai.clients(1 as never)).toThrow('the first argument of clients is not a function');
  });

  it('of classify are an error of the call', async () => {
    await using it = await loaded(two, { classify: () => 'slow' as never });
    const { signal } = new AbortController();
    await expect(it.ai.task('chat').run(backend({ first: http(500) }), { signal })).rejects.toThrow(
      'classify returned an unknown reason',
    );
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});
