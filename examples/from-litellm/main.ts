import { readFileSync, writeFileSync } from 'node:fs';
import { BundleProvider, EnvProvider, ProviderChain, reveal } from 'llm-config-manager';
import { loadLlm } from 'llm-config-manager/llm';
import { stringify } from 'yaml';
import { convert } from './convert.ts';

// #region convert
const { llm, variables, notes } = convert(readFileSync('litellm.yaml', 'utf8'));
writeFileSync('llm.yaml', stringify({ llm }));
console.log('# variables of the environment\n', variables);
console.log('# what has no counterpart\n', notes);
// #endregion convert

const env = { AZURE_KEY: 'fake-key-azure', OPENAI_KEY: 'fake-key-openai', ANTHROPIC_KEY: 'fake-key-claude' };
const on = ({ type, endpoint, outcome }: { type: string; endpoint?: string; outcome: string }): void => {
  if (type === 'attempt') console.log(`  (${endpoint}: ${outcome})`);
};
// #region load
const chain = new ProviderChain([
  new EnvProvider({ env, variables }), // env: only here, where the keys are fake
  new BundleProvider('llm.yaml'),
]);
const ai = await loadLlm(chain, { on });
// #endregion load

/** In place of the request of an SDK: both deployments of gpt-x are throttled. */
const failing = async (names: readonly string[], model: string, key: string): Promise<string> => {
  if (names.includes(model)) throw Object.assign(new Error('throttled'), { status: 429 });
  return `${model} answers, with the key ${key}`;
};
console.log('\n# all deployments of a group are throttled\n');
// #region call
const answer = await ai
  .task('gpt-x')
  .run(({ model, auth }) => failing(['gpt-x'], model, reveal(auth.apiKey)), { subject: 'user-1' });
console.log(answer);
console.log(String(ai.explain('fast')));
// #endregion call
await ai.close();
