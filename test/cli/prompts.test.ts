import { readFileSync } from 'node:fs';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { lineDiff } from '../../src/cli/prompts/line-diff.ts';
import { contentHash } from '../../src/extensions/llm/prompts/content-hash.ts';
import { llmConfig } from './terminal.ts';

const source = new URL('../../src/', import.meta.url).href;
const yaml = `llm:
  endpoints: { first: { provider: openai, model: gpt-x } }
  tasks:
    chat: { use: [first], prompt: [{ prompt: summarize@^1, weight: 9 }, { prompt: summarize@^2, weight: 1 }] }
  prompts:
    summarize:
      "1.4.2":
        text: |
          You are a {{role}}.
          {{#each docs}}
          - {{title}}
          {{/each}}
      "2.0.0":
        text: |
          You are an excellent {{role}}.
          {{#each docs}}
          - {{title}}
          {{/each}}
`;

async function box(content = yaml) {
  const made = await sandbox({
    files: {
      'app.yaml': content,
      'config.mjs': `
        import { BundleProvider } from '${source}providers/bundle.ts';
        const at = (name) => new URL(name, import.meta.url).pathname;
        export const sources = () => [
          new BundleProvider({ path: at('prompts.lock.json'), optional: true }),
          new BundleProvider(at('app.yaml')),
        ];
      `,
      'values.json': '{"role":"editor","docs":[{"title":"A"}]}',
      'list.json': '["fake-Zq83"]',
      'broken.json': 'fake-Zq83',
    },
  });
  const run = (name: string, ...args: string[]) =>
    llmConfig(['prompts', name, made.path('config.mjs'), ...args], { cwd: made.path('.') });
  return { ...made, run, [Symbol.asyncDispose]: () => made[Symbol.asyncDispose]() };
}

describe('llm-config prompts render', () => {
  it('prints a prompt, of a version or of a task for a subject', async () => {
    await using it = await box();
    expect(await it.run('render', 'summarize@^1', '--variables', 'values.json')).toMatchObject({
      code: 0,
      out: 'You are a editor.\n- A\n',
    });
    const args = ['--var', 'role=writer', '--var', 'docs=[{"title":"B"},{"title":"C"}]'];
    expect((await it.run('render', 'summarize', ...args)).out).toBe(
      'You are an excellent writer.\n- B\n- C\n',
    );
    const variants = new Set<string>();
    for (const subject of Array.from({ length: 40 }, (_, n) => `user-${n}`)) {
      const { out } = await it.run('render', 'chat', '--json', '--subject', subject, ...args);
      const { variant, version, hash, text } = JSON.parse(out) as Record<string, string>;
      expect([version?.[0], hash?.length, text?.endsWith('- C\n')]).toEqual([variant?.at(-1), 12, true]);
      variants.add(variant as string);
    }
    expect([...variants].sort()).toEqual(['summarize@^1', 'summarize@^2']);
  });

  it('names what is missing, and quotes no variable', async () => {
    await using it = await box();
    expect(await it.run('render', 'summarize')).toMatchObject({
      code: 3,
      err: expect.stringContaining('summarize@2.0.0, line 1: {{role}} is missing'),
    });
    expect((await it.run('render', 'summarise')).err).toContain('Did you mean summarize?');
    for (const file of ['list.json', 'broken.json', 'none.json']) {
      const { code, err } = await it.run('render', 'summarize', '--variables', file);
      expect([code, err.includes(file), err.includes('Zq83')]).toEqual([3, true, false]);
    }
    expect((await it.run('render', 'summarize', '--var', 'role')).code).toBe(2);
    expect((await it.run('render', 'summarize', '--at', 'ai')).err).toContain('has no prompts at ai');
    await using broken = await box(yaml.replace('{{title}}', '{{title|upper}}'));
    expect((await broken.run('render', 'summarize')).err).toContain(
      'prompts.summarize.1.4.2.text: line 3 of it: {{title|upper}} is not known',
    );
  });
});

it('llm-config prompts diff shows the lines that differ', async () => {
  await using it = await box();
  expect(await it.run('diff', 'summarize@1.4.2', 'summarize@2.0.0')).toMatchObject({
    code: 1,
    out: [
      '--- summarize@1.4.2',
      '+++ summarize@2.0.0',
      '- You are a {{role}}.',
      '+ You are an excellent {{role}}.',
      '  {{#each docs}}',
      '  - {{title}}',
      '  {{/each}}',
      '',
    ].join('\n'),
  });
  expect(await it.run('diff', 'summarize@^2', 'summarize')).toMatchObject({
    code: 0,
    out: 'summarize@2.0.0 and summarize@2.0.0 have the same text\n',
  });
  const signs = (a: string, b: string) => lineDiff(a, b).map(({ sign, line }) => sign + line);
  expect(signs('a\nb\nc', 'b\nc\nd')).toEqual(['-a', ' b', ' c', '+d']);
  expect(signs('a\nb', 'b\na')).toEqual(['-a', ' b', '+a']);
  expect(signs('x\n'.repeat(3_000), 'y\n'.repeat(3_000))).toHaveLength(6_002);
});

describe('llm-config prompts lock', () => {
  it('writes hashes that a load then compares, and keeps those of deleted versions', async () => {
    await using it = await box();
    const text = (): string => readFileSync(it.path('prompts.lock.json'), 'utf8');
    expect(await it.run('lock', '--check')).toMatchObject({ code: 1, out: expect.stringContaining('new') });
    expect(await it.run('lock')).toMatchObject({
      code: 0,
      out: 'summarize  1.4.2  new\nsummarize  2.0.0  new\n',
      err: 'prompts.lock.json is written. The chain must read it\n',
    });
    const before = text();
    expect(JSON.parse(before)).toEqual({
      llm: {
        prompts: {
          summarize: {
            '1.4.2': { hash: contentHash('You are a {{role}}.\n{{#each docs}}\n- {{title}}\n{{/each}}\n') },
            '2.0.0': { hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
          },
        },
      },
    });
    expect(await it.run('lock', '--check')).toMatchObject({ code: 0 });
    await it.write({ 'app.yaml': yaml.replace('an excellent', 'an evil') });
    expect(await it.run('lock')).toMatchObject({
      code: 1,
      out: 'summarize  1.4.2  locked\nsummarize  2.0.0  changed\n',
      err: expect.stringContaining('nothing is written'),
    });
    expect(text()).toBe(before);
    expect((await it.run('render', 'summarize', '--var', 'role=x')).err).toContain('locked as this version');
    expect(await it.run('lock', '--force')).toMatchObject({ code: 0 });
    await it.write({ 'app.yaml': yaml.replace('"2.0.0":', '"2.0.1":') });
    expect(await it.run('lock')).toMatchObject({ code: 0 });
    const { llm } = JSON.parse(text()) as { llm: { prompts: { summarize: object } } };
    expect(Object.keys(llm.prompts.summarize)).toEqual(['1.4.2', '2.0.0', '2.0.1']);
  });

  it('refuses a file that is not JSON', async () => {
    await using it = await box();
    await it.write({ 'other.json': 'fake-Zq83' });
    const { code, err } = await it.run('lock', '--out', 'other.json');
    expect([code, err.includes('other.json is not JSON'), err.includes('Zq83')]).toEqual([3, true, false]);
  });
});
