// What a refused credential looks like in the errors of databases, services and HTTP clients. Used by
// secret-use.ts. Errors are read by their shape: no client is imported.

const codes: readonly unknown[] = [
  '28P01', // PostgreSQL: invalid_password
  '28000', // PostgreSQL: invalid_authorization_specification, such as a role that may not log in
  'ER_ACCESS_DENIED_ERROR', // MySQL
  'AuthenticationFailed', // MongoDB: codeName
  'UnrecognizedClientException', // AWS: name
  'ExpiredTokenException',
];

interface Shape {
  readonly code?: unknown;
  readonly codeName?: unknown;
  readonly name?: unknown;
  readonly message?: unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly response?: { readonly status?: unknown } | null;
  readonly $metadata?: { readonly httpStatusCode?: unknown } | null;
  readonly cause?: unknown;
}

const maxCauses = 5;

/** Whether an error, or one of its causes, or an HTTP response says that a credential was refused. */
export function isRefused(outcome: unknown): boolean {
  let error = outcome;
  for (let depth = 0; depth < maxCauses && typeof error === 'object' && error !== null; depth++) {
    const { code, codeName, name, message, status, statusCode, response, $metadata, cause } = error as Shape;
    if ([code, codeName, name].some((one) => codes.includes(one))) return true;
    if ([status, statusCode, response?.status, $metadata?.httpStatusCode].includes(401)) return true;
    if (typeof message === 'string' && /^(?:WRONGPASS|NOAUTH)\b/.test(message)) return true;
    error = cause;
  }
  return false;
}

/** A response of `fetch`, of any implementation. */
export interface HttpResponse {
  readonly status: number;
  readonly body?: { cancel?(): unknown } | null;
}

export const isResponse = (result: unknown): result is HttpResponse => {
  if (typeof result !== 'object' || result === null) return false;
  const { status, arrayBuffer } = result as { status?: unknown; arrayBuffer?: unknown };
  return typeof status === 'number' && typeof arrayBuffer === 'function';
};
