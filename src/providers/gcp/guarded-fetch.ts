// What Google's client sends over REST (`clientOptions.fallback`), within limits. Used by `connection.ts`.
// The client itself follows redirects to any host, reads responses of any size, and reads on after an abort:
// it returns no handle to cancel a call.

import { endsWithCall } from '../../remote/call-signal.ts';
import { maxResponseBytes, responseTooLarge } from '../../remote/limited.ts';

export type Fetch = (url: unknown, init?: Init) => Promise<FetchResponse>;
interface Init {
  readonly signal?: AbortSignal;
}
interface FetchResponse {
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** The same sender, with requests that follow no redirect, end with their call, and read at most 32 MiB. The
 *  given object stays as it is: it may belong to the application. */
export function guarded<T extends object>(sender: T, provider: string): T {
  return new Proxy(sender, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      const bound = member.bind(target) as (...args: unknown[]) => unknown;
      return name === 'fetch' ? guardedFetch(bound as Fetch, provider) : bound;
    },
  });
}

/** `fetch` of a sender, within these limits. */
export const guardedFetch =
  (fetch: Fetch, provider: string): Fetch =>
  async (url, init = {}) => {
    const limits = { redirect: 'error', size: maxResponseBytes, signal: endsWithCall(init.signal) };
    const response = await fetch(url, { ...init, ...limits });
    const read = response.arrayBuffer.bind(response);
    response.arrayBuffer = () =>
      read().catch((error: { readonly type?: unknown }) => {
        throw error.type === 'max-size' ? responseTooLarge(provider) : error;
      });
    return response;
  };
