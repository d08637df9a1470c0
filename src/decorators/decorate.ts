import type { ConfigProvider, WritableProvider } from '../provider.ts';

const madeOf = new WeakMap<ConfigProvider, readonly ConfigProvider[]>();

/** Whether a provider is a chain, or a view of one. */
export function isComposed(provider: ConfigProvider): boolean {
  return madeOf.get(provider)?.some(isComposed) ?? provider.layers !== undefined;
}

type Abilities = Partial<Omit<WritableProvider, 'name'>>;

/** A provider that reads and writes as it is told here, and is otherwise what `inner` is: the one place that forwards abilities.
 *  Reading and writing are never forwarded by themselves: a decorator that changes `get` must decide about `getMany`. `parts`: all that
 *  it asks. */
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
  const made = Object.freeze(Object.fromEntries(all)) as unknown as ConfigProvider;
  madeOf.set(made, parts);
  return made;
}
