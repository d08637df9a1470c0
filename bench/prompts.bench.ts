// A prompt of about 700 characters with six variables, beside two engines with the same language.
import { MemoryProvider } from 'llm-config-manager';
import { loadLlm } from 'llm-config-manager/llm';
import { compare, peer } from './compare.ts';

const text = `You are a {{role}} of {{company}}.
${'Answer in the tone of the company, and in short sentences. '.repeat(4)}
Language: {{language}}
Keep to the documents, and say so where they do not have an answer.
{{#each docs}}
- {{title}}
{{/each}}
${'Ask back where the question has several meanings. '.repeat(4)}
{{#if context}}
Context: {{context}}
{{/if}}
Question: {{question}}
`;
const variables = {
  role: 'supporter',
  company: 'Acme',
  language: 'English',
  docs: [{ title: 'The invoice of May' }, { title: 'Prices' }, { title: 'How to pay' }],
  context: 'The customer has written twice.',
  question: 'Why is <b>my invoice</b> higher than the one before?',
};
const ai = await loadLlm(
  new MemoryProvider({
    llm: {
      endpoints: { a: { provider: 'openai', model: 'gpt-x' } },
      tasks: {
        one: { use: ['a'], prompt: 'answer@^1' },
        two: { use: ['a'], prompt: ['answer@^1', 'answer@1.0.0'] },
      },
      prompts: { answer: { '1.0.0': { text } } },
    },
  }),
);

interface Handlebars {
  compile(text: string, options: object): (variables: object) => string;
}
interface Mustache {
  escape: (text: string) => string;
  parse(text: string): unknown;
  render(text: string, variables: object): string;
}
const { default: handlebars } = await peer<{ default: Handlebars }>('handlebars');
const { default: mustache } = await peer<{ default: Mustache }>('mustache');
const compiled = handlebars.compile(text, { noEscape: true, strict: true });
mustache.escape = (value) => value;
const inMustache = text
  .replaceAll(/\{\{#(?:each|if) (\w+)\}\}/g, '{{#$1}}')
  .replace('{{/each}}', '{{/docs}}')
  .replace('{{/if}}', '{{/context}}');
mustache.parse(inMustache);

const expected = compiled(variables);
if (ai.prompt('one', variables).text !== expected || mustache.render(inMustache, variables) !== expected)
  throw new Error('the engines do not agree');

const times = (render: () => string) => (): number => {
  let length = 0;
  for (let n = 0; n < 100; n++) length += render().length;
  return length;
};

await compare(
  `a prompt of ${expected.length} characters with six variables`,
  {
    'ai.prompt': times(() => ai.prompt('one', variables).text),
    'ai.prompt, two variants and a subject': times(
      () => ai.prompt('two', variables, { subject: 'user 7' }).text,
    ),
    handlebars: times(() => compiled(variables)),
    mustache: times(() => mustache.render(inMustache, variables)),
  },
  { batch: 100, goals: [{ says: 'a prompt of 700 characters', of: 'ai.prompt', atMost: 1.5e3, limit: 6e3 }] },
);
await ai.close();
