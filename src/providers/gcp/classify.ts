// Turns errors of Google's client into ConfigErrors. Used by `connection.ts` and `source.ts`. Builds each
// error from its status alone, because message and details may quote the request. Clients of versions 6 and
// 7 report a status differently, and so do gRPC and REST.

import { ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';
import { isUntrusted, untrustedHint } from '../../remote/network.ts';

/** The name and the error code of each gRPC status, indexed by its number. */
export const statuses: readonly (readonly [name: string, code: ErrorCode])[] = [
  ['OK', 'io'],
  ['CANCELLED', 'timeout'],
  ['UNKNOWN', 'unavailable'],
  ['INVALID_ARGUMENT', 'invalid_option'],
  ['DEADLINE_EXCEEDED', 'timeout'],
  ['NOT_FOUND', 'not_found'],
  ['ALREADY_EXISTS', 'conflict'],
  ['PERMISSION_DENIED', 'access_denied'],
  ['RESOURCE_EXHAUSTED', 'throttled'],
  ['FAILED_PRECONDITION', 'disabled'],
  ['ABORTED', 'unavailable'],
  ['OUT_OF_RANGE', 'invalid_option'],
  ['UNIMPLEMENTED', 'invalid_option'],
  ['INTERNAL', 'unavailable'],
  ['UNAVAILABLE', 'unavailable'],
  ['DATA_LOSS', 'io'],
  ['UNAUTHENTICATED', 'unauthenticated'],
];

/** The gRPC status of an HTTP status. Over REST, version 6 of the client sets `code` to the HTTP status
 *  and the message to the response body. 404 is left out: without a body from Google it comes from a
 *  gateway. */
const statusByHttp: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  409: 'ALREADY_EXISTS',
  412: 'FAILED_PRECONDITION',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

const hints: Readonly<Partial<Record<ErrorCode, string>>> = {
  unauthenticated:
    'Run gcloud auth application-default login, set GOOGLE_APPLICATION_CREDENTIALS, ' +
    'or run where a service account is attached',
  disabled: 'Enable the version, or add a new one',
  throttled: 'Lower limits.perSecond, or raise the quota',
  invalid_option: 'Check names and options: a retry cannot succeed',
  not_found: 'Check the project, the location and the name',
  timeout: 'Check the network and the status of Google Cloud, or raise resilience.timeoutMs',
  conflict: 'Read the secret again, then write',
  io: 'Restore the secret from a backup, or ask Google: the data is lost',
  crypto: untrustedHint,
  unavailable: 'Check the network and the status of Google Cloud',
};

export interface RequestInfo {
  readonly provider: string;
  readonly resource: string;
  /** The role that grants the request, without `secretmanager.`. */
  readonly role: 'secretAccessor' | 'viewer' | 'secretVersionManager' | 'admin';
}

export function classify(error: unknown, { provider, resource, role }: RequestInfo): ConfigError {
  if (isConfigError(error)) return error;
  const untrusted = isUntrusted((error ?? {}) as object);
  const status = statusOf(error);
  const code = untrusted ? 'crypto' : (statuses.find(([name]) => name === status)?.[1] ?? 'unavailable');
  const problem = untrusted ? 'untrusted certificate' : (status ?? 'no valid response from Google');
  return new ConfigError(code, `${provider}: ${resource}: ${problem}`, {
    provider,
    hint: code === 'access_denied' ? roleHint(role, resource) : (hints[code] as string),
  });
}

function roleHint(role: RequestInfo['role'], resource: string): string {
  const grant = `Grant roles/secretmanager.${role}`;
  if (role === 'viewer' && resource.endsWith('/secrets'))
    return `${grant} on the project to list, or name the secrets in the option secrets`;
  if (role === 'viewer') return `${grant} on the secret`;
  if (role !== 'secretAccessor') return grant;
  return (
    `${grant} on the secret. With grants on single secrets Google denies missing secrets too: ` +
    'then name the existing ones in the option secrets'
  );
}

const noCredentials = new RegExp(
  [
    'could not (?:load|find) .*credential',
    'could not refresh access token',
    'invalid_grant',
    'unable to detect a project id',
  ].join('|'),
  'i',
);
const networkError = /ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN|socket hang up/;

/** The name of the gRPC status, or undefined if the response does not come from Google. */
export function statusOf(error: unknown): string | undefined {
  const { code, message } = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown;
    message?: unknown;
  };
  const text = typeof message === 'string' ? message : '';
  if (noCredentials.test(text)) return networkError.test(text) ? 'UNAVAILABLE' : 'UNAUTHENTICATED';
  const number = code === undefined || code === '' ? Number.NaN : Number(code);
  const status = statuses[number]?.[0];
  // version 7 reports every 404 as NOT_FOUND, including the 404 of a gateway
  if (status === 'NOT_FOUND' && text.includes('could not be decoded')) return undefined;
  return status ?? statusInBody(text) ?? statusByHttp[number];
}

function statusInBody(body: string): string | undefined {
  try {
    const status: unknown = JSON.parse(body)?.error?.status;
    return statuses.find(([name]) => name === status)?.[0];
  } catch {
    return undefined;
  }
}
