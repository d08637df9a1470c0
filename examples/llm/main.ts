import {
  BundleProvider,
  isConfigError,
  loadConfig,
  MemoryProvider,
  ProviderChain,
  secret,
} from 'llm-config-manager';
import { llmSchema, loadLlm } from 'llm-config-manager/llm';
import { z } from 'zod';
import { makeClient, textOf } from './client.ts';
import { accepted, mode, startFake } from './fake.ts';

const fake = await startFake();
const local = new MemoryProvider({
  'llm.endpoints."openai-eu".baseURL': `${fake.url}/openai`,
  'llm.endpoints.claude.baseURL': `${fake.url}/anthropic`,
});
const store = new MemoryProvider({}, { name: 'store' });
const refusal = (error: unknown): string => (isConfigError(error) ? error.message : String(error));

// #region load
const chain = new ProviderChain([local, store, new BundleProvider('llm.yaml')]);
const ai = await loadLlm(chain, {
  on: ({ type, endpoint, outcome }) =>
    type !== 'attempt' && console.log(`  (${type} ${endpoint}: ${outcome})`),
});
const clientFor = ai.clients(makeClient, { graceMs: 30_000 });
// #endregion load

const prompt = 'Hello';
// #region run
const summarize = ai.task('summarize');
const ask = () =>
  summarize.run((endpoint, { signal }) => clientFor(endpoint).ask(prompt, signal), { needs: ['tools'] });
console.log(await ask());
// #endregion run

console.log('\n# a stream that fails before its first word\n');
mode.openai = 'breaks';
// #region stream
const stream = ai
  .task('chat')
  .stream((endpoint, { signal }) => clientFor(endpoint).stream(prompt, signal), { subject: 'user-4' });
// #endregion stream
await read(stream);

console.log('\n# the first endpoint is throttled\n');
mode.openai = 'throttled';
console.log(await ask());
console.log(await ask());
// #region explain
console.log(String(ai.explain('summarize', { needs: ['json'] })));
// #endregion explain

console.log('\n# no endpoint is left\n');
mode.anthropic = 'down';
console.log(await ask().catch(refusal));

console.log('\n# a key is rotated while the application runs\n');
mode.anthropic = 'ok';
accepted.anthropic = 'fake-key-number-two';
// #region rotated
await store.set('llm.endpoints.claude.auth.apiKey', secret('fake-key-number-two'));
console.log(await ask()); // reads the configuration again, and asks with the new key
// #endregion rotated

console.log('\n# a section of a larger configuration\n');
{
  // #region section
  const schema = z.object({ port: z.number().default(8080), llm: llmSchema.zod(z) });
  const config = await loadConfig(schema, chain);
  await using ai = await loadLlm(config, { at: 'llm' });
  // #endregion section
  console.log(await ai.task('summarize').run(async ({ model }) => model));
  await config.close();
}

await ai.close();
await chain.close();
fake.close();

async function read(chunks: AsyncIterable<unknown>): Promise<void> {
  // #region read
  let text = '';
  for await (const chunk of chunks) text += textOf(chunk);
  console.log(text);
  // #endregion read
}
