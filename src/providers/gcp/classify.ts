import { ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';

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

/** The same over REST, where the older client gives the HTTP status instead. */
const overHttp: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
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
  access_denied:
    'Grant roles/secretmanager.secretAccessor on it; per-secret grants answer denied for what does not exist, and need the option secrets',
  unauthenticated:
    'Run gcloud auth application-default login, set GOOGLE_APPLICATION_CREDENTIALS, or run where a service account is attached',
  disabled: 'Enable the version, or add a new one',
  throttled: 'Lower limits.perSecond, or raise the quota',
  invalid_option: 'Look at the names and options: Google refuses this request for good',
};

export interface Asked {
  readonly provider: string;
  readonly resource: string;
}

/** An error of Google's client rebuilt from its status alone: its message and details may quote what was sent. */
export function classify(error: unknown, { provider, resource }: Asked): ConfigError {
  if (isConfigError(error)) return error;
  const status = statusOf(error);
  const code = statuses.find(([name]) => name === status)?.[1] ?? 'unavailable';
  const hint = hints[code];
  return new ConfigError(code, `${provider}: ${resource}: ${status ?? 'no answer'}`, { provider, ...(hint && { hint }) });
}

export function statusOf(error: unknown): string | undefined {
  const { code, message } = (typeof error === 'object' && error !== null ? error : {}) as { code?: unknown; message?: unknown };
  if (
    typeof message === 'string' &&
    /could not (?:load|find|refresh) .*(?:credential|token)|invalid_grant|unable to detect a project id/i.test(message)
  )
    return 'UNAUTHENTICATED';
  const number = Number(code);
  if (code === undefined || Number.isNaN(number)) return undefined;
  // over REST a version that is disabled is a 400 like any other, told apart by its text alone
  if (number === 400 && typeof message === 'string' && /FAILED_PRECONDITION|DISABLED|DESTROYED/.test(message)) return 'FAILED_PRECONDITION';
  return statuses[number]?.[0] ?? overHttp[number];
}
