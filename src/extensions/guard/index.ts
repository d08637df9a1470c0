// `llm-config-manager/guard`: who may read, list and write which key.

export { type CachedOptions, type CachedPolicy, cached } from './cached.ts';
export { type CelCondition, cel } from './cel.ts';
export type { Denied } from './denials.ts';
export { type Guarded, type GuardOptions, guarded } from './guarded.ts';
export type { GuardStats } from './judge.ts';
export type { Action, Ask, AskedEntry, Caller, Decision, Policy } from './policy.ts';
export { type LoadedPolicy, type PolicySourceOptions, policyFrom } from './policy-from.ts';
export type { Quotas } from './quota.ts';
export { platformRules } from './roles.ts';
export type { Rule } from './rule.ts';
export { type RulesPolicy, rules } from './rules.ts';
export { type RuleSet, type RulesData, rulesSchema } from './rules-schema.ts';
export type { Tenants, TenantsOptions, TenantsStats } from './tenant-options.ts';
export { tenants } from './tenants.ts';
