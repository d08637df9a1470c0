import {
  BundleProvider,
  type Config,
  EnvProvider,
  loadConfig,
  type StandardSchemaV1,
} from 'llm-config-manager';
import { z } from 'zod';

export const Schema = z.object({
  llm: z.object({ endpoint: z.url(), timeoutMs: z.number().default(10_000) }),
});
export type AppConfig = Config<StandardSchemaV1.InferOutput<typeof Schema>>;

export const load = (directory: string, env = process.env): Promise<AppConfig> =>
  loadConfig(Schema, [
    new EnvProvider({ prefix: 'APP', env }),
    new BundleProvider(`${directory}/config.yaml`),
  ]);

export const describeClient = ({ value: { llm } }: AppConfig): string =>
  `${llm.endpoint} within ${llm.timeoutMs} ms`;
