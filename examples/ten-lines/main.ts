import './scene.ts';
// #region ten
import { BundleProvider, EnvProvider, loadConfig } from 'llm-config-manager';
import { z } from 'zod';

const Schema = z.object({
  server: z.object({ port: z.number().max(65_535) }),
  database: z.object({ host: z.string(), password: z.string() }),
});
const sources = [new EnvProvider({ prefix: 'APP' }), new BundleProvider('config/base.yaml')];
const config = await loadConfig(Schema, sources);
console.log(config); // config.value is typed, validated and frozen
console.log(`${config.explain('server.port')}`);
// #endregion
