// #region tenant
import {
  type Config,
  type ConfigProvider,
  cascade,
  keyFrom,
  loadConfig,
  ProviderChain,
  type StandardSchemaV1,
  scoped,
} from 'llm-config-manager';
import { z } from 'zod';

export interface Tenant {
  readonly org: string;
  readonly project: string;
  readonly service: string;
  readonly environment: string;
}

export const Schema = z.object({
  llm: z.object({ model: z.string(), maxTokens: z.number().int(), apiKey: z.string() }),
});
export type TenantConfig = Config<StandardSchemaV1.InferOutput<typeof Schema>>;

/** From the most general to the most specific: acme.settings, acme.search.settings, acme.search.api.settings, … Names become
 *  segments, so that none of them can point out of its level. */
export const levelsOf = ({ org, project, service, environment }: Tenant): string[] =>
  [org, project, service, environment].map((_, i, names) => keyFrom([...names.slice(0, i + 1), 'settings']));

/** One store for all tenants, and what one of them sees of it. */
export function viewOf(store: ConfigProvider, tenant: Tenant): ProviderChain {
  const levels = cascade(levelsOf(tenant), (level) => scoped(store, level));
  return new ProviderChain([levels], { closeProviders: false }); // the store belongs to all of them
}

export const configOf = (store: ConfigProvider, tenant: Tenant): Promise<TenantConfig> =>
  loadConfig(Schema, viewOf(store, tenant));
// #endregion
