// What makes the documents of a source the same documents elsewhere. Used by the sources of all remote
// stores. Holds no credential and no name of a provider.

type Fields = Readonly<Record<string, string | boolean | number | undefined>>;

/** The identity of a source. `store`: where its documents are; `view`: the options that change them. */
export function identityOf(
  store: Fields & { readonly kind: string },
  view: Fields = {},
): { readonly store: string; readonly view: string } {
  return { store: JSON.stringify(store), view: JSON.stringify(view) };
}

/** A URL without what may be a credential: user name, password, query and fragment. */
export function addressIn(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname.replace(/\/+$/, '')}`;
}

/** The name of the host in a URL, for telemetry. Undefined for a socket. */
export const hostIn = (url: string): string | undefined =>
  (URL.canParse(url) && new URL(url).hostname) || undefined;
