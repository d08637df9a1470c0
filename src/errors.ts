// The only error class of the library and the table of its codes. Callers decide by `code` and `transient`.
// The table is closed; `docs/errors.md` lists it, and a test compares the two.

import { inspect } from 'node:util';
import type { Origin } from './origin.ts';
import { maskUrls } from './redact.ts';
import type { Key } from './value.ts';

/** All error codes. `transient`: a retry may succeed. `status`: the matching HTTP status. */
export const errorCodes = {
  not_found: { transient: false, status: 404 },
  unavailable: { transient: true, status: 503 },
  unauthenticated: { transient: false, status: 401 },
  access_denied: { transient: false, status: 403 },
  disabled: { transient: false, status: 410 },
  throttled: { transient: true, status: 429 },
  timeout: { transient: true, status: 504 },
  circuit_open: { transient: true, status: 503 },
  aborted: { transient: false, status: 499 },
  invalid_key: { transient: false, status: 400 },
  invalid_option: { transient: false, status: 500 },
  parse: { transient: false, status: 422 },
  crypto: { transient: false, status: 500 },
  io: { transient: false, status: 500 },
  conflict: { transient: false, status: 409 },
  on_demand: { transient: false, status: 428 },
  validation: { transient: false, status: 422 },
  missing_dependency: { transient: false, status: 501 },
  policy_violation: { transient: false, status: 403 },
  quota_exceeded: { transient: false, status: 429 },
  audit_failed: { transient: false, status: 500 },
} as const satisfies Record<string, { transient: boolean; status: number }>;

/** A code of the table. Decide by the code, never by the message. */
export type ErrorCode = keyof typeof errorCodes;

/** One fault of a configuration, as data. Shows a value only if the value is not secret. */
export interface Problem {
  /** `missing`: required, but no source has it. `wrong`: the schema rejects it. `unknown`: the schema does
   *  not read it. `unreadable`: a source has it, but cannot read it. `ambiguous`: a variable can mean it and
   *  another key. `failed`: a source failed. `vanished`: a store no longer has this secret, and a weaker
   *  source or a default would take its place. */
  readonly kind: 'missing' | 'wrong' | 'unknown' | 'unreadable' | 'ambiguous' | 'failed' | 'vanished';
  readonly key: Key;
  /** The place inside the key's value: `[0].host`. */
  readonly inside?: string;
  /** The whole problem in one line. */
  readonly message: string;
  /** What the schema's author says about the key, such as zod's `describe`. */
  readonly about?: string;
  /** Absent if the value is of the expected kind, and a check of the schema's author refuses it. */
  readonly expected?: string;
  /** The words of the schema's author, or else of its library, without values. */
  readonly schemaMessage?: string;
  readonly found?: string;
  /** Where the value came from: `config/base.yaml:12:5`, `env APP_PORT`. */
  readonly origin?: string;
  /** Every place that was searched for a missing key. */
  readonly looked?: readonly string[];
  /** What to do. */
  readonly hint?: string;
}

/** The fields of an error besides its code and message. */
export interface ErrorDetails {
  /** The provider that failed. */
  readonly provider?: string;
  /** The requested key. */
  readonly key?: Key;
  /** The value that the error is about. */
  readonly origin?: Origin;
  /** Every fault of a configuration. */
  readonly problems?: readonly Problem[];
  /** What to do. Appended to the message. */
  readonly hint?: string;
  /** The pause that the backend asked for. */
  readonly retryAfterMs?: number;
  /** The operation that failed, as in the events of that operation. */
  readonly operation?: string;
  /** A ConfigError is kept; any other error is rebuilt from its name and code, without its message. */
  readonly cause?: unknown;
}

const brand: unique symbol = Symbol.for('llm-config-manager.error') as never;

/** The only error that this library throws. Its message names what failed, where in the source's own
 *  words, and what to do; it never contains a value.
 *  @example
 *  try {
 *    await chain.require('database.password');
 *  } catch (error) {
 *    if (!isConfigError(error) || error.code !== 'not_found') throw error;
 *    console.error(error.message); // no provider has "database.password". Looked in: …
 *  }
 *  @see isConfigError instead of `instanceof`, which fails across two copies of this library. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: ErrorCode;
  /** Whether a retry may succeed. */
  readonly transient: boolean;
  /** The matching HTTP status. */
  readonly status: number;
  /** The provider that failed. */
  declare readonly provider?: string;
  /** The requested key. */
  declare readonly key?: Key;
  /** The value that the error is about. */
  declare readonly origin?: Origin;
  /** Every fault of a configuration, as data. Not enumerable, so that an uncaught report is printed once. */
  declare readonly problems?: readonly Problem[];
  /** What to do. Also the end of the message. */
  declare readonly hint?: string;
  /** The pause that the backend asked for. */
  declare readonly retryAfterMs?: number;
  /** The operation that failed, as in the events of that operation. */
  declare readonly operation?: string;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    const { cause, ...rest } = { ...details, ...(details.hint && { hint: maskUrls(details.hint) }) };
    super(maskUrls(rest.hint ? `${message.replace(/\.$/, '')}. ${rest.hint}` : message));
    this.code = code;
    this.transient = errorCodes[code].transient;
    this.status = errorCodes[code].status;
    // Node prints the enumerable properties of an uncaught error: the message has all problems already
    for (const [name, value] of Object.entries(rest))
      if (value !== undefined) Object.defineProperty(this, name, { value, enumerable: name !== 'problems' });
    if (cause !== undefined) Object.defineProperty(this, 'cause', { value: withoutValues(cause) });
  }

  /** @internal */
  get [brand](): true {
    return true;
  }

  /** A copy with more details. Details that the error already has are kept. */
  with(details: ErrorDetails): ConfigError {
    return this.#copy(this.message, { ...details, ...this.#details() });
  }

  /** A copy that names another key, in the message too.
   *  @internal */
  rekeyed(key: Key): ConfigError {
    const message = this.key ? this.message.replaceAll(`"${this.key}"`, `"${key}"`) : this.message;
    return this.#copy(message, { ...this.#details(), key });
  }

  /** A copy that names another provider, in the message too.
   *  @internal */
  renamed(from: string, to: string): ConfigError {
    const message = this.message.startsWith(`${from}: `)
      ? to + this.message.slice(from.length)
      : this.message;
    return this.#copy(message, { ...this.#details(), ...(this.provider === from && { provider: to }) });
  }

  #details(): ErrorDetails {
    const names = [...Object.keys(detailTypes), 'cause'] as (keyof ErrorDetails)[];
    return Object.fromEntries(
      names.flatMap((name) => (this[name] === undefined ? [] : [[name, this[name]]])),
    );
  }

  #copy(message: string, { hint, ...details }: ErrorDetails): ConfigError {
    const copy = new ConfigError(
      this.code,
      message,
      this.hint === undefined && hint !== undefined ? { ...details, hint } : details,
    );
    // the message already ends with this hint
    if (this.hint !== undefined) Object.defineProperty(copy, 'hint', { value: this.hint, enumerable: true });
    return copy;
  }

  toJSON(): object {
    const { name, code, message, transient, status, provider, key, problems, hint, retryAfterMs, operation } =
      this;
    const cause = this.cause instanceof ConfigError ? this.cause.toJSON() : undefined;
    return {
      name,
      code,
      message,
      transient,
      status,
      provider,
      key,
      origin: this.origin?.toString(),
      problems,
      hint,
      retryAfterMs,
      operation,
      cause,
    };
  }

  [inspect.custom](): string {
    const cause =
      this.cause instanceof Error ? `\n  [cause]: ${inspect(this.cause).replaceAll('\n', '\n  ')}` : '';
    return `${this.stack ?? this.message} { code: '${this.code}' }${cause}`;
  }
}

/** Whether `error` is a ConfigError, including one made by another copy of this library. */
export function isConfigError(error: unknown): error is ConfigError {
  return typeof error === 'object' && error !== null && (error as { [brand]?: boolean })[brand] === true;
}

/** The details of an error with their types, except the hint and the cause. */
const detailTypes = {
  provider: 'string',
  key: 'string',
  origin: 'object',
  problems: 'object',
  retryAfterMs: 'number',
  operation: 'string',
} as const satisfies { readonly [Name in keyof ErrorDetails]?: string };

/** An error of another copy of this library as one of ours: the methods of that copy may be older. */
export function ownError(error: ConfigError): ConfigError {
  const isOwn: boolean = error instanceof ConfigError;
  if (isOwn) return error;
  const { code, message, hint, cause } = error;
  const details = Object.entries(detailTypes).flatMap(([name, type]) => {
    const detail: unknown = error[name as keyof typeof detailTypes];
    return typeof detail === type && detail !== null ? [[name, detail]] : [];
  });
  const own = new ConfigError(Object.hasOwn(errorCodes, code) ? code : 'io', String(message), {
    ...Object.fromEntries(details),
    cause,
  });
  // the message already ends with the hint
  if (typeof hint === 'string') Object.defineProperty(own, 'hint', { value: hint, enumerable: true });
  return own;
}

/** The error for a caller that aborted its signal. `what`: 'the read', 'writing "llm.model"'. */
export const abortedBy = (owner: string, what = 'the read', details: ErrorDetails = {}): ConfigError =>
  new ConfigError('aborted', `${owner}: the caller aborted ${what}`, { provider: owner, ...details });

/** Names of error classes, and codes of Node, OpenSSL and undici. A server may choose any other text, and
 *  some clients pass it on as name or code. */
const className = /^(?=.{1,64}$)[A-Z][A-Za-z]*(?:Error|Exception)$/;
const systemFamily = 'ERR|UND_ERR|HPE|CERT|UNABLE|SELF|DEPTH|HOSTNAME|INVALID|MODULE|EAI';
const systemCode = new RegExp(`^(?:E[A-Z][A-Z0-9]{1,14}|(?:${systemFamily})_[A-Z_\\d]{1,48})$`);

/** What of a foreign error can be shown: its message, stack and fields may contain secrets. */
export function nameAndCode(error: unknown): string {
  const { name, code } = (typeof error === 'object' && error !== null ? error : {}) as {
    name?: unknown;
    code?: unknown;
  };
  const known = (value: unknown, pattern: RegExp): string | undefined =>
    typeof value === 'string' && pattern.test(value) ? value : undefined;
  return [known(name, className) ?? 'Error', known(code, systemCode)].filter(Boolean).join(' ');
}

const rebuiltCauses = new WeakSet<object>();

function withoutValues(cause: unknown): Error {
  if (isConfigError(cause) || rebuiltCauses.has(cause as object)) return cause as Error;
  const rebuilt = new Error(nameAndCode(cause));
  rebuilt.stack = `${rebuilt.message} (rebuilt without its message)`;
  rebuiltCauses.add(rebuilt);
  return rebuilt;
}
