import { ConfigError, type ErrorDetails, isConfigError } from '../../errors.ts';
import { isUnreachable, isUntrusted, wrongServerHint } from '../../remote/network.ts';
import type { Answer } from './transport.ts';

/** What was asked for, in the words that messages need. */
export interface Asked {
  readonly method: 'GET' | 'LIST' | 'POST' | 'PUT' | 'DELETE';
  /** The path of the API, not encoded, without /v1/. */
  readonly path: string;
  readonly query?: string;
  readonly body?: object;
  /** What a policy must allow, where the method alone does not tell. */
  readonly capability?: 'update';
  /** In the user's words: the secret, the folder. */
  readonly what: string;
}

const provider = 'vault';
const make = (code: ConfigError['code'], message: string, details: ErrorDetails = {}): ConfigError =>
  new ConfigError(code, `vault: ${message}`, { provider, ...details });

/** The server's own sentences are looked at, never passed on: some quote what they were sent. */
export function said({ body }: Answer): string {
  return [body.errors, body.warnings]
    .flat()
    .filter((one) => typeof one === 'string')
    .join('\n');
}

/** A refusal (never a plain 404 nor a 403 of Vault's own, which need more than one answer to judge). */
export function failure(answer: Answer, { what, method }: Asked): ConfigError {
  const { status, json, retryAfterMs } = answer;
  const later = retryAfterMs === undefined ? {} : { retryAfterMs };
  const words = said(answer);
  if (status >= 300 && status < 400)
    return make(
      status === 307 ? 'unavailable' : 'invalid_option',
      `the server redirects the request for ${what} elsewhere, which is not followed (${status})`,
      {
        hint: 'Set address to the active node, or to a load balancer in front of the cluster',
      },
    );
  if (status === 429) return make('throttled', `the server asks to slow down (429, ${what})`, later);
  if (!json) return foreign(answer, what);
  if (status === 503)
    return /sealed/i.test(words)
      ? make('unavailable', 'the server is sealed', { ...later, hint: 'Unseal it' })
      : make('unavailable', `the server is not ready (503, ${what})`, later);
  if (status === 412)
    return make(
      'unavailable',
      `the node that answered has not seen the last write yet (412, ${what})`,
      later,
    );
  if (status === 472 || status === 473)
    return make('unavailable', `a standby node answered (${status}, ${what})`, later);
  if (status === 501) return make('unavailable', 'the server is not initialized', later);
  if (status >= 500) return make('unavailable', `the server failed (${status}, ${what})`, later);
  if (status === 401 || /missing client token/i.test(words))
    return unauthenticated(`no token came with the request for ${what}`);
  if (/check-and-set/i.test(words))
    return make('conflict', `${what} has been written by somebody else meanwhile`, {
      hint: 'Read it again, then write',
    });
  if (/too old|disallowed by policy/i.test(words))
    return make('crypto', `${what}: it was encrypted by a version of the key that may no longer decrypt`, {
      hint: 'Lower min_decryption_version, or use a copy that was wrapped anew',
    });
  if (status === 405 || /unsupported (?:operation|path)/i.test(words))
    return make('invalid_option', `${what} does not take ${method}`, {
      hint: 'Is this the path, and the method, that the secrets engine documents?',
    });
  if (status === 404) return missing(what);
  if (status === 403) return make('access_denied', `${what} is denied`);
  return make('invalid_option', `the server does not accept the request for ${what} (${status})`, {
    hint: 'Is this the path that the secrets engine documents?',
  });
}

/** An answer that Vault would not give, whatever its status. */
export function foreign({ status, retryAfterMs }: Answer, what: string): ConfigError {
  return make('unavailable', `${what}: the answer (${status}) is not Vault's`, {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    hint: wrongServerHint,
  });
}

/** A 404 that says more than "there is none". */
export function missing(what: string): ConfigError {
  return make(
    'invalid_option',
    `there is no secrets engine, or one of another kind, at the path of ${what}`,
    {
      hint: 'Check mount, kv and namespace',
    },
  );
}

/** The same, of a log-in. */
export function noMethod(what: string): ConfigError {
  return make('invalid_option', `there is no way to log in at ${what}`, {
    hint: 'Check the mount of the option auth, and namespace',
  });
}

export function unauthenticated(message: string, hint = 'Check the option auth'): ConfigError {
  return make('unauthenticated', message, { hint });
}

const capabilities = {
  GET: 'read',
  LIST: 'list',
  POST: 'create", "update',
  PUT: 'update',
  DELETE: 'delete',
} as const;

/** A token that lives was refused: said with the line of policy that would allow it. */
export function denied({ method, path, what, capability }: Asked): ConfigError {
  return make('access_denied', `${what}: denied, or a wrong path`, {
    hint: `If the path is right, a policy of the token needs: path "${path}" { capabilities = ["${capability ?? capabilities[method]}"] }`,
  });
}

/** What a function of the application's own threw when it was to log in: it says nothing about the server. */
export function notLoggedIn(error: unknown): ConfigError {
  if (isConfigError(error)) return error;
  const { name, code, cause } = (typeof error === 'object' && error !== null ? error : {}) as Record<
    'name' | 'code' | 'cause',
    unknown
  >;
  const word = [code, (cause as { code?: unknown } | undefined)?.code, name].find(
    (one) => typeof one === 'string' && /^\w{2,60}$/.test(one),
  );
  const message = `what the log-in needs cannot be had (${word ?? 'an unknown error'})`;
  if (isUnreachable(word) || name === 'AbortError' || name === 'TimeoutError')
    return make('unavailable', message, { cause: error });
  return make('unauthenticated', message, {
    cause: error,
    hint: 'Check the function that the option auth was given',
  });
}

const handshake = /^(?:ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO)/;

/** Everything that is thrown on the way to an answer. */
export function classify(error: unknown, server = 'the server'): ConfigError {
  if (isConfigError(error)) return error;
  const raw = (typeof error === 'object' && error !== null ? error : {}) as {
    name?: unknown;
    code?: unknown;
    message?: unknown;
  };
  const { name, code } = raw;
  const word = typeof code === 'string' && /^[A-Z_\d]{2,60}$/.test(code) ? code : 'an unknown error';
  if (name === 'AbortError' || name === 'TimeoutError' || code === 'ABORT_ERR')
    return make('timeout', `${server} did not answer in time`);
  if (handshake.test(word) || isUntrusted(raw))
    return make('crypto', `no trusted TLS connection to ${server} (${word})`, {
      cause: error,
      hint: 'Check the scheme of address, tls.ca (or VAULT_CACERT), tls.serverName and the client certificate; there is no way to turn verification off',
    });
  return make('unavailable', `${server} cannot be reached (${word})`, {
    cause: error,
    hint: 'Look at the network and the state of the server',
  });
}
