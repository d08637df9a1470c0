// The options, counters and type of `tenants`. Used by tenants.ts, which checks them, and by tenant-views.ts.
// Limits are per process: nothing here is shared.

import {
  aFunction,
  aNumber,
  anInteger,
  aString,
  checkOptions,
  either,
  listOf,
  oneOf,
} from '../../internal/options.ts';
import type { ConfigProvider, Decorated } from '../../provider.ts';
import type { Key } from '../../value.ts';
import type { GuardOptions } from './guarded.ts';
import type { Caller, Policy } from './policy.ts';
import type { Quotas } from './quota.ts';

/** The options of `tenants`. */
export interface TenantsOptions<C = { readonly caller: Caller }> {
  /** Where the keys of a tenant are, from the most general to the most specific level. The segment `{id}` is
   *  the tenant. Levels without it are shared, and only read; they must not overlap the last one, to which
   *  writes go.
   *  @default ['tenants.{id}'] */
  readonly levels?: readonly Key[];
  /** Decides about the keys of a tenant, without their prefix. @default everything is allowed */
  readonly policy?: Policy | ((id: string) => Policy);
  /** The caller of a call. Required with `policy`. @default none */
  readonly identify?: GuardOptions<C>['identify'];
  /** What a refused caller sees. @default 'hole' */
  readonly denied?: 'hole' | 'refuse';
  /** What a tenant may have, counted in this process. @default no limits */
  readonly quotas?: Quotas | ((id: string) => Quotas);
  /** The most views in memory. The one that was used least recently is dropped first. @default 1_000 */
  readonly max?: number;
  /** The time without a call after which a view is dropped, in milliseconds. @default 900_000 */
  readonly idleMs?: number;
  /** The clock of quotas, of idle views and of the policy. @default Date.now */
  readonly now?: () => number;
}

/** Counters of `tenants`. */
export interface TenantsStats {
  /** Views in memory. */
  readonly views: number;
  readonly suspended: number;
  readonly created: number;
  readonly dropped: number;
  /** Writes that a quota has refused. */
  readonly overQuota: number;
}

/** The views of all tenants. */
export interface Tenants<P extends ConfigProvider> {
  /** The provider of one tenant. Made on its first call, and again after it was dropped.
   *  @throws ConfigError `invalid_key` for an id that is not a segment, or is one of a shared level */
  get(id: string): Decorated<P>;
  /** Refuses every call for a tenant with `policy_violation`, and passes on no change. */
  suspend(id: string): void;
  resume(id: string): void;
  stats(): TenantsStats;
  /** Ends all views. The store stays open. */
  close(): Promise<void>;
}

const aQuota = (value: unknown): string | undefined => {
  if (typeof value === 'function') return undefined;
  try {
    checkOptions('quotas', value as object, {
      keys: anInteger(0),
      bytes: anInteger(0),
      writesPerMinute: anInteger(0),
    });
    return undefined;
  } catch {
    return 'an object of whole numbers: keys, bytes, writesPerMinute';
  }
};
export const tenantOptionChecks = {
  levels: listOf(aString),
  policy: either(aFunction, (value) =>
    typeof (value as Partial<Policy> | null)?.decide === 'function' ? undefined : 'a policy',
  ),
  identify: aFunction,
  denied: oneOf('hole', 'refuse'),
  quotas: aQuota,
  max: anInteger(1),
  idleMs: aNumber(1),
  now: aFunction,
};
