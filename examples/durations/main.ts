import { bytes, duration, EnvProvider, envExample, loadConfig, ProviderChain } from 'llm-config-manager';
import * as v from 'valibot';
import { z } from 'zod';

// #region zod
const Schema = z.object({
  timeout: duration.zod(z, { min: '1s', max: '5m' }).prefault('10s'),
  cacheFor: duration.zod(z),
  upload: bytes.zod(z, { max: '1GiB' }).optional(),
});
// #endregion

// #region load
const env = { APP_TIMEOUT: '2m30s', APP_CACHE_FOR: '1d', APP_UPLOAD: '10MB' };
const { value } = await loadConfig(Schema, new EnvProvider({ prefix: 'APP', env }));
console.log(value.timeout, value.cacheFor, value.upload); // 150000 86400000 10000000
// #endregion

// #region valibot
const Limits = v.object({
  timeout: v.optional(duration.valibot(v), '10s'),
  upload: bytes.valibot(v),
});
// #endregion
const limits = await loadConfig(Limits, new EnvProvider({ prefix: 'APP', env }));
console.log(limits.value.timeout, limits.value.upload);

// #region require
const chain = new ProviderChain([new EnvProvider({ prefix: 'APP', env })]);
const timeoutMs = await chain.require('timeout', duration()); // 150000
// #endregion
console.log(timeoutMs);

// #region refused
const wrong = { APP_TIMEOUT: '10', APP_CACHE_FOR: 'PT10S', APP_UPLOAD: '2GiB' };
await loadConfig(Schema, new EnvProvider({ prefix: 'APP', env: wrong })).catch((error: Error) => {
  console.log(error.message);
});
// #endregion

console.log(`\n${await envExample(Schema, { prefix: 'APP' })}`);
