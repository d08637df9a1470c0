import { fallback, intercepted, loadConfig, ProviderChain } from 'llm-config-manager';
import { z } from 'zod';
import { forwardOnly } from './forward-only.ts';
import { Region } from './region.ts';

const near = new Region('eu-central');
const far = new Region('eu-west');
const show = async (title: string) => {
  for (const [name, chain] of Object.entries({ alone, forward }))
    console.log(`${title}, ${name}: ${await chain.get('llm.model')}`);
};

near.write('llm.model', 'small');
far.copyFrom(near);

const alone = new ProviderChain([fallback(near, far)], { closeProviders: false });
// #region chain
const regions = intercepted(fallback(near, far), forwardOnly());
const forward = new ProviderChain([regions]);
// #endregion chain
near.write('llm.model', 'medium'); // eu-west does not have it yet
await show('both answer');

// #region load
const Schema = z.object({ llm: z.object({ model: z.string() }) });
await using config = await loadConfig(Schema, forward);
// #endregion load

near.isDown = true;
await show('eu-central is down');
await config.reload();
console.log(`a reload: ${config.value.llm.model}`);

far.copyFrom(near);
await show('eu-west has caught up');
await forward.close();
