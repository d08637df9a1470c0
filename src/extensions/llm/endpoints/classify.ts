// What a failed call means, read from the shape of its error: of the OpenAI and Anthropic SDKs, the AI SDK,
// LangChain, the AWS SDK and Google's, or of fetch. No SDK is imported, and no class is compared. A table
// says what follows from each reason.

import type { ErrorCode } from '../../../errors.ts';
import { type ErrorView, viewOf } from './error-view.ts';

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
const html = /unexpected token '?<|<!doctype|<html|invalid json/;

function reasonOf({ status, words, text, retryAfterMs, retryable }: ErrorView): Reason {
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
