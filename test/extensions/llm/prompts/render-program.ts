// Renders a prompt of a configuration. Run where code generation is forbidden.

import { loadLlm } from '../../../../src/extensions/llm/load-llm.ts';
import { MemoryProvider } from '../../../../src/providers/memory.ts';

try {
  Function('return 1')();
  process.stdout.write('eval works\n');
} catch {
  process.stdout.write('eval is refused\n');
}
const text = 'You are an {{role}} for {{company}}.{{#each docs}} {{this}}{{/each}}\n';
const ai = await loadLlm(
  new MemoryProvider({
    llm: {
      endpoints: { a: { provider: 'openai', model: 'gpt-x' } },
      tasks: { chat: { use: ['a'], prompt: 'chat@^1' } },
      prompts: {
        chat: { '1.0.0': { text, variables: { role: {}, company: { default: 'Acme' }, docs: {} } } },
      },
    },
  }),
);
process.stdout.write(ai.prompt('chat', { role: 'editor', docs: ['a', 'b'] }).text);
await ai.close();
