import { spawnSync } from 'node:child_process';
import { BundleProvider, isConfigError, MemoryProvider, ProviderChain } from 'llm-config-manager';
import { loadLlm } from 'llm-config-manager/llm';
import { z } from 'zod';

const refusal = (error: unknown): string => (isConfigError(error) ? error.message : String(error));
const store = new MemoryProvider({}, { name: 'store' });

// #region load
const chain = new ProviderChain([
  new BundleProvider({ path: 'prompts.lock.json', optional: true }),
  store,
  new BundleProvider('llm.yaml'),
  new BundleProvider('presets.yaml'),
]);
const ai = await loadLlm(chain);
// #endregion load

// #region prompt
const docs = [{ title: 'Report' }, { title: 'A title with a tag: {{role}}' }];
const prompt = ai.prompt('summarize', { role: 'editor', docs });
console.log(prompt.text);
console.log(prompt.version, prompt.hash, String(prompt.origin));
// #endregion prompt

console.log('\n# a variable is missing\n');
try {
  ai.prompt('summarize', { docs });
} catch (error) {
  console.log(refusal(error));
}

console.log('\n# variants\n');
const count: Record<string, number> = {};
// #region variants
for (let n = 0; n < 1_000; n++) {
  const { variant } = ai.prompt('greet', { name: 'Ann' }, { subject: `user-${n}` });
  count[variant] = (count[variant] ?? 0) + 1;
}
console.log(count);
// #endregion variants

console.log('\n# a locked version is changed\n');
// #region changed
await store.set('llm.prompts.summarize."1.4.2".text', 'Write what you like.');
await ai.config.reload().catch((error) => console.log(refusal(error)));
console.log(ai.prompt('summarize', { role: 'editor' }).version, 'as before');
// #endregion changed
await store.delete('llm.prompts.summarize."1.4.2".text');

console.log('\n# parameters of the preset, in the spelling of each client\n');
// #region presets
const summarize = ai.task('summarize');
for (const pin of ['openai-eu', 'claude', 'reasoner'])
  console.log(pin, await summarize.run(async ({ parameters }) => parameters, { pin }));
const warmer = { parameters: { temperature: 0.7, topP: null } };
console.log('a call', await summarize.run(async ({ parameters }) => parameters, warmer));
// #endregion presets

console.log('\n# what a task has\n');
// #region explain
console.log(String(ai.explain('summarize')));
// #endregion explain
await ai.close();

console.log('\n# variables with a schema\n');
// #region schema
await using checked = await loadLlm(chain, {
  variables: { greet: z.object({ name: z.string().trim().min(1), title: z.string().optional() }) },
});
console.log(checked.prompt('greet@^2', { name: ' Ann ' }).text);
// #endregion schema

console.log('\n# on the command line\n');
/** Prints a command and its output, as a terminal shows them. */
function run(command: string): void {
  console.log(`$ ${command}`);
  const [program = '', ...args] = command.split(' ');
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8' });
  process.stdout.write(stdout + stderr.replace(/^.* …\n/gm, '')); // without progress notes
  if (status !== 0) console.log(`exit code ${status}`);
}
run('llm-config prompts render summarize --var role=editor');
run('llm-config prompts diff greet@1.0.0 greet@2.0.0');
run('llm-config prompts lock --check');
