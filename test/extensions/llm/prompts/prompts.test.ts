// Prompts of a configuration: reports with lines, versions, locks, variants, variables, and what is shown.

import { inspect } from 'node:util';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../../../src/chain/chain.ts';
import { loadConfig } from '../../../../src/config/load-config.ts';
import { secret } from '../../../../src/entry.ts';
import { type ConfigError, isConfigError } from '../../../../src/errors.ts';
import type { ConfigEvent } from '../../../../src/events.ts';
import type { LlmData } from '../../../../src/extensions/llm/data.ts';
import { llmSchema, loadLlm } from '../../../../src/extensions/llm/index.ts';
import { contentHash } from '../../../../src/extensions/llm/prompts/content-hash.ts';
import { choosing } from '../../../../src/extensions/llm/prompts/variants.ts';
import { BundleProvider } from '../../../../src/providers/bundle.ts';
import { MemoryProvider } from '../../../../src/providers/memory.ts';
import { folder } from '../../../support/folder.ts';
import { loaded } from '../loaded.ts';

const canary = 'Zq83canary';
const endpoints = { first: { provider: 'openai', model: 'gpt-x' } };
const data = (prompts: LlmData['prompts'], prompt?: unknown): LlmData => ({
  endpoints,
  tasks: { summarize: { use: ['first'], ...(prompt !== undefined && { prompt: prompt as string }) } },
  ...(prompts && { prompts }),
});
const failure = async (work: Promise<unknown>): Promise<ConfigError> =>
  (await work.catch((error: unknown) => error)) as ConfigError;

const yaml = `llm:
  endpoints:
    first: { provider: openai, model: gpt-x }
  tasks:
    summarize: { use: [first], prompt: summarize@^1.4 }
  prompts:
    summarize:
      "1.4.2":
        text: |
          You are a {{role}} for {{company}}.
          {{#each docs}}
          - {{title}}
          {{/each}}
        variables:
          role: { required: true }
          company: { default: Acme }
          docs: {}
      "1.10.0": { text: "Short: {{role}}", variables: { role: { default: editor } } }
      "2.0.0": { text: "New: {{role}}" }
`;

describe('prompts of a file', () => {
  it('are rendered in the version that a task names', async () => {
    await using dir = await folder({ 'app.yaml': yaml });
    await using ai = await loadLlm(new BundleProvider(dir.at('app.yaml')));
    const prompt = ai.prompt('summarize');
    expect({ ...prompt, origin: `${prompt.origin}`.replace(dir.at(''), '') }).toEqual({
      text: 'Short: editor',
      name: 'summarize',
      version: '1.10.0',
      hash: contentHash('Short: {{role}}').slice(0, 12),
      variant: 'summarize@^1.4',
      origin: '/app.yaml:18:25',
    });
    expect(Object.isFrozen(prompt)).toBe(true);
    const docs = [{ title: 'A' }, { title: '{{role}}' }];
    expect(ai.prompt('summarize@1.4.2', { role: 'editor', docs }).text).toBe(
      'You are a editor for Acme.\n- A\n- {{role}}\n',
    );
    expect(ai.prompt('summarize@1.4.2', { role: 'x', company: 'Y' }).text).toBe('You are a x for Y.\n');
    expect(ai.prompt('summarize@^2', { role: 'x' }).text).toBe('New: x');
    expect(String(ai.explain('summarize'))).toContain('prompt  summarize@^1.4  summarize 1.10.0');
  });

  it('are reported with file and line, and with the line of the text', async () => {
    const wrong = yaml
      .replace('{{company}}', '{{compani}}')
      .replace('- {{title}}', '- {{title | upper}}')
      .replace('"2.0.0"', '"2.0"')
      .replace('Short: {{role}}', 'Short: {{rule}}')
      .replace('summarize@^1.4', 'summarise@^1.4');
    await using dir = await folder({ 'app.yaml': wrong });
    const { problems, message } = await failure(loadLlm(new BundleProvider(dir.at('app.yaml'))));
    expect(message).toContain('line 3 of it: {{title | upper}} is not known');
    expect(
      problems?.map(({ key, inside, origin, schemaMessage }) => [
        `${key}${inside ?? ''}`,
        origin?.replace(dir.at(''), ''),
        schemaMessage?.slice(0, 80),
      ]),
    ).toMatchInlineSnapshot(`
      [
        [
          "prompts.summarize."1.4.2".text",
          "/app.yaml:9:15",
          "line 3 of it: {{title | upper}} is not known. Tags are {{name}}, {{#if}}, {{#unl",
        ],
        [
          "prompts.summarize."1.10.0".text",
          "/app.yaml:18:25",
          "line 1 of it: {{rule}} is not in variables; did you mean role?",
        ],
        [
          "prompts.summarize."2.0".text",
          "/app.yaml:19:22",
          "is of "2.0", which is not a version; write three numbers: "1.4.2"",
        ],
        [
          "tasks.summarize.prompt",
          "/app.yaml:5:40",
          "names the prompt "summarise", which does not exist; did you mean summarize?",
        ],
      ]
    `);
  });

  it.for([
    ['mistakes', Array.from({ length: 3_000 }, (_, i) => `{{v${i} x}}`).join('\n'), undefined],
    ['unknown variables', Array.from({ length: 3_000 }, (_, i) => `{{v${i}}}`).join('\n'), {}],
  ] as const)('are 20 of thousands of %s, and how many more', async ([, text, variables]) => {
    const llm = data({ a: { '1.0.0': { text, ...(variables && { variables }) } } });
    const { issues = [] } = await llmSchema['~standard'].validate(llm);
    expect(issues).toHaveLength(21);
    expect(issues.at(-1)?.message).toBe('and 2980 more');
  });

  it.for<[string, LlmData['prompts'], unknown, string]>([
    ['a range that is none', { a: { '1.0.0': { text: 'x' } } }, 'a@>=1', 'has ">=1" after the @'],
    ['a version that is not there', { a: { '1.0.0': { text: 'x' } } }, 'a@^2', 'which has only 1.0.0'],
    [
      'a version without its text',
      { a: { '1.0.0': { hash: 'a'.repeat(64) } } },
      'a',
      'versions without text',
    ],
    ['a hash that is none', { a: { '1.0.0': { text: 'x', hash: 'abc' } } }, 'a', '64 hexadecimal digits'],
    ['a name with an @', { 'a@b': { '1.0.0': { text: 'x' } } }, undefined, 'must not have an @'],
    ['a prompt that is none', { a: { '1.0.0': { text: 'x' } } }, 5, 'must be the name of a prompt'],
    ['no variants', { a: { '1.0.0': { text: 'x' } } }, [], 'must be the name of a prompt'],
    [
      'a variant that is none',
      { a: { '1.0.0': { text: 'x' } } },
      [{ weight: 1 }],
      'or a prompt with a weight',
    ],
    [
      'an unknown field',
      { a: { '1.0.0': { text: 'x' } } },
      [{ prompt: 'a', wieght: 1 }],
      'is not known here',
    ],
    ['a weight below 0', { a: { '1.0.0': { text: 'x' } } }, [{ prompt: 'a', weight: -1 }], 'at least 0'],
    ['only weights of 0', { a: { '1.0.0': { text: 'x' } } }, [{ prompt: 'a', weight: 0 }], 'above 0'],
    ['a task without prompts', undefined, 'a', 'which does not exist'],
  ])('are refused with %s', async ([, prompts, prompt, message], { expect }) => {
    expect((await failure(loaded(data(prompts, prompt)))).message).toContain(message);
  });
});

describe('variables', () => {
  const text = 'Hello {{name}}{{#if title}}, {{title}}{{/if}}';

  it('that are not listed must be given where they are printed', async () => {
    await using it = await loaded(data({ a: { '1.0.0': { text } } }));
    expect(it.ai.prompt('a', { name: 'Ann', other: canary }).text).toBe('Hello Ann');
    const error = await failure((async () => it.ai.prompt('a', { title: canary }))());
    expect(error).toMatchObject({ code: 'validation' });
    expect(error.message).toBe(
      'the prompt a@1.0.0, line 1: {{name}} is missing. Pass it, or give it a default in variables',
    );
  });

  it('that are listed have defaults, are required, or empty', async () => {
    const variables = { name: { default: 'all' }, title: {}, id: { required: true } };
    await using it = await loaded(data({ a: { '1.0.0': { text: `${text}{{id}}{{title.x}}`, variables } } }));
    expect(it.ai.prompt('a', { id: 7 }).text).toBe('Hello all7');
    expect(() => it.ai.prompt('a', { name: canary })).toThrow('a@1.0.0: the variable id is missing');
  });

  it('are validated and changed by a schema, which is checked against the text', async () => {
    const variables = { a: z.object({ name: z.string().trim(), title: z.string().optional() }) };
    const store = new MemoryProvider({ llm: data({ a: { '1.0.0': { text } } }) as never });
    await using ai = await loadLlm(store, { variables });
    expect(ai.prompt('a', { name: '  Ann ' }).text).toBe('Hello Ann');
    const error = await failure((async () => ai.prompt('a', { name: 5, [canary]: canary }))());
    expect(error.message).toBe(
      'the prompt a@1.0.0: the schema refuses its variables: name. Validate them with the schema to see why',
    );
    await store.set('llm.prompts.a."1.0.0".text', 'Hello {{nmae}}');
    expect((await failure(ai.config.reload())).message).toContain('{{nmae}} is not in the schema');
    expect(ai.prompt('a', { name: 'Ann' }).text).toBe('Hello Ann');
  });

  it.for([
    ['zod', z.object({ name: z.string(), docs: z.array(z.object({ x: z.string() })) }), true],
    ['zod, with other names', z.looseObject({ name: z.string() }), false],
    ['valibot', v.object({ name: v.string(), docs: v.record(v.string(), v.string()) }), true],
  ] as const)('of %s are compared with the text at the load', async ([, schema, isClosed], { expect }) => {
    const store = new MemoryProvider({
      llm: data({ a: { '1.0.0': { text: '{{nmae}}{{docs}}' } } }) as never,
    });
    const loading = loadLlm(store, { variables: { a: schema } });
    if (isClosed) await expect(loading).rejects.toThrow('{{nmae}} is not in the schema; did you mean name?');
    else await (await loading).close();
  });

  it('with an asynchronous schema are refused', async () => {
    const store = new MemoryProvider({ llm: data({ a: { '1.0.0': { text: '{{name}}' } } }) as never });
    const schema = v.pipeAsync(
      v.object({ name: v.string() }),
      v.checkAsync(async () => true),
    );
    await using ai = await loadLlm(store, { variables: { a: schema } });
    expect(() => ai.prompt('a', { name: 'x' })).toThrow('the schema of its variables is asynchronous');
  });

  it('that are no objects, and names of no prompt, are refused', async () => {
    await using it = await loaded(data({ a: { '1.0.0': { text } } }));
    expect(() => it.ai.prompt('a', 'x' as never)).toThrow('the variables are not an object');
    expect(() => it.ai.prompt('a', {}, { user: 'x' } as never)).toThrow('unknown option "user"');
    for (const name of ['b', 'a@^2', 'a@x', 'constructor', '__proto__', 'summarize'])
      expect(() => it.ai.prompt(name, {})).toThrow(`the configuration has no prompt "${name}"`);
    await using none = await loaded(data(undefined));
    expect(() => none.ai.prompt('summarize')).toThrow('the configuration has no prompt');
  });
});

describe('a locked version', () => {
  const text = 'You are a {{role}}.';
  const lock = { llm: { prompts: { a: { '1.0.0': { hash: contentHash(text) } } } } };

  it('refuses a reload with a changed text, and is heard', async () => {
    await using dir = await folder({ 'prompts.lock.json': JSON.stringify(lock) });
    const store = new MemoryProvider({ llm: data({ a: { '1.0.0': { text } } }) as never });
    await using chain = new ProviderChain([new BundleProvider(dir.at('prompts.lock.json')), store]);
    await using ai = await loadLlm(chain);
    const events: ConfigEvent[] = [];
    ai.config.on((event) => events.push(event));
    await store.set('llm.prompts.a."1.0.0".text', 'You are an evil {{role}}.');
    const error = await failure(ai.config.reload());
    expect(error.message).toContain('is not the text that was locked as this version');
    expect(ai.prompt('a', { role: 'x' }).text).toBe('You are a x.');
    expect(events.filter(({ type }) => type === 'refresh_failed')).toMatchObject([
      { outcome: 'validation', problems: [{ key: 'prompts.a."1.0.0".text' }] },
    ]);
    await store.set('llm.prompts.a."1.0.0".text', text);
    await store.set('llm.prompts.a."1.1.0".text', 'You are an evil {{role}}.');
    await ai.config.reload();
    expect(ai.prompt('a', { role: 'x' }).version).toBe('1.1.0');
  });

  it('may have its hash beside its text, and may lose its text', async () => {
    const both = { text, hash: contentHash(text) };
    await using it = await loaded(data({ a: { '1.0.0': both, '0.9.0': { hash: both.hash } } }));
    expect(it.ai.prompt('a', { role: 'x' }).text).toBe('You are a x.');
    await it.store.set('llm.prompts.a."1.0.0".text', 'changed');
    await expect(it.ai.config.reload()).rejects.toThrow('locked');
  });
});

describe('variants', () => {
  const prompts = { a: { '1.0.0': { text: 'A' }, '2.0.0': { text: 'B' } } };
  const weights = (one: number, two: number) => [
    { prompt: 'a@^1', weight: one },
    { prompt: 'a@^2', weight: two },
  ];
  const subjects = Array.from({ length: 100_000 }, (_, n) => `user-${n}`);
  const chosen = (one: number, two: number): string[] => {
    const choose = choosing('summarize', weights(one, two));
    return subjects.map((subject) => choose(subject).prompt);
  };
  const shareOf = (all: readonly string[]): number =>
    all.filter((prompt) => prompt === 'a@^2').length / all.length;

  it('are 90 to 10 of 100,000 subjects, and no subject moves back when they are 80 to 20', () => {
    const before = chosen(90, 10);
    const after = chosen(80, 20);
    expect(Math.abs(shareOf(before) - 0.1)).toBeLessThan(0.005);
    expect(Math.abs(shareOf(after) - 0.2)).toBeLessThan(0.005);
    expect(before.filter((prompt, n) => prompt === 'a@^2' && after[n] === 'a@^1')).toEqual([]);
  });

  it('belong to a subject, and follow a reload', async () => {
    await using it = await loaded(data(prompts, weights(90, 10)));
    const before = chosen(90, 10);
    const moved = chosen(80, 20).findIndex((prompt, n) => prompt !== before[n]);
    const subject = subjects[moved] as string;
    const variant = () => it.ai.prompt('summarize', {}, { subject }).variant;
    expect([variant(), variant()]).toEqual(['a@^1', 'a@^1']);
    await it.store.set('llm.tasks.summarize.prompt', weights(80, 20));
    await it.ai.config.reload();
    expect(variant()).toBe('a@^2');
    expect(
      it.ai.explain('summarize').prompts.map(({ variant, version, weight }) => [variant, version, weight]),
    ).toEqual([
      ['a@^1', '1.0.0', 80],
      ['a@^2', '2.0.0', 20],
    ]);
  });

  it('are random without a subject', async () => {
    await using it = await loaded(data(prompts, ['a@^1', 'a@^2']));
    const seen = new Set(Array.from({ length: 200 }, () => it.ai.prompt('summarize').variant));
    expect([...seen].sort()).toEqual(['a@^1', 'a@^2']);
  });
});

describe('prompts inside the schema of an application', () => {
  const good = data({ a: { '1.0.0': { text: '{{x}}', variables: { x: {} } } } }, 'a');
  const bad = data({ a: { '1.0.0': { text: '{{y}}', variables: { x: {} } } } }, 'a');

  it.for([
    ['zod', z.object({ llm: llmSchema.zod(z) })],
    ['valibot', v.object({ llm: llmSchema.valibot(v) })],
  ] as const)('of %s refuse a reload', async ([, schema], { expect }) => {
    const store = new MemoryProvider({ llm: good as never });
    await using config = await loadConfig(schema, store);
    await using ai = await loadLlm(config);
    const prompt = ai.prompt('summarize', { x: 'X' });
    expect([prompt.text, `${prompt.origin}`]).toEqual(['X', 'memory llm.prompts.a."1.0.0".text']);
    await store.set('llm.prompts.a."1.0.0".text', '{{y}}');
    await expect(config.reload()).rejects.toThrow('{{y}} is not in variables');
    expect(ai.prompt('summarize', { x: 'X' }).text).toBe('X');
  });

  it('of no library of ours are checked by loadLlm', async () => {
    await using config = await loadConfig(new MemoryProvider({ llm: bad as never }));
    await expect(loadLlm(config)).rejects.toThrow('{{y}} is not in variables');
  });
});

describe('no output', () => {
  it('shows a variable, unless the text is asked for', async () => {
    const prompts = {
      a: { '1.0.0': { text: '{{x}} {{#each l}}{{this}}{{/each}}', variables: { x: {}, l: {}, r: {} } } },
    };
    await using it = await loaded(data(prompts, 'a'));
    const variables = { x: `fake-${canary}`, l: [canary], r: canary };
    expect(it.ai.prompt('summarize', variables, { subject: canary }).text).toContain(canary);
    const failures = [
      { x: { [canary]: canary } },
      { x: [canary] },
      { x: secret(canary) },
      { l: canary },
      { l: [{ [canary]: canary }] },
    ].map((wrong) => {
      try {
        return it.ai.prompt('summarize', wrong);
      } catch (error) {
        return error;
      }
    });
    expect(failures.every(isConfigError)).toBe(true);
    const shown = [
      it.events,
      failures,
      it.ai,
      it.ai.explain('summarize'),
      String(it.ai.explain('summarize')),
    ];
    for (const one of shown) expect(inspect(one, { depth: 12, showHidden: true })).not.toContain(canary);
    expect(JSON.stringify([it.events, failures])).not.toContain(canary);
    expect(it.events).toMatchObject([
      { type: 'prompt', level: 'debug', task: 'summarize', prompt: 'a', version: '1.0.0', variant: 'a' },
    ]);
    await using open = await loaded(data(prompts, 'a'), { showPrompts: true });
    open.ai.prompt('summarize', { x: canary });
    expect(open.events).toMatchObject([{ type: 'prompt', text: `${canary} ` }]);
  });
});
