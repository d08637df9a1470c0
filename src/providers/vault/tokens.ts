import type { ConfigTree } from '../../value.ts';
import { type Asked, failure, noMethod, said, unauthenticated } from './classify.ts';
import type { Answer } from './transport.ts';

/** What a log-in made. */
export interface Login {
  readonly token: string;
  /** How long it lives; undefined or 0: for ever. */
  readonly ttlMs?: number;
  readonly renewable?: boolean;
  /** Made by this log-in, so that `close()` revokes it. @default false */
  readonly ours?: boolean;
}

export interface LoginCall {
  readonly signal: AbortSignal;
  /** The token that has just been refused, or is about to end. */
  readonly refused?: string;
  /** Posts to a log-in path, as in `auth/approle/login`. */
  login(path: string, body: object): Promise<Login>;
  /** What a response-wrapping token holds. Works once. */
  unwrap(token: string): Promise<ConfigTree>;
}

/** How to come by a token: one of the functions of this module, or your own. Answering the refused token again means that there is
 *  no other. */
export interface VaultAuth {
  (call: LoginCall): Promise<string | Login>;
  /** Tells that another token is there now. */
  readonly watch?: (changed: () => void) => () => void;
}

export type Send = (asked: Asked, token: string | undefined, signal: AbortSignal) => Promise<Answer>;

/** What is known of a token besides the token. */
export type Life = Pick<Login, 'ttlMs' | 'renewable'>;

interface Spoken {
  readonly auth?: {
    readonly client_token?: unknown;
    readonly lease_duration?: number;
    readonly renewable?: boolean;
    readonly num_uses?: number;
  };
  readonly data?: { readonly ttl?: number; readonly renewable?: boolean; readonly num_uses?: number };
}
const spoken = ({ body }: Answer): Spoken => body as Spoken;

/** Vault's own "no": neither a proxy's, nor a server's in trouble. */
const refusedBy = ({ json, status }: Answer): boolean => json && status >= 400 && status < 404;

export async function postLogin(send: Send, said: string, body: object, signal: AbortSignal): Promise<Login> {
  const path = said.split('/').filter(Boolean).join('/'); // a mount is also written with a slash at its end
  const asked: Asked = { method: 'POST', path, body, what: path };
  const answer = await send(asked, undefined, signal);
  const { auth } = spoken(answer);
  if (answer.status === 200 && typeof auth?.client_token === 'string' && auth.client_token !== '')
    // a renewal would use up one of few uses
    return {
      token: auth.client_token,
      ttlMs: (auth.lease_duration ?? 0) * 1000,
      renewable: auth.renewable === true && !auth.num_uses,
      ours: true,
    };
  if (answer.json && answer.status === 404) throw noMethod(path);
  if (answer.json && answer.status === 200)
    throw unauthenticated(`the log-in at ${path} answered no token`, 'Does it ask for a second factor?');
  if (refusedBy(answer))
    throw unauthenticated(
      `the log-in at ${path} was refused (${answer.status})`,
      'Check the credentials, the role and the mount of the option auth',
    );
  throw failure(answer, asked);
}

export async function unwrap(send: Send, token: string, signal: AbortSignal): Promise<ConfigTree> {
  const asked: Asked = { method: 'POST', path: 'sys/wrapping/unwrap', what: 'the wrapped credential' };
  const answer = await send(asked, token, signal);
  if (answer.json && answer.status === 200) return (answer.body as { data?: ConfigTree }).data ?? {};
  if (refusedBy(answer))
    throw unauthenticated(
      'the wrapping token is not valid',
      'It has expired, or somebody has unwrapped it before: if that was not you, revoke what it held',
    );
  throw failure(answer, asked);
}

/** `dead`: expired, revoked, or another server's. Empty: alive, and it may not look itself up. */
export async function lookup(send: Send, token: string, signal: AbortSignal): Promise<'dead' | Life> {
  const asked: Asked = { method: 'GET', path: 'auth/token/lookup-self', what: 'the own token' };
  const answer = await send(asked, token, signal);
  if (answer.json && answer.status === 200) {
    const { data } = spoken(answer);
    return { ttlMs: (data?.ttl ?? 0) * 1000, renewable: data?.renewable === true && !data.num_uses };
  }
  // who may not look itself up is told so by its policies ("1 error occurred"); a dead token has none
  if (answer.json && answer.status === 403) return /^1 error occurred/.test(said(answer)) ? {} : 'dead';
  if (answer.json && answer.status === 400) return 'dead';
  throw failure(answer, asked);
}

/** What life is left after a renewal; undefined: the server does not renew it. */
export async function renew(
  send: Send,
  token: string | undefined,
  signal: AbortSignal,
): Promise<Life | undefined> {
  const asked: Asked = { method: 'POST', path: 'auth/token/renew-self', body: {}, what: 'the own token' };
  const answer = await send(asked, token, signal);
  if (answer.json && answer.status === 200) {
    const { auth } = spoken(answer);
    return { ttlMs: (auth?.lease_duration ?? 0) * 1000, renewable: auth?.renewable === true };
  }
  if (refusedBy(answer)) return undefined;
  throw failure(answer, asked);
}
