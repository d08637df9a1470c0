import { BundleProvider, loadConfig, ProviderChain } from 'llm-config-manager';
import { z } from 'zod';

// #region first
const base = new BundleProvider('config/base.yaml');
const port = await base.get('service.port');
// #endregion
console.log(`${port}`);

// #region load
const Schema = z.object({
  service: z.object({ host: z.string(), port: z.number() }),
  limits: z.object({ perMinute: z.number() }),
  models: z.array(z.string()),
});
await using chain = new ProviderChain([
  new BundleProvider({ path: 'config/local.json', optional: true }), // for this machine, may be missing
  new BundleProvider('config/limits.toml'),
  base,
]);
await using config = await loadConfig(Schema, chain);
// #endregion
console.log(config.value);
console.log(`${config.explain('limits.perMinute')}`);

// #region references
const Endpoints = z.object({
  service: z.object({ host: z.string(), port: z.number() }),
  url: z.string(),
  workers: z.number(),
  greeting: z.string(),
});
const endpoints = new BundleProvider({
  path: 'config/endpoints.yaml',
  references: { CPU_COUNT: '4' }, // or `true`, for the values of the file only
});
const { value } = await loadConfig(Endpoints, endpoints);
// #endregion
console.log(value);

// #region pattern
const parts = new BundleProvider('config/conf.d/*.yaml'); // 10-base.yaml, then 20-team.yaml
const limit = await parts.get('limits.perMinute'); // the later file wins
// #endregion
console.log(`${limit}`);
console.log(`${await parts.get('limits.burst')}`);
