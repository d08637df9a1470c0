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

/** From the most general to the most specific: acme.settings, acme.search.settings,
 *  acme.search.api.settings, … `keyFrom` makes each name one segment, so a name cannot refer to another
 *  level. */
export const levelsOf = ({ org, project, service, environment }: Tenant): string[] =>
  [org, project, service, environment].map((_, i, names) => keyFrom([...names.slice(0, i + 1), 'settings']));

/** The part of the shared store that one tenant can read. */
export function viewOf(store: ConfigProvider, tenant: Tenant): ProviderChain {
  const levels = cascade(levelsOf(tenant), (level) => scoped(store, level));
  return new ProviderChain([levels], { closeProviders: false }); // the tenants share the store
}

export function configOf(store: ConfigProvider, tenant: Tenant): Promise<TenantConfig> {
  return loadConfig(Schema, viewOf(store, tenant));
}
// #endregion
