// Loads a configuration of endpoints, with prompts, a preset and a budget if an argument says so. Run where
// code generation is forbidden.

import { loadConfig } from '../../../src/config/load-config.ts';
import { loadLlm } from '../../../src/extensions/llm/load-llm.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';

const [, , mode] = process.argv;
const isWhole = mode === 'whole';
try {
  Function('return 1')();
  process.stdout.write('code generation works\n');
} catch {
  process.stdout.write('code generation is refused\n');
}
const text = 'You are an {{role}} for {{company}}.{{#each docs}} {{this}}{{/each}}';
const variables = { role: {}, company: { default: 'Acme' }, docs: {} };
const ai = await loadLlm(
  new MemoryProvider({
    llm: {
      endpoints: { first: { provider: 'openai', model: 'gpt-x', parameters: { top_p: 1 } } },
      tasks: { chat: { use: ['first'], ...(isWhole && { preset: 'precise', prompt: 'chat@^1' }) } },
      ...(isWhole && {
        budgets: { team: { currency: 'USD', perMonth: 1 } },
        presets: { precise: { topP: 0.5 } },
        prompts: { chat: { '1.0.0': { text, variables } } },
      }),
    },
  }),
);
const answer = await ai.task('chat').run(({ parameters }) => JSON.stringify(parameters));
process.stdout.write(`${answer}\n${ai.explain('chat').kind}\n`);
if (isWhole) process.stdout.write(`${ai.prompt('chat', { role: 'editor', docs: ['a', 'b'] }).text}\n`);
await ai.close();

if (mode === 'later') {
  // the application's own schema takes everything, and prompts come with a reload
  const endpoints = { first: { provider: 'openai', model: 'gpt-x' } };
  const store = new MemoryProvider({ llm: { endpoints, tasks: { chat: { use: ['first'] } } } });
  const config = await loadConfig(store);
  const late = await loadLlm(config);
  await store.set('llm.prompts.chat."1.0.0".text', text);
  await config.reload();
  const asked = (): string => {
    try {
      return late.prompt('chat', { role: 'editor', company: 'Acme', docs: [] }).text;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  process.stdout.write(`${asked()}\n`);
  while (asked() === 'invalid_key') await new Promise(setImmediate);
  process.stdout.write(`${asked()}\n`);
  await late.close();
  await config.close();
}
