// All errors about replies of Vault and failures on the way to it. Used by every file that sends a request.
// The server's own messages decide the code, but are never passed on: some quote what was sent.

import { ConfigError, type ErrorDetails, isConfigError } from '../../errors.ts';
import { isUnreachable, isUntrusted, wrongServerHint } from '../../remote/network.ts';
import type { ApiRequest } from './api-request.ts';
import type { HttpReply } from './transport.ts';

const provider = 'vault';
const errorOf = (code: ConfigError['code'], message: string, details: ErrorDetails = {}): ConfigError =>
  new ConfigError(code, `vault: ${message}`, { provider, ...details });

/** The errors and warnings of a reply, one per line. */
export function serverMessages({ body }: HttpReply): string {
  return [body.errors, body.warnings]
    .flat()
    .filter((message) => typeof message === 'string')
    .join('\n');
}

/** The error for a refused request. Do not use it for a 403 or a plain 404 of Vault's own: those need a
 *  second request to decide what they mean. */
export function refusalOf(reply: HttpReply, { subject, method }: ApiRequest): ConfigError {
  const { status, json, retryAfterMs } = reply;
  const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
  const messages = serverMessages(reply);
  if (status >= 300 && status < 400)
    return errorOf(
      status === 307 ? 'unavailable' : 'invalid_option',
      `the server redirects the request for ${subject} (${status}), and redirects are not followed`,
      { hint: 'Set address to the active node, or to a load balancer in front of the cluster' },
    );
  if (status === 429)
    return errorOf('throttled', `the rate limit of the server is exceeded (429, ${subject})`, {
      ...retry,
      hint: 'Lower limits, or raise the quota',
    });
  if (!json) return notVault(reply, subject);
  if (status === 503)
    return /sealed/i.test(messages)
      ? errorOf('unavailable', 'the server is sealed', { ...retry, hint: 'Unseal the server' })
      : errorOf('unavailable', `the server is not ready (503, ${subject})`, retry);
  if (status === 412)
    return errorOf(
      'unavailable',
      `the node that replied has not seen the last write (412, ${subject})`,
      retry,
    );
  if (status === 472 || status === 473)
    return errorOf('unavailable', `a standby node replied (${status}, ${subject})`, retry);
  if (status === 501) return errorOf('unavailable', 'the server is not initialized', retry);
  if (status >= 500) return errorOf('unavailable', `the server failed (${status}, ${subject})`, retry);
  if (status === 401 || /missing client token/i.test(messages))
    return unauthenticated(`the request for ${subject} had no token`);
  if (/check-and-set/i.test(messages))
    return errorOf('conflict', `${subject} was changed by another writer`, {
      hint: 'Read the secret again, then write',
    });
  if (/too old|disallowed by policy/i.test(messages))
    return errorOf(
      'crypto',
      `${subject}: the content key was encrypted with a key version that may not decrypt`,
      {
        hint: 'Lower min_decryption_version, or use a copy that was rewrapped',
      },
    );
  if (status === 405 || /unsupported (?:operation|path)/i.test(messages))
    return errorOf('invalid_option', `${subject} does not support ${method}`, {
      hint: 'Compare the path and the method with the documentation of the secrets engine',
    });
  if (status === 404) return noEngine(subject);
  if (status === 403) return errorOf('access_denied', `access to ${subject} is denied`);
  return errorOf('invalid_option', `the server does not accept the request for ${subject} (${status})`, {
    hint: 'Compare the path with the documentation of the secrets engine',
  });
}

/** The error for a reply that Vault does not send, whatever its status. */
export function notVault({ status, retryAfterMs }: HttpReply, subject: string): ConfigError {
  return errorOf('unavailable', `${subject}: the response (${status}) is not from Vault`, {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    hint: wrongServerHint,
  });
}

/** The error for a 404 that means more than an absent secret. */
export function noEngine(subject: string): ConfigError {
  return errorOf('invalid_option', `${subject}: no secrets engine of the expected kind is mounted there`, {
    hint: 'Check mount, kv and namespace',
  });
}

/** The error for a 404 of a log-in. */
export function noAuthMethod(path: string): ConfigError {
  return errorOf('invalid_option', `no auth method is mounted at ${path}`, {
    hint: 'Check the mount of the option auth, and namespace',
  });
}

export function unauthenticated(message: string, hint = 'Check the option auth'): ConfigError {
  return errorOf('unauthenticated', message, { hint });
}

const capabilities = {
  GET: 'read',
  LIST: 'list',
  POST: 'create", "update',
  PUT: 'update',
  DELETE: 'delete',
} as const;

/** The error for a 403 with a valid token. Its hint has the policy line that would allow the request. */
export function denied({ method, path, subject, capability }: ApiRequest): ConfigError {
  const line = `path "${path}" { capabilities = ["${capability ?? capabilities[method]}"] }`;
  return errorOf('access_denied', `access to ${subject} is denied, or the path is wrong`, {
    hint: `Check the path, or add to a policy of the token: ${line}`,
  });
}

/** The error for a failed auth function. An application's own function may throw anything. */
export function loginFailure(error: unknown): ConfigError {
  if (isConfigError(error)) return error;
  const { name, code, cause } = (typeof error === 'object' && error !== null ? error : {}) as Record<
    'name' | 'code' | 'cause',
    unknown
  >;
  const reason = [code, (cause as { code?: unknown } | undefined)?.code, name].find(
    (one) => typeof one === 'string' && /^\w{2,60}$/.test(one),
  );
  const message = `getting the log-in credentials failed (${reason ?? 'an unknown error'})`;
  if (isUnreachable(reason) || name === 'AbortError' || name === 'TimeoutError')
    return errorOf('unavailable', message, { cause: error });
  return errorOf('unauthenticated', message, {
    cause: error,
    hint: 'Check the function passed as the option auth',
  });
}

const handshake = /^(?:ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO)/;

/** Rebuilds whatever was thrown on the way to a reply as a ConfigError. */
export function classify(error: unknown, server = 'the server'): ConfigError {
  if (isConfigError(error)) return error;
  const raw = (typeof error === 'object' && error !== null ? error : {}) as {
    name?: unknown;
    code?: unknown;
    message?: unknown;
  };
  const { name, code } = raw;
  const reason = typeof code === 'string' && /^[A-Z_\d]{2,60}$/.test(code) ? code : 'an unknown error';
  if (name === 'AbortError' || name === 'TimeoutError' || code === 'ABORT_ERR')
    return errorOf('timeout', `${server} did not answer in time`);
  if (handshake.test(reason) || isUntrusted(raw))
    return errorOf('crypto', `no trusted TLS connection to ${server} (${reason})`, {
      cause: error,
      hint: [
        'Check the scheme of address, tls.ca (or VAULT_CACERT), tls.serverName and the client certificate',
        'verification cannot be turned off',
      ].join('; '),
    });
  return errorOf('unavailable', `${server} cannot be reached (${reason})`, {
    cause: error,
    hint: 'Check the network and the state of the server',
  });
}
