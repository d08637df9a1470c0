// What a failed call means, read from the shape of its error: of the OpenAI and Anthropic SDKs, the AI SDK,
// LangChain, the AWS SDK and Google's, or of fetch. No SDK is imported, and no class is compared. A table
// says what follows from each reason.

import type { ErrorCode } from '../../../errors.ts';

/** Why a call failed.
 *  `throttled`: too many requests. `quota`: what was paid for is spent. `overloaded`: the server failed.
 *  `unreachable`: the network did. `timeout`: no answer in time. `credentials`: they are refused. `model`:
 *  the model is not there. `context`: the input is too long. `filtered`: a content filter refused it.
 *  `refused`: the request is wrong. `aborted`: the caller has ended it. `unknown`: anything else, such as an
 *  error in your own code. */
export type Reason = keyof typeof effects;

/** What follows. `again`: once more here, then the next endpoint. `next`: the next one. `reload`: here with a
 *  new credential, if the configuration has one. `larger`: only one with a larger context. */
export interface Effect {
  readonly code: ErrorCode;
  readonly action: 'again' | 'next' | 'reload' | 'larger' | 'stop';
  /** Whether the circuit breaker counts it. */
  readonly counts: boolean;
  /** How long the quota group rests if the error does not say. */
  readonly restMs?: number;
}

export const effects = {
  throttled: { code: 'throttled', action: 'next', counts: false, restMs: 5_000 },
  quota: { code: 'quota_exceeded', action: 'next', counts: false, restMs: 300_000 },
  overloaded: { code: 'unavailable', action: 'again', counts: true },
  unreachable: { code: 'unavailable', action: 'again', counts: true },
  timeout: { code: 'timeout', action: 'next', counts: true },
  credentials: { code: 'unauthenticated', action: 'reload', counts: true },
  model: { code: 'not_found', action: 'next', counts: true },
  context: { code: 'validation', action: 'larger', counts: false },
  filtered: { code: 'policy_violation', action: 'stop', counts: false },
  refused: { code: 'validation', action: 'stop', counts: false },
  aborted: { code: 'aborted', action: 'stop', counts: false },
  unknown: { code: 'io', action: 'stop', counts: false },
} as const satisfies Record<string, Effect>;

/** A failed call, without anything that a server wrote freely. */
export interface Fault {
  readonly reason: Reason;
  readonly status?: number;
  /** The vendor's own word for it, such as `rate_limit_exceeded`. */
  readonly word?: string;
  /** How long the server asks to wait. */
  readonly retryAfterMs?: number;
}

/** What of an error is looked at. */
interface View {
  readonly status: number | undefined;
  /** Names and codes, separated by spaces. */
  readonly words: string;
  /** Messages, shortened. */
  readonly text: string;
  readonly word: string | undefined;
  readonly retryAfterMs: number | undefined;
  /** The AI SDK says that a repetition may help. */
  readonly retryable: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

const longest = 2_000;
const mostWaitMs = 86_400_000;

/** Reads an error, or an error event of a stream. Never throws, whatever the error is. */
export function faultOf(error: unknown, now: number): Fault {
  try {
    const view = viewOf(error, now);
    const { status, word, retryAfterMs } = view;
    return {
      reason: reasonOf(view),
      ...(status !== undefined && { status }),
      ...(word !== undefined && { word }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
  } catch {
    return { reason: 'unknown' }; // a getter that throws
  }
}

const anyOf = (...patterns: readonly string[]): RegExp => new RegExp(patterns.join('|'));

// Patterns of codes, types and class names, then of the words of people.
const filter = /content_?filter|content_?policy|responsible_?ai|moderation|prohibited_content|blocklist/;
const filterText =
  /content (?:management|filter|policy)|content filtering|safety (?:system|settings)|responsible ai/;
const context = /context_length|context_window|string_above_max|input_too_long|model_context/;
const contextText = anyOf(
  'prompt is too long',
  'maximum context',
  'context (?:length|window)',
  'input is too long',
  'too many (?:input )?tokens',
  'input token count',
  'tokens? limit exceeded',
  'reduce the length',
);
const spent = /insufficient_quota|billing|quotaexceeded|service_?quota|credits?_(?:exhausted|depleted)/;
const spentText = /credit balance|current quota|(?:spend|billing|usage) (?:hard )?limit|out of credits/;
const slow = /rate_?limit|throttl|too_?many_?requests|resource_exhausted|slow_down/;
const login = anyOf(
  'authentication',
  'invalid_api_key',
  'unauthori[sz]ed',
  'unauthenticated',
  'expired_?token',
  'unrecognized_?client',
  'invalid_?signature',
  'incomplete_?signature',
  'model_authentication',
);
const busy = anyOf(
  'overloaded',
  'server_?error',
  'internal_?error',
  'internal_?failure',
  '\\binternal\\b',
  'api_error',
  'unavailable',
  'model_?not_?ready',
  'bad_gateway',
);
const late = /time_?out|timedout|deadline_exceeded|headers_timeout|body_timeout/;
const network = anyOf(
  'econn',
  'epipe',
  'enotfound',
  'eai_again',
  'ehostunreach',
  'enetunreach',
  'enetdown',
  'und_err',
  'err_tls',
  'err_ssl',
  'cert_',
  'connection_?error',
  'err_http2',
  'err_stream_premature',
  'fetch failed',
  'terminated',
  'socket hang up',
  'other side closed',
  'premature close',
);
const abort = /abort_error|user_abort|response_aborted|\baborted\b/;
const absent = /previous_response|\bfile|vector_store|thread|batch|assistant|conversation|container/;
/** A code or type of a vendor. A server may write anything there, also a key or a prompt. */
const vendorWord = new RegExp(
  `^(?!error$)(?=[a-z_]{3,48}$)\\w*(?:${[
    'error|exception|limit|quota|exceeded|exhausted|filter|policy|not_?found|invalid|denied',
    'unavailable|overloaded|timeout',
  ].join('|')})`,
  'i',
);
const html = /unexpected token '?<|<!doctype|<html|invalid json/;

function reasonOf({ status, words, text, retryAfterMs, retryable }: View): Reason {
  const isRefusal = status === undefined || (status >= 400 && status < 500);
  if (status === undefined && abort.test(words) && !late.test(words)) return 'aborted';
  if (isRefusal && status !== 429) {
    if (filter.test(words) || filterText.test(text)) return 'filtered';
    if (context.test(words) || contextText.test(text)) return 'context';
  }
  if (status === 402 || (isRefusal && spent.test(words))) return 'quota';
  if (isRefusal && spentText.test(text) && retryAfterMs === undefined) return 'quota';
  if (status === 429 || (isRefusal && slow.test(words))) return 'throttled';
  if (status === 401 || (isRefusal && status !== 404 && login.test(words))) return 'credentials';
  if (status === 404) return absent.test(words) || absent.test(text) ? 'refused' : 'model';
  if (status === 408) return 'timeout';
  if (status !== undefined && status >= 500)
    return late.test(words) && status === 504 ? 'timeout' : 'overloaded';
  if (status === 409 || status === 425) return 'overloaded';
  if (status !== undefined && status >= 400) return 'refused';
  if (late.test(words)) return 'timeout';
  if (network.test(words) || network.test(text)) return 'unreachable';
  if (busy.test(words) || html.test(text)) return 'overloaded';
  if (/model_not_found|deploymentnotfound/.test(words)) return 'model';
  if (/invalid_request/.test(words)) return 'refused';
  return retryable ? 'unreachable' : 'unknown';
}

/** An error with the errors inside it: `lastError` of the AI SDK, `cause`, and what a body says. */
function viewOf(error: unknown, now: number): View {
  const outer = inner(error);
  const cause = fields(outer.cause);
  const bodies = bodiesOf(outer);
  const all = [outer, ...bodies, cause];
  const named = [
    ...all.flatMap(({ name, code, type, status, lc_error_code }) => [
      name,
      code,
      type,
      status,
      lc_error_code,
    ]),
  ];
  // a server chooses the text of a code: only names count
  const texts = named.filter((one): one is string => typeof one === 'string' && /^[\w.-]{1,80}$/.test(one));
  const ownClass = classOf(error);
  const word = bodies
    .flatMap(({ code, type, status }) => [code, type, status])
    .find((one): one is string => typeof one === 'string' && vendorWord.test(one));
  const messages = all.map(({ message }) => (typeof message === 'string' ? message.slice(0, longest) : ''));
  return {
    status: statusOf(all),
    words: [...texts, ...(ownClass ? [ownClass] : [])]
      .join(' ')
      .replace(/([a-z])([A-Z])/g, '$1_$2')
      .toLowerCase(),
    text: messages.join('\n').toLowerCase(),
    word,
    retryAfterMs: waitOf(outer, bodies, now),
    retryable: outer.isRetryable === true,
  };
}

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

/** The last error of a retry, which is not one itself. */
function inner(error: unknown): Fields {
  let at = typeof error === 'string' ? { message: error } : fields(error);
  for (let depth = 0; depth < 3 && typeof at.lastError === 'object' && at.lastError !== null; depth++)
    at = fields(at.lastError);
  return at;
}

const classOf = (error: unknown): string | undefined => {
  const name = (error as { readonly constructor?: { readonly name?: unknown } } | null)?.constructor?.name;
  return typeof name === 'string' && /^\w{1,60}$/.test(name) && name !== 'Object' ? name : undefined;
};

/** The bodies of an answer: parsed, as text, or in the message. */
function bodiesOf({ error, data, body, responseBody, message, response }: Fields): Fields[] {
  const found: Fields[] = [];
  const add = (value: unknown): void => {
    const one = Array.isArray(value) ? value[0] : value;
    if (typeof one !== 'object' || one === null) return;
    const { error: nested } = one as Fields;
    if (typeof nested === 'object' && nested !== null) add(nested);
    else if (typeof nested === 'string') found.push({ code: nested });
    found.push(one as Fields);
  };
  for (const one of [error, data, body]) add(one);
  if (typeof error === 'string') found.push({ message: error });
  add(fields(response).error);
  for (const text of [responseBody, body, message]) {
    if (typeof text !== 'string' || found.length > 0) continue;
    const at = text.indexOf('{');
    if (at >= 0 && text.length < 65_536) add(json(text.slice(at)));
    else if (/^\s*</.test(text)) found.push({ message: text.slice(0, 100) });
  }
  return found;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function statusOf(all: readonly Fields[]): number | undefined {
  for (const one of all)
    for (const value of [
      one.status,
      one.statusCode,
      fields(one.$metadata).httpStatusCode,
      fields(one.response).status,
      one.code,
    ]) {
      const status = typeof value === 'string' && /^[45]\d\d$/.test(value) ? Number(value) : value;
      if (typeof status === 'number' && status >= 400 && status < 600) return status;
    }
  return undefined;
}

/** How long to wait: headers in any form, or Google's `retryDelay`. */
function waitOf(error: Fields, bodies: readonly Fields[], now: number): number | undefined {
  const headers =
    error.headers ??
    error.responseHeaders ??
    fields(error.response).headers ??
    fields(error.$response).headers;
  const ms = numberOf(header(headers, 'retry-after-ms') ?? header(headers, 'x-ms-retry-after-ms'));
  if (ms !== undefined) return bounded(ms);
  const after = header(headers, 'retry-after');
  if (after !== undefined) {
    const seconds = numberOf(after);
    return bounded(seconds === undefined ? dateOf(after) - now : seconds * 1_000);
  }
  for (const { details } of bodies)
    for (const { retryDelay } of Array.isArray(details) ? details.map(fields) : []) {
      const delay = typeof retryDelay === 'string' && /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(retryDelay)?.[1];
      if (delay) return bounded(Number(delay) * 1_000);
    }
  return undefined;
}

function header(headers: unknown, name: string): string | undefined {
  const all = fields(headers);
  const value: unknown =
    typeof all.get === 'function' ? (all.get as (name: string) => unknown).call(all, name) : all[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

const numberOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}(?:\.\d{1,9})?$/.test(text.trim()) ? Number(text) : undefined;

/** `Mon, 30 Nov 2026 12:00:30 GMT`. `Date.parse` takes a negative number for a year. */
const dateOf = (text: string): number => (/^[a-z]{3},/i.test(text) ? Date.parse(text) : Number.NaN);

const bounded = (ms: number): number | undefined =>
  Number.isNaN(ms) ? undefined : Math.min(mostWaitMs, Math.max(0, Math.ceil(ms)));
