// The base of all decorators, also of those in sealing/ and extensions/. Forwards what a decorator does not
// change, and keeps what the shelter must know of the providers inside.

import type { LazyModule } from '../internal/lazy.ts';
import { disposeAll, type Emitter } from '../internal/listeners.ts';
import { needsOf } from '../needs.ts';
import {
  type ComparingProvider,
  type ConfigProvider,
  InSteps,
  type Listings,
  type VersionedProvider,
} from '../provider.ts';
import { wait } from '../turns.ts';

/** Why a provider's answers cannot be kept by another: several providers answer, each caller is decided
 *  about, or they are kept already. */
export type Unshared = 'composed' | 'intercepted' | 'guarded' | 'remembered';

interface Composition {
  readonly parts: readonly ConfigProvider[];
  readonly unshared: Unshared | undefined;
  readonly omits: boolean;
}

/** A property, so that a copy of a decorated provider has it, and another copy of this library finds it. */
const decoration: unique symbol = Symbol.for('llm-config-manager.decoration') as never;

const decorationOf = (provider: ConfigProvider): Composition | undefined =>
  (provider as { readonly [decoration]?: Composition })[decoration];

/** Why the answers of a provider cannot be shared, also if the reason is inside decorators. */
export function unsharedReason(provider: ConfigProvider): Unshared | undefined {
  const decorated = decorationOf(provider);
  if (!decorated) return provider.layers ? 'composed' : undefined;
  if (decorated.unshared) return decorated.unshared;
  return decorated.parts.map(unsharedReason).find((reason) => reason !== undefined);
}

/** Whether a provider, or one inside its decorators, leaves out what its caller may not read. */
export function omits(provider: ConfigProvider): boolean {
  const decorated = decorationOf(provider);
  return decorated !== undefined && (decorated.omits || decorated.parts.some(omits));
}

/** Whether a provider is a chain, or a decorated chain. */
export function isComposed(provider: ConfigProvider): boolean {
  return decorationOf(provider)?.parts.some(isComposed) ?? provider.layers !== undefined;
}

/** The provider inside all decorators. One that decorates several providers counts as innermost. */
export function innermost(provider: ConfigProvider): ConfigProvider {
  const parts = decorationOf(provider)?.parts;
  return parts?.length === 1 ? innermost(parts[0] as ConfigProvider) : provider;
}

/** Whether a provider, or one inside its decorators, has a name. `fallback(a, b)` answers as `a`. */
export function answersTo(provider: ConfigProvider, name: string): boolean {
  const { parts = [] } = decorationOf(provider) ?? {};
  return provider.name === name || parts.some((part) => answersTo(part, name));
}

/** All that a provider may have. */
export type AnyProvider = ConfigProvider & Partial<ComparingProvider & VersionedProvider>;

type Abilities = Partial<Omit<AnyProvider, 'name' | 'inSteps'>>;

type Call = (...args: readonly unknown[]) => Promise<unknown>;

/** The methods of a decorator that are loaded. */
type Loaded = object & { readonly inSteps?: Listings };

/** The methods that read and write. */
export const methods = [
  'get',
  'getMany',
  'list',
  'layers',
  'renew',
  'set',
  'delete',
  'versions',
] as const satisfies readonly (keyof Abilities)[];

/** Those of the methods that a provider has. */
export const methodsOf = <M extends keyof Abilities>(provider: AnyProvider, names: readonly M[]): M[] =>
  names.filter((name) => provider[name]);

/** The methods of an object that is made by a module, which the first call loads. Once it is loaded, a call
 *  costs no turn more. `known` knows nothing before. */
export function loadedOnCall<M extends keyof Abilities, T>(
  names: readonly M[],
  module: LazyModule<T>,
  make: (module: T) => Loaded,
): Required<Pick<Abilities, M>> & { readonly inSteps: Listings } {
  let loaded: (Readonly<Record<M, Call>> & Loaded) | undefined;
  const made = (module: T) => (loaded ??= make(module) as NonNullable<typeof loaded>);
  const call =
    (name: M): Call =>
    (...args) =>
      loaded ? loaded[name](...args) : module.later().then((found) => made(found)[name](...args));
  const known = (...args: readonly unknown[]): unknown => loaded?.['known' as M](...args);
  const methods = Object.fromEntries(
    names.map((name) => [name, name === 'known' ? known : call(name)]),
  ) as unknown as Required<Pick<Abilities, M>>;
  const steps = (name: 'list' | 'layers'): NonNullable<Listings['list']> =>
    function* (...asked) {
      const own = (loaded ?? made(yield* wait(module))).inSteps;
      return yield* own![name]!(...asked);
    };
  return { ...methods, inSteps: { list: steps('list'), layers: steps('layers') } };
}

export interface Decoration {
  /** All providers that the new one asks. @default the inner one */
  readonly parts?: readonly ConfigProvider[];
  readonly unshared?: Unshared;
  /** The decorator leaves out what its caller may not read. A chain would take that from a weaker provider,
   *  so it refuses the decorator. */
  readonly omits?: boolean;
  /** Emits the decorator's own events. */
  readonly emitter?: Emitter;
}

/** Makes a provider from the abilities in `own`, and forwards the others to `inner`. Never forwards reading
 *  and writing: a decorator that changes `get` must decide about `getMany` and `set` too. */
export function decorate(
  inner: ConfigProvider,
  name: string,
  own: Abilities & Pick<ConfigProvider, 'get' | 'list'> & { readonly inSteps?: Listings },
  { parts = [inner], unshared, omits = false, emitter }: Decoration = {},
): ConfigProvider {
  const forwarded = {
    where: inner.where && ((key, options) => inner.where?.(key, options) as string),
    leasedAt: inner.leasedAt && ((key) => inner.leasedAt?.(key)),
    health:
      inner.health &&
      ((options) => inner.health?.(options) as ReturnType<NonNullable<ConfigProvider['health']>>),
    refresh: inner.refresh && (async (prefix, options) => inner.refresh?.(prefix, options)),
    watch: inner.watch && ((onChange, options) => inner.watch?.(onChange, options) as Disposable),
    on:
      inner.on || emitter
        ? (listener, options) =>
            disposeAll([emitter?.on(listener), ...parts.map((part) => part.on?.(listener, options))])
        : undefined,
    status: inner.status && ((key) => inner.status?.(key)),
    needs: parts.some((part) => part.needs) ? (wanted) => needsOf(parts, wanted) : undefined,
    close: inner.close && (async (options) => inner.close?.(options)),
    local: inner.local,
    compares: own.set && (inner as AnyProvider).compares,
    unnamed: name === inner.name ? inner.unnamed : undefined,
  } satisfies { [Ability in keyof Abilities]: Abilities[Ability] | undefined };
  const all = Object.entries({ name, ...forwarded, ...own }).filter(([, ability]) => ability !== undefined);
  return Object.freeze({
    ...Object.fromEntries(all),
    [decoration]: { parts, unshared, omits } satisfies Composition,
    ...(own.inSteps && { inSteps: new InSteps([own.list, own.layers], own.inSteps) }),
  }) as unknown as ConfigProvider;
}
