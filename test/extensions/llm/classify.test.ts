// What errors of SDKs mean, by their shape. Each SDK has its own way to turn an answer into an error; the
// shapes here are theirs. The same cases run with the real SDKs in test/llm-sdks.

import { describe, expect, it } from 'vitest';
import { faultOf } from '../../../src/extensions/llm/endpoints/classify.ts';
import { bodyOf, type LlmCase, llmCases } from '../../support/llm-cases.ts';

const now = Date.parse('2026-11-30T12:00:00Z');
const parsed = (text: string): { readonly [name: string]: never } | undefined => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
const named = (name: string, message: string, fields: object): Error => {
  class Thrown extends Error {}
  Object.defineProperty(Thrown, 'name', { value: name });
  return Object.assign(new Thrown(message), fields);
};

/** How each SDK shows an answer with an error. */
const sdks: Readonly<Record<string, (one: LlmCase) => unknown>> = {
  openai: (one) => {
    const body = parsed(bodyOf(one, 'openai'));
    const error = body?.error as { code?: string; type?: string; message?: string } | undefined;
    return named(
      one.status >= 500 ? 'InternalServerError' : 'APIError',
      `${one.status} ${error?.message ?? bodyOf(one, 'openai')}`,
      {
        status: one.status,
        headers: new Headers(one.headers),
        error,
        code: error?.code,
        type: error?.type,
      },
    );
  },
  anthropic: (one) =>
    named('APIError', `${one.status} ${bodyOf(one, 'anthropic')}`, {
      status: one.status,
      headers: new Headers(one.headers),
      error: parsed(bodyOf(one, 'anthropic')),
      requestID: 'req_1',
    }),
  'ai, of OpenAI': (one) =>
    Object.assign(named('APICallError', String(one.openai[2]), { name: 'AI_APICallError' }), {
      statusCode: one.status,
      responseHeaders: { ...one.headers },
      responseBody: bodyOf(one, 'openai'),
      data: parsed(bodyOf(one, 'openai')),
      isRetryable: one.status === 429 || one.status >= 500,
    }),
  'ai, of Anthropic, after its own retries': (one) => {
    const last = Object.assign(named('APICallError', one.anthropic[1], { name: 'AI_APICallError' }), {
      statusCode: one.status,
      responseHeaders: { ...one.headers },
      responseBody: bodyOf(one, 'anthropic'),
      isRetryable: one.status === 429,
    });
    return named('RetryError', 'Failed after 3 attempts', {
      name: 'AI_RetryError',
      lastError: last,
      errors: [last],
    });
  },
  fetch: (one) =>
    named('Error', `HTTP ${one.status}`, {
      response: { status: one.status, headers: new Headers(one.headers) },
      body: bodyOf(one, 'openai'),
    }),
};

describe('an answer with an error', () => {
  it.for(Object.entries(sdks))('of %s means what its sixty cases say', ([, make], { expect }) => {
    const seen = llmCases.map((one) => {
      const { reason, status, retryAfterMs: waitMs } = faultOf(make(one), now);
      return { name: one.name, reason, status, waitMs };
    });
    expect(seen).toEqual(
      llmCases.map(({ name, reason, status, waitMs }) => ({ name, reason, status, waitMs })),
    );
    expect(seen).toHaveLength(60);
  });
});

describe('an error without a status', () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    [
      'a connection of the OpenAI SDK',
      named('APIConnectionError', 'Connection error.', {
        cause: named('TypeError', 'fetch failed', { cause: { code: 'ECONNRESET' } }),
      }),
      'unreachable',
    ],
    ['a timeout of the OpenAI SDK', named('APIConnectionTimeoutError', 'Request timed out.', {}), 'timeout'],
    ['an abort of the OpenAI SDK', named('APIUserAbortError', 'Request was aborted.', {}), 'aborted'],
    ['a bare timeout', new DOMException('timed out', 'TimeoutError'), 'timeout'],
    ['a bare abort', new DOMException('aborted', 'AbortError'), 'aborted'],
    [
      'fetch',
      Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } }),
      'unreachable',
    ],
    ['a body that ends early', new TypeError('terminated'), 'unreachable'],
    [
      'axios, too slow',
      Object.assign(new Error('timeout of 500ms exceeded'), { code: 'ECONNABORTED', name: 'AxiosError' }),
      'unreachable',
    ],
    [
      'a name that is not found',
      Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }),
      'unreachable',
    ],
    [
      'undici, without headers in time',
      Object.assign(new Error('Headers Timeout Error'), {
        code: 'UND_ERR_HEADERS_TIMEOUT',
        name: 'HeadersTimeoutError',
      }),
      'timeout',
    ],
    [
      'an event of Anthropic',
      named('APIError', 'Overloaded', {
        error: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      }),
      'overloaded',
    ],
    [
      'an event of OpenAI',
      named('APIError', 'The server had an error', {
        error: { type: 'server_error', code: null, message: 'The server had an error' },
      }),
      'overloaded',
    ],
    [
      'an event as data',
      { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } },
      'throttled',
    ],
    [
      'an event of the AI SDK',
      { message: 'server had an error', type: 'server_error', code: 'internal_error' },
      'overloaded',
    ],
    [
      'an event about the content',
      { type: 'invalid_request_error', code: 'content_filter', message: 'x' },
      'filtered',
    ],
    [
      'an error that the AI SDK would repeat',
      named('APICallError', 'Cannot connect to API', { name: 'AI_APICallError', isRetryable: true }),
      'unreachable',
    ],
    [
      'a page instead of JSON',
      new SyntaxError('Unexpected token \'<\', "<html>" is not valid JSON'),
      'overloaded',
    ],
    [
      'Bedrock, throttled',
      Object.assign(new Error('slow'), { name: 'ThrottlingException', $metadata: { httpStatusCode: 429 } }),
      'throttled',
    ],
    [
      'Bedrock, of a quota',
      Object.assign(new Error('spent'), {
        name: 'ServiceQuotaExceededException',
        $metadata: { httpStatusCode: 400 },
      }),
      'quota',
    ],
    [
      'Bedrock, not ready',
      Object.assign(new Error('wait'), {
        name: 'ModelNotReadyException',
        $metadata: { httpStatusCode: 503 },
      }),
      'overloaded',
    ],
    [
      'Bedrock, too slow',
      Object.assign(new Error('slow'), { name: 'ModelTimeoutException', $metadata: { httpStatusCode: 408 } }),
      'timeout',
    ],
    [
      'Bedrock, too long',
      Object.assign(new Error('Input is too long for requested model.'), {
        name: 'ValidationException',
        $metadata: { httpStatusCode: 400 },
      }),
      'context',
    ],
    [
      'Bedrock, expired',
      Object.assign(new Error('expired'), {
        name: 'ExpiredTokenException',
        $metadata: { httpStatusCode: 403 },
      }),
      'credentials',
    ],
    [
      'Bedrock, denied',
      Object.assign(new Error('no'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 403 } }),
      'refused',
    ],
    [
      'Bedrock, without the model',
      Object.assign(new Error('no'), {
        name: 'ResourceNotFoundException',
        $metadata: { httpStatusCode: 404 },
      }),
      'model',
    ],
    [
      'Google, throttled',
      Object.assign(
        new Error('{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"7s"}]}}'),
        { name: 'ApiError', status: 429 },
      ),
      'throttled',
    ],
    [
      'Google, too long',
      Object.assign(new Error('{"error":{"code":400,"message":"The input token count (2000000) exceeds}}'), {
        name: 'ApiError',
        status: 400,
      }),
      'context',
    ],
    [
      'LangChain',
      Object.assign(new Error('MODEL_RATE_LIMIT'), { lc_error_code: 'MODEL_RATE_LIMIT' }),
      'throttled',
    ],
    ['code of yours', new TypeError("Cannot read properties of undefined (reading 'choices')"), 'unknown'],
    ['nothing', undefined, 'unknown'],
    ['null', null, 'unknown'],
    ['a number', 42, 'unknown'],
    ['a text', 'fetch failed', 'unreachable'],
    [
      'an error that throws when it is read',
      new Proxy(new Error('x'), {
        get: () => {
          throw new Error('no');
        },
      }),
      'unknown',
    ],
  ];
  it.for(cases)('%s', ([, error, reason], { expect }) => {
    expect(faultOf(error, now).reason).toBe(reason);
  });

  it('takes the delay that Google asks for', () => {
    const error = {
      status: 429,
      message: '{"error":{"code":429,"details":[{"x":1},{"retryDelay":"7.5s"}]}}',
    };
    expect(faultOf(error, now).retryAfterMs).toBe(7_500);
  });

  it('reads a date against the clock, and limits it to a day', () => {
    const at = (after: string) =>
      faultOf({ status: 429, headers: { 'retry-after': after } }, now).retryAfterMs;
    expect(at('Mon, 30 Nov 2026 12:00:30 GMT')).toBe(30_000);
    expect(at('999999999')).toBe(86_400_000);
    expect(at('Mon, 30 Nov 2099 12:00:30 GMT')).toBe(86_400_000);
  });

  it('takes no word that a server may have written freely', () => {
    const words = ['rate_limit_exceeded', 'fake Zq83 not real', 'x'.repeat(200), 'a\nb', ''];
    const seen = words.map((code) => faultOf({ status: 400, error: { code, message: 'x' } }, now).word);
    expect(seen).toEqual(['rate_limit_exceeded', undefined, undefined, undefined, undefined]);
  });

  it('reads a hostile error in time', () => {
    const long = `${'{"a":'.repeat(5_000)}1`;
    const began = performance.now();
    faultOf(
      {
        message: `${'x'.repeat(1e6)}${long}`,
        responseBody: long,
        error: { message: 'too many '.repeat(1e5) },
      },
      now,
    );
    expect(performance.now() - began).toBeLessThan(500);
  });
});
