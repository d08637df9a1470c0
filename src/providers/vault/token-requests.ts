// The requests that concern tokens: log-in, unwrap, look-up and renewal. Used by session.ts and
// token-check.ts. They take the token as an argument, because no session exists yet when they are sent.

import type { ConfigTree } from '../../value.ts';
import type { ApiRequest } from './api-request.ts';
import type { Login } from './auth/login.ts';
import { noAuthMethod, refusalOf, serverMessages, unauthenticated } from './classify.ts';
import type { HttpReply } from './transport.ts';

/** Sends a request with the given token, and returns the reply whatever its status. */
export type SendRequest = (
  request: ApiRequest,
  token: string | undefined,
  signal: AbortSignal,
) => Promise<HttpReply>;

/** How long a token lives. */
export type TokenLife = Pick<Login, 'ttlMs' | 'renewable'>;

interface TokenReply {
  readonly auth?: {
    readonly client_token?: unknown;
    readonly lease_duration?: number;
    readonly renewable?: boolean;
    readonly num_uses?: number;
  };
  readonly data?: { readonly ttl?: number; readonly renewable?: boolean; readonly num_uses?: number };
}
const tokenReply = ({ body }: HttpReply): TokenReply => body as TokenReply;

/** Whether Vault itself refused, as opposed to a proxy or a failing server. */
const isRefusal = ({ json, status }: HttpReply): boolean => json && status >= 400 && status < 404;

export async function postLogin(
  send: SendRequest,
  loginPath: string,
  body: object,
  signal: AbortSignal,
): Promise<Login> {
  const path = loginPath.split('/').filter(Boolean).join('/'); // a mount may have slashes around it
  const request: ApiRequest = { method: 'POST', path, body, subject: path };
  const reply = await send(request, undefined, signal);
  const { auth } = tokenReply(reply);
  if (reply.status === 200 && typeof auth?.client_token === 'string' && auth.client_token !== '')
    return {
      token: auth.client_token,
      ttlMs: (auth.lease_duration ?? 0) * 1000,
      renewable: auth.renewable === true && !auth.num_uses, // a renewal would use up one of few uses
      ours: true,
    };
  if (reply.json && reply.status === 404) throw noAuthMethod(path);
  if (reply.json && reply.status === 200)
    throw unauthenticated(
      `the log-in at ${path} returned no token`,
      'Check whether the log-in requires a second factor',
    );
  if (isRefusal(reply))
    throw unauthenticated(
      `the log-in at ${path} was refused (${reply.status})`,
      'Check the credentials, the role and the mount of the option auth',
    );
  throw refusalOf(reply, request);
}

export async function unwrapToken(
  send: SendRequest,
  token: string,
  signal: AbortSignal,
): Promise<ConfigTree> {
  const request: ApiRequest = {
    method: 'POST',
    path: 'sys/wrapping/unwrap',
    subject: 'the wrapped credential',
  };
  const reply = await send(request, token, signal);
  if (reply.json && reply.status === 200) return (reply.body as { data?: ConfigTree }).data ?? {};
  if (isRefusal(reply))
    throw unauthenticated(
      'the wrapping token is not valid: it has expired or was used before',
      'If you have not unwrapped the token yourself, revoke the wrapped credential',
    );
  throw refusalOf(reply, request);
}

/** Looks a token up. `dead`: expired, revoked, or from another server. An empty result: the token is valid,
 *  but may not look itself up. */
export async function lookupToken(
  send: SendRequest,
  token: string,
  signal: AbortSignal,
): Promise<'dead' | TokenLife> {
  const request: ApiRequest = { method: 'GET', path: 'auth/token/lookup-self', subject: 'the token itself' };
  const reply = await send(request, token, signal);
  if (reply.json && reply.status === 200) {
    const { data } = tokenReply(reply);
    return { ttlMs: (data?.ttl ?? 0) * 1000, renewable: data?.renewable === true && !data.num_uses };
  }
  // a policy that denies the look-up reports "1 error occurred"; a dead token has no policies
  if (reply.json && reply.status === 403)
    return /^1 error occurred/.test(serverMessages(reply)) ? {} : 'dead';
  if (reply.json && reply.status === 400) return 'dead';
  throw refusalOf(reply, request);
}

/** Renews a token, and returns its remaining life. Undefined: the server does not renew the token. */
export async function renewToken(
  send: SendRequest,
  token: string | undefined,
  signal: AbortSignal,
): Promise<TokenLife | undefined> {
  const request: ApiRequest = {
    method: 'POST',
    path: 'auth/token/renew-self',
    body: {},
    subject: 'the token itself',
  };
  const reply = await send(request, token, signal);
  if (reply.json && reply.status === 200) {
    const { auth } = tokenReply(reply);
    return { ttlMs: (auth?.lease_duration ?? 0) * 1000, renewable: auth?.renewable === true };
  }
  if (isRefusal(reply)) return undefined;
  throw refusalOf(reply, request);
}
