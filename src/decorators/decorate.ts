// The base of all decorators. Used by tolerance.ts, rekeyed.ts and `unsealed`.

import type { ConfigProvider, WritableProvider } from '../provider.ts';

/** The providers that each decorated provider asks. */
const partsOf = new WeakMap<ConfigProvider, readonly ConfigProvider[]>();

/** Whether a provider is a chain, or a decorated chain. */
export function isComposed(provider: ConfigProvider): boolean {
  return partsOf.get(provider)?.some(isComposed) ?? provider.layers !== undefined;
}

type Abilities = Partial<Omit<WritableProvider, 'name'>>;

/** Makes a provider from the abilities in `own`, and forwards the others to `inner`. Never forwards reading
 *  and writing: a decorator that changes `get` must decide about `getMany` and `set` too. `parts`: all
 *  providers that the new one asks. */
export function decorate(
  inner: ConfigProvider,
  name: string,
  own: Abilities & Pick<ConfigProvider, 'get' | 'list'>,
  parts = [inner],
): ConfigProvider {
  const forwarded = {
    where: inner.where && ((key) => inner.where?.(key) as string),
    health:
      inner.health &&
      ((options) => inner.health?.(options) as ReturnType<NonNullable<ConfigProvider['health']>>),
    refresh: inner.refresh && (async (prefix) => inner.refresh?.(prefix)),
    watch: inner.watch && ((onChange) => inner.watch?.(onChange) as Disposable),
    on: inner.on && ((listener) => inner.on?.(listener) as Disposable),
    status: inner.status && ((key) => inner.status?.(key)),
    close: inner.close && (async () => inner.close?.()),
    local: inner.local,
  } satisfies { [Ability in keyof Abilities]: Abilities[Ability] | undefined };
  const all = Object.entries({ name, ...forwarded, ...own }).filter(([, ability]) => ability !== undefined);
  const decorated = Object.freeze(Object.fromEntries(all)) as unknown as ConfigProvider;
  partsOf.set(decorated, parts);
  return decorated;
}
