import { BundleProvider, isConfigError } from 'llm-config-manager';
import { type Endpoint, genaiPrices, loadLlm } from 'llm-config-manager/llm';

// #region load
const ai = await loadLlm(new BundleProvider('llm.yaml'), {
  price: await genaiPrices(),
  on: (event) => {
    if (event.type === 'budget') console.log(`  (budget ${event.budget}: ${event.state})`);
  },
});
// #endregion load

/** In place of a client: an answer in the words of the vendor, with the tokens that it has used. */
const ask = async ({ provider, model }: Endpoint): Promise<{ readonly model: string }> => {
  if (provider === 'anthropic')
    return {
      model,
      usage: { input_tokens: 500, cache_read_input_tokens: 1_500, output_tokens: 400 },
    } as never;
  const details = { prompt_tokens_details: { cached_tokens: 1_500 } };
  return { model, usage: { prompt_tokens: 2_000, completion_tokens: 400, ...details } } as never;
};
const withoutDays = (text: string): string => text.replace(/\d{4}-\d\d(?:-\d\d)?/g, '(today)');

// #region call
const summarize = (tenant: string) =>
  ai.task('summarize').run(ask, { tenant, estimatedTokens: 3_000, maxOutputTokens: 500 });
// #endregion call
for (let i = 0; i < 6; i++) await summarize('acme');

console.log('# the dear model does not fit any more, the cheap one does\n');
console.log((await summarize('acme')).model);
console.log(withoutDays(String(ai.explain('summarize', { tenant: 'acme' }))));

console.log('\n# nothing fits\n');
let refusal: unknown;
while (!refusal) await summarize('acme').catch((error: unknown) => (refusal = error));
if (isConfigError(refusal)) console.log(`${refusal.code}: ${withoutDays(refusal.message)}`);

console.log('\n# another customer has a budget of its own\n');
console.log((await summarize('umbrella')).model);

console.log('\n# a call without an answer is counted as estimated\n');
const stop = new AbortController();
const aborted = ai
  .task('chat')
  .run(() => new Promise(() => undefined), { estimatedTokens: 1_000, signal: stop.signal });
stop.abort();
await aborted.catch(() => undefined);
// #region spend
console.log(ai.spend());
// #endregion spend
await ai.close();
