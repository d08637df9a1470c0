import { ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';
import { isUntrusted } from '../../remote/network.ts';

/** What each gRPC status means here, by its number. */
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

/** Over REST the older client gives the HTTP status, and Google's own answer as the message. A 404 without one is a gateway's. */
const overHttp: Readonly<Record<number, string>> = {
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
    'Run gcloud auth application-default login, set GOOGLE_APPLICATION_CREDENTIALS, or run where a service account is attached',
  disabled: 'Enable the version, or add a new one',
  throttled: 'Lower limits.perSecond, or raise the quota',
  invalid_option: 'Look at the names and options: Google refuses this request for good',
  not_found: 'Look at the project, the location and the name',
  timeout: 'Look at the network and the state of Google Cloud, or raise resilience.timeoutMs',
  conflict: 'Read it again, and decide anew',
  io: 'Google has lost it: restore it from elsewhere, or ask Google',
  crypto: 'The certificate of the server is not trusted: look at the proxy, and at NODE_EXTRA_CA_CERTS',
  unavailable: 'Look at the network and the state of Google Cloud',
};

export interface Asked {
  readonly provider: string;
  readonly resource: string;
  /** What grants it. */
  readonly role: 'secretAccessor' | 'viewer' | 'secretVersionManager' | 'admin';
}

/** An error of Google's client rebuilt from its status alone: its message and details may quote what was sent. */
export function classify(error: unknown, { provider, resource, role }: Asked): ConfigError {
  if (isConfigError(error)) return error;
  const untrusted = isUntrusted((error ?? {}) as object);
  const status = statusOf(error);
  const code = untrusted ? 'crypto' : (statuses.find(([name]) => name === status)?.[1] ?? 'unavailable');
  return new ConfigError(
    code,
    `${provider}: ${resource}: ${untrusted ? 'not trusted' : (status ?? 'no answer of Google')}`,
    {
      provider,
      hint: code === 'access_denied' ? denied(role) : (hints[code] as string),
    },
  );
}

function denied(role: Asked['role']): string {
  const grant = `Grant roles/secretmanager.${role}`;
  if (role === 'secretAccessor')
    return `${grant} on it; where it is granted secret by secret, what does not exist is denied too: name what does in the option secrets`;
  return role === 'viewer'
    ? `${grant} on the project to list, or name what there is in the option secrets`
    : grant;
}

const noCredentials =
  /could not (?:load|find) .*credential|could not refresh access token|invalid_grant|unable to detect a project id/i;
const network = /ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN|socket hang up/;

export function statusOf(error: unknown): string | undefined {
  const { code, message } = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown;
    message?: unknown;
  };
  const said = typeof message === 'string' ? message : '';
  if (noCredentials.test(said)) return network.test(said) ? 'UNAVAILABLE' : 'UNAUTHENTICATED';
  const number = code === undefined || code === '' ? Number.NaN : Number(code);
  const status = statuses[number]?.[0];
  // the newer client calls every 404 so, also one that is no answer of Google
  if (status === 'NOT_FOUND' && said.includes('could not be decoded')) return undefined;
  return status ?? answered(said) ?? overHttp[number];
}

function answered(body: string): string | undefined {
  try {
    const said: unknown = JSON.parse(body)?.error?.status;
    return statuses.find(([name]) => name === said)?.[0];
  } catch {
    return undefined;
  }
}
