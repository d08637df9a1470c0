// `tenants`: a view of a store for each tenant, scoped, guarded and bound by quotas. The views are in
// tenant-views.ts.

import { ConfigError } from '../../errors.ts';
import { checkOptions } from '../../internal/options.ts';
import { keyOf, segments } from '../../key.ts';
import { type ConfigProvider, checkProvider } from '../../provider.ts';
import type { Caller } from './policy.ts';
import { type Tenants, type TenantsOptions, tenantOptionChecks } from './tenant-options.ts';
import { TenantViews } from './tenant-views.ts';

/** Gives each tenant a view of a store: its own keys alone, within its quotas, decided by a policy. Quotas
 *  are counted in this process: with several, each allows as much.
 *  @throws ConfigError `invalid_option`, or `invalid_key` for levels that overlap
 *  @example
 *  const views = tenants(store, { levels: ['shared', 'tenants.{id}'], quotas: { keys: 1_000 } });
 *  await views.get('acme').set('llm.model', 'small'); // writes tenants.acme.llm.model
 *  @see guarded, scoped */
export function tenants<P extends ConfigProvider, C = { readonly caller: Caller }>(
  store: P,
  options: TenantsOptions<C> = {},
): Tenants<P> {
  checkProvider('tenants', store);
  checkOptions('tenants', options, tenantOptionChecks);
  const { levels = ['tenants.{id}'], policy, identify } = options;
  if (!segments(keyOf(levels.at(-1) ?? '')).includes('{id}'))
    throw new ConfigError('invalid_option', 'tenants: the last of the levels has no segment {id}', {
      hint: "Write it as 'tenants.{id}'",
    });
  if (policy && !identify)
    throw new ConfigError('invalid_option', 'tenants: the option identify is required with policy', {
      hint: 'Return the caller of a call: identify: (context) => context.caller',
    });
  return new TenantViews(store, levels, options as TenantsOptions<never>) as unknown as Tenants<P>;
}
