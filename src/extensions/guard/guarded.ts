// `guarded`: a provider that asks a policy before and after each operation. Reading, writing and names are in
// reads.ts, writes.ts and names.ts; judge.ts asks the policy.

import { decorate, methodsOf } from '../../decorators/decorate.ts';
import { ConfigError } from '../../errors.ts';
import type { ConfigEvent } from '../../events.ts';
import { disposeAll, Emitter } from '../../internal/listeners.ts';
import { aFunction, checkOptions, oneOf } from '../../internal/options.ts';
import { register } from '../../living.ts';
import type { CallOptions } from '../../operation.ts';
import { type ConfigProvider, checkProvider, type Decorated } from '../../provider.ts';
import { isSchema, type StandardSchemaV1 } from '../../schema/schema.ts';
import type { Denied } from './denials.ts';
import { type GuardStats, Judge, livingGuard } from './judge.ts';
import { GuardedNames } from './names.ts';
import type { Caller, Policy } from './policy.ts';
import { GuardedReads } from './reads.ts';
import { GuardedWrites } from './writes.ts';

/** The options of `guarded`. */
export interface GuardOptions<C = { readonly caller: Caller }> {
  /** The caller in the option `context` of a call. A call without `context` passes `undefined`: return the
   *  identity of the process for it, or throw. Undefined: an anonymous caller. An error is a denial. */
  readonly identify: (context: C) => Caller | undefined;
  /** What a refused caller sees. `hole`: what exists is refused, and what is absent stays absent. `refuse`:
   *  each denied key is refused, whether or not it exists. `omit`: nothing, which a chain does not accept.
   *  @default 'hole' */
  readonly denied?: Denied;
  /** Nothing is written that this schema of the whole configuration refuses. @default none */
  readonly validate?: StandardSchemaV1;
  /** The clock of the decisions. @default Date.now */
  readonly now?: () => number;
}

const optionChecks = {
  identify: aFunction,
  denied: oneOf('hole', 'refuse', 'omit'),
  validate: (value: unknown) => (isSchema(value) ? undefined : 'a schema'),
  now: aFunction,
};

/** What `guarded` returns: the abilities of the provider, events and counters. */
export type Guarded<P extends ConfigProvider> = Decorated<P> &
  Required<Pick<ConfigProvider, 'on'>> & {
    /** Counters of the decisions since the guard was created. */
    stats(): GuardStats;
  };

/** Asks a policy about each key that a caller reads, lists or writes. A denial is the error
 *  `policy_violation`, in a list a hole, and an event `policy_violated`. It is never transient, so that
 *  nothing tolerant answers instead. Trees are cut leaf by leaf. Put it outside everything that remembers
 *  answers: a cache refuses a guarded provider.
 *  @example
 *  const policy = rules({ roles: { dev: ['ann'] }, allow: [{ roles: ['dev'], keys: ['dev.**'] }] });
 *  const store = guarded(new VaultProvider({ path: 'acme/' }), policy, { identify: ({ caller }) => caller });
 *  await store.get('dev.model', { context: { caller: { id: 'ann' } } });
 *  @throws ConfigError `invalid_option`
 *  @see rules, cel, policyFrom */
export function guarded<P extends ConfigProvider, C = { readonly caller: Caller }>(
  provider: P,
  policy: Policy,
  options: GuardOptions<C>,
): Guarded<P> {
  checkProvider('guarded', provider);
  if (typeof (policy as Partial<Policy> | undefined)?.decide !== 'function')
    throw new ConfigError('invalid_option', 'guarded: the second argument is not a policy', {
      hint: 'Pass rules(…), or an object with the method decide',
    });
  checkOptions('guarded', options, optionChecks);
  if (options.identify === undefined)
    throw new ConfigError('invalid_option', 'guarded: the option identify is required', {
      hint: 'Return the caller of a call: identify: (context) => context.caller',
    });
  const { guard, judge } = guardOf(provider, policy, options);
  register(guard, livingGuard(provider.name, judge.counts));
  return guard as ConfigProvider as Guarded<P>;
}

/** The guard of a provider, without a check of the options. */
export function guardOf<C>(
  provider: ConfigProvider,
  policy: Policy,
  options: GuardOptions<C>,
): { readonly guard: ConfigProvider; readonly judge: Judge } {
  const { name } = provider;
  const { identify, denied = 'hole', validate, now = Date.now } = options;
  const emitter = new Emitter(name, 'provider');
  const judge = new Judge(name, policy, identify, now, emitter);
  const reads = new GuardedReads(provider, judge, denied, (message) => emitter.notice(message));
  const writes = new GuardedWrites(provider, judge, validate);
  const names = new GuardedNames(provider, judge);
  const all = {
    get: reads.get.bind(reads),
    list: reads.list.bind(reads),
    getMany: reads.getMany.bind(reads),
    layers: reads.layers.bind(reads),
    renew: reads.renew.bind(reads),
    versions: reads.versions.bind(reads),
    known: reads.known.bind(reads),
    set: writes.set,
    delete: writes.delete,
    refresh: writes.refresh,
    where: names.where,
    watch: names.watch,
  };
  const own = methodsOf(provider, Object.keys(all) as (keyof typeof all)[]);
  const guard = decorate(
    provider,
    name,
    {
      ...(Object.fromEntries(own.map((method) => [method, all[method]])) as Pick<typeof all, 'get' | 'list'>),
      // how long a key has been cached says that it exists
      ...(denied !== 'hole' && { status: undefined }),
      on: (listener: (event: ConfigEvent) => void, more?: CallOptions) =>
        names.on(
          (forward) => disposeAll([emitter.on(forward), provider.on?.(forward, more)]),
          listener,
          more,
        ),
      stats: (): GuardStats => ({ ...judge.counts }),
    } as unknown as Parameters<typeof decorate>[2],
    { unshared: 'guarded', omits: denied === 'omit' },
  );
  return { guard, judge };
}
