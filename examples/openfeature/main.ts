import { OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { EnvProvider, loadConfig, MemoryProvider } from 'llm-config-manager';
import { ConfigFlags } from 'llm-config-manager/openfeature';
import { z } from 'zod';

// #region schema
const Schema = z.object({
  flags: z.object({
    checkout: z.object({ express: z.boolean().default(false), limit: z.number().default(100) }).prefault({}),
    banner: z.string().default(''),
    model: z.object({ name: z.string(), temperature: z.number() }).optional(),
    prompt: z.object({ variants: z.record(z.string(), z.number()) }).default({ variants: { a: 90, b: 10 } }),
  }),
});
// #endregion

const memory = new MemoryProvider({ flags: { checkout: { express: true } } });
const sources = [new EnvProvider({ prefix: 'APP', env: { APP_FLAGS_BANNER: 'Hello' } }), memory];

// #region provider
await using config = await loadConfig(Schema, sources);
await OpenFeature.setProviderAndWait(new ConfigFlags(config, 'flags'));
const flags = OpenFeature.getClient();
// #endregion

// #region read
await flags.getBooleanValue('checkout.express', false); // => true
const details = await flags.getNumberDetails('checkout.limit', 10);
console.log(details.value, details.reason); // => 100 DEFAULT
// #endregion
console.log(await flags.getBooleanValue('checkout.express', false));
console.log(await flags.getStringDetails('banner', '').then(({ value, reason }) => `${value} ${reason}`));
const wrong = await flags.getBooleanDetails('banner', true);
console.log(wrong.value, wrong.reason, wrong.errorCode);

// #region split
const prompt = await flags.getStringDetails('prompt', 'a', { targetingKey: 'user-7' });
console.log(prompt.value, prompt.reason); // => a SPLIT
// #endregion

// #region change
const changed = new Promise((resolve) => {
  flags.addHandler(ProviderEvents.ConfigurationChanged, (event) => resolve(event?.flagsChanged));
});
await memory.set('flags.checkout.express', false);
await config.reload(); // or load it with { watch: true }
console.log(await changed); // => [ 'checkout.express' ]
// #endregion
console.log(await flags.getBooleanValue('checkout.express', true));
await OpenFeature.close();
