import { inspect } from 'node:util';
import type { Origin } from './origin.ts';
import { maskUrls } from './redact.ts';
import type { Key } from './value.ts';

/** Every way in which something can fail. `transient`: asking again may help. `status`: how an HTTP service would say it. */
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
} as const satisfies Record<string, { transient: boolean; status: number }>;

/** One of the codes of the table: decide by it, never by a message. */
export type ErrorCode = keyof typeof errorCodes;

/** One thing that is wrong with a configuration, as data. Values are shown only where they are not secret. */
export interface Problem {
  /** `missing`: needed and not there. `wrong`: not what the schema takes. `unknown`: nobody reads it. `unreadable`: there, and it
   *  cannot be read. `failed`: a source did not answer. */
  readonly kind: 'missing' | 'wrong' | 'unknown' | 'unreadable' | 'failed';
  readonly key: Key;
  /** Where inside the key's value: `[0].host`. */
  readonly inside?: string;
  /** One line that says it all. */
  readonly message: string;
  readonly expected?: string;
  /** The schema library's own words, without values. */
  readonly schemaMessage?: string;
  readonly found?: string;
  /** Where the value stands: `config/base.yaml:12:5`, `env APP__PORT`. */
  readonly origin?: string;
  /** Every place that was looked in for a missing key. */
  readonly looked?: readonly string[];
  /** What to do. */
  readonly hint?: string;
}

/** What an error knows besides its code and its message. */
export interface ErrorDetails {
  /** Who failed. */
  readonly provider?: string;
  /** Which key was asked for. */
  readonly key?: Key;
  /** The place it is about. */
  readonly origin?: Origin;
  /** Everything that is wrong with a configuration. */
  readonly problems?: readonly Problem[];
  /** What to do about it; becomes the end of the message. */
  readonly hint?: string;
  /** How long the backend asked us to wait. */
  readonly retryAfterMs?: number;
  /** What it comes from: kept if it is a ConfigError, else rebuilt without its message. */
  readonly cause?: unknown;
}

const brand: unique symbol = Symbol.for('llm-config-manager.error') as never;

/** The one error this library throws: a code, what failed, where in the source's own words, and what to do. Never a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: ErrorCode;
  /** Whether asking again may help. */
  readonly transient: boolean;
  /** As an HTTP service would say it. */
  readonly status: number;
  /** Who failed. */
  declare readonly provider?: string;
  /** Which key was asked for. */
  declare readonly key?: Key;
  /** The place it is about. */
  declare readonly origin?: Origin;
  /** Everything that is wrong with a configuration, as data. */
  declare readonly problems?: readonly Problem[];
  /** What to do about it; also the end of the message. */
  declare readonly hint?: string;
  /** How long the backend asked us to wait. */
  declare readonly retryAfterMs?: number;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    const { cause, ...rest } = { ...details, ...(details.hint && { hint: maskUrls(details.hint) }) };
    super(maskUrls(rest.hint ? `${message.replace(/\.$/, '')}. ${rest.hint}` : message));
    this.code = code;
    this.transient = errorCodes[code].transient;
    this.status = errorCodes[code].status;
    for (const [name, value] of Object.entries(rest))
      if (value !== undefined) Object.defineProperty(this, name, { value, enumerable: true });
    if (cause !== undefined) Object.defineProperty(this, 'cause', { value: withoutValues(cause) });
  }

  /** @internal */
  get [brand](): true {
    return true;
  }

  /** The same failure, seen from further out: details fill in, never replace. */
  with(details: ErrorDetails): ConfigError {
    return this.#copy(this.message, { ...details, ...this.#details() });
  }

  /** The same failure in the words of another key.
   *  @internal */
  rekeyed(key: Key): ConfigError {
    const message = this.key ? this.message.replaceAll(`"${this.key}"`, `"${key}"`) : this.message;
    return this.#copy(message, { ...this.#details(), key });
  }

  #details(): ErrorDetails {
    const { provider, key, origin, problems, retryAfterMs, cause } = this;
    const details = { provider, key, origin, problems, retryAfterMs, cause };
    return Object.fromEntries(Object.entries(details).filter(([, detail]) => detail !== undefined));
  }

  #copy(message: string, { hint, ...details }: ErrorDetails): ConfigError {
    const copy = new ConfigError(
      this.code,
      message,
      this.hint === undefined && hint !== undefined ? { ...details, hint } : details,
    );
    // the own hint stands in the message already
    if (this.hint !== undefined) Object.defineProperty(copy, 'hint', { value: this.hint, enumerable: true });
    return copy;
  }

  toJSON(): object {
    const { name, code, message, transient, status, provider, key, problems, hint, retryAfterMs } = this;
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
      cause,
    };
  }

  [inspect.custom](): string {
    const cause =
      this.cause instanceof Error ? `\n  [cause]: ${inspect(this.cause).replaceAll('\n', '\n  ')}` : '';
    return `${this.stack ?? this.message} { code: '${this.code}' }${cause}`;
  }
}

/** Whether `error` is a ConfigError, also one made by another copy of this library. */
export function isConfigError(error: unknown): error is ConfigError {
  return typeof error === 'object' && error !== null && (error as { [brand]?: boolean })[brand] === true;
}

/** The error for a caller that aborted its signal. `what`: 'the read', 'the write'. */
export const aborted = (owner: string, what = 'the read', details: ErrorDetails = {}): ConfigError =>
  new ConfigError('aborted', `${owner}: the caller aborted ${what}`, { provider: owner, ...details });

/** A foreign error's message, stack and fields may hold secrets; its class and code do not. */
function withoutValues(cause: unknown): Error {
  if (isConfigError(cause)) return cause;
  const { name, code } = (typeof cause === 'object' && cause !== null ? cause : {}) as {
    name?: unknown;
    code?: unknown;
  };
  const word = (value: unknown): string | undefined =>
    typeof value === 'string' && /^[\w.-]{1,64}$/.test(value) ? value : undefined;
  const rebuilt = new Error([word(name) ?? 'Error', word(code)].filter(Boolean).join(' '));
  rebuilt.stack = `${rebuilt.message} (rebuilt without its message)`;
  return rebuilt;
}
