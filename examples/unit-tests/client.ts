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

export function load(directory: string, env = process.env): Promise<AppConfig> {
  const file = new BundleProvider(`${directory}/config.yaml`);
  return loadConfig(Schema, [new EnvProvider({ prefix: 'APP', env }), file]);
}

export function describeClient({ value: { llm } }: AppConfig): string {
  return `${llm.endpoint} within ${llm.timeoutMs} ms`;
}
