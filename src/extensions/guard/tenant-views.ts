// The views of `tenants`: made on demand, and dropped when they are idle. What a caller holds is only a name
// for one.

import { ProviderChain } from '../../chain/chain.ts';
import { decorate, methods, methodsOf } from '../../decorators/decorate.ts';
import { ConfigError } from '../../errors.ts';
import { disposeAll } from '../../internal/listeners.ts';
import { keyFrom, keyOf, segments, startsWith } from '../../key.ts';
import { type Living, register, retire } from '../../living.ts';
import type { ConfigProvider } from '../../provider.ts';
import type { Key } from '../../value.ts';
import { guardOf } from './guarded.ts';
import { type Quotas, QuotaWrites, WriteTimes } from './quota.ts';
import type { TenantsOptions, TenantsStats } from './tenant-options.ts';
import { tenantScope } from './tenant-scope.ts';

interface View {
  readonly provider: ConfigProvider;
  /** Calls that have not ended: a write among them counts for a quota. */
  pending: number;
  usedAt: number;
}

export class TenantViews {
  readonly #store: ConfigProvider;
  readonly #levels: readonly (readonly string[])[];
  readonly #options: TenantsOptions<never>;
  readonly #now: () => number;
  /** Those used least recently come first. */
  readonly #views = new Map<string, View>();
  /** The writes of the last minute, also of tenants whose view was dropped. */
  readonly #times = new Map<string, WriteTimes>();
  readonly #suspended = new Set<string>();
  readonly #subscriptions = new Set<Disposable>();
  readonly #counts = { created: 0, dropped: 0, overQuota: 0 };
  readonly #living: Living;
  #isClosed = false;

  constructor(store: ConfigProvider, levels: readonly Key[], options: TenantsOptions<never>) {
    this.#store = store;
    this.#levels = levels.map((level) => segments(keyOf(level)));
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#scopesOf('{id}'); // refuses levels that overlap for every tenant
    const counts = this.#counts;
    this.#living = {
      kind: 'tenants',
      name: store.name,
      counters: () => ({ ...counts }),
      gauges: () => ({}),
    };
    register(this, this.#living);
  }

  get(id: string): ConfigProvider {
    const scopes = this.#scopesOf(id);
    const name = `${this.#store.name} at ${scopes.at(-1)}`;
    const call =
      (method: string) =>
      async (...args: readonly unknown[]): Promise<unknown> => {
        const view = this.#use(id);
        const port = view.provider as unknown as Record<string, (...all: readonly unknown[]) => unknown>;
        view.pending++;
        try {
          return await port[method]?.(...args);
        } finally {
          view.pending--;
        }
      };
    const subscribe =
      (method: 'watch' | 'on') =>
      (listener: (value: never) => void, more?: object): Disposable => {
        const subscription = this.#use(id).provider[method]?.((value: unknown) => {
          if (!this.#suspended.has(id)) listener(value as never);
        }, more);
        const all = disposeAll([
          subscription,
          { [Symbol.dispose]: () => void this.#subscriptions.delete(all) },
        ]);
        this.#subscriptions.add(all);
        return all;
      };
    const named = [...methods.filter((method) => method !== 'layers'), 'refresh', 'health'] as const;
    const isComposed = scopes.length > 1 || this.#store.layers !== undefined;
    const own = {
      ...Object.fromEntries(methodsOf(this.#store, named).map((method) => [method, call(method)])),
      ...(isComposed && { layers: call('layers') }),
      ...(this.#store.watch && { watch: subscribe('watch') }),
      on: subscribe('on'),
      where: (key: Key, more?: object) => this.#use(id).provider.where?.(key, more) ?? name,
      leasedAt: (key: Key) => this.#use(id).provider.leasedAt?.(key),
      status: undefined,
      needs: undefined,
      close: async () => undefined,
    };
    return decorate(this.#store, name, own as unknown as Parameters<typeof decorate>[2], {
      unshared: 'guarded',
    });
  }

  suspend(id: string): void {
    this.#scopesOf(id);
    this.#suspended.add(id);
  }

  resume(id: string): void {
    this.#suspended.delete(id);
  }

  stats(): TenantsStats {
    return { views: this.#views.size, suspended: this.#suspended.size, ...this.#counts };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    this.#views.clear();
    retire(this.#living);
  }

  /** The prefixes of a tenant's levels. An id is one segment, whatever it contains. The keys of a tenant must
   *  not overlap a shared level: others would read them. */
  #scopesOf(id: string): readonly Key[] {
    if (typeof id !== 'string' || id === '' || id.length > 200)
      throw new ConfigError('invalid_key', 'tenants: an id must be a text of 1 to 200 characters');
    const scopes = this.#levels.map((level) =>
      keyOf(keyFrom(level.map((name) => (name === '{id}' ? id : name)))),
    );
    const own = scopes.at(-1) as Key;
    const shared = scopes.filter((_, i) => !this.#levels[i]?.includes('{id}'));
    const other = shared.find((level) => startsWith(own, level) || startsWith(level, own));
    if (other !== undefined)
      throw new ConfigError('invalid_key', `tenants: "${own}" and the shared level "${other}" overlap`, {
        hint: 'Keep the levels of tenants apart from the shared ones',
      });
    return scopes;
  }

  #use(id: string): View {
    const { name } = this.#store;
    if (this.#isClosed)
      throw new ConfigError('aborted', `${name}: the tenants are closed`, { provider: name });
    if (this.#suspended.has(id))
      throw new ConfigError('policy_violation', `${name}: the tenant is suspended`, { provider: name });
    const now = this.#now();
    const known = this.#views.get(id);
    const view = known ?? this.#make(id);
    view.usedAt = now;
    this.#views.delete(id);
    this.#views.set(id, view);
    this.#drop(id, now);
    return view;
  }

  /** Drops idle views, and those beyond `max`; never one with a call. */
  #drop(used: string, now: number): void {
    const { max = 1_000, idleMs = 900_000 } = this.#options;
    for (const [id, view] of this.#views) {
      if (this.#views.size <= max && Math.abs(now - view.usedAt) < idleMs) break;
      if (id === used || view.pending > 0) continue;
      this.#views.delete(id);
      this.#counts.dropped++;
    }
    for (const [id, times] of this.#times) {
      if (times.isRecent(now)) break;
      this.#times.delete(id);
    }
  }

  #timesOf(id: string): WriteTimes {
    const times = this.#times.get(id) ?? new WriteTimes();
    // the last to write is the last to be forgotten
    this.#times.delete(id);
    this.#times.set(id, times);
    return times;
  }

  #make(id: string): View {
    this.#counts.created++;
    const { policy, identify, denied, quotas = {} } = this.#options;
    const now = this.#now;
    const scopes = this.#scopesOf(id).map((prefix) => tenantScope(this.#store, prefix));
    const own = scopes.at(-1) as ConfigProvider;
    const read = scopes.length === 1 ? own : new ProviderChain([...scopes].reverse(), { name: own.name });
    const limits = typeof quotas === 'function' ? quotas(id) : quotas;
    const writes = 'set' in own ? this.#writesOf(id, own, limits) : undefined;
    const reads = methodsOf(read, ['get', 'getMany', 'list', 'layers', 'renew'] as const);
    const others = methodsOf(own, ['versions'] as const);
    const port = (provider: ConfigProvider, method: keyof ConfigProvider): unknown =>
      (provider[method] as ((...args: unknown[]) => unknown) | undefined)?.bind(provider);
    const abilities = {
      ...Object.fromEntries(reads.map((method) => [method, port(read, method)])),
      ...Object.fromEntries(others.map((method) => [method, port(own, method as never)])),
      ...(writes && { set: writes.set, delete: writes.delete }),
    };
    const whole = decorate(read, own.name, abilities as unknown as Parameters<typeof decorate>[2]);
    const decide = typeof policy === 'function' ? policy(id) : policy;
    const guardOptions = { identify: identify as never, now, ...(denied && { denied }) };
    const provider = decide ? guardOf(whole, decide, guardOptions).guard : whole;
    return { provider, pending: 0, usedAt: now() };
  }

  #writesOf(id: string, own: ConfigProvider, limits: Quotas): QuotaWrites {
    return new QuotaWrites(
      own,
      limits,
      () => this.#timesOf(id),
      this.#now,
      () => void this.#counts.overQuota++,
    );
  }
}
