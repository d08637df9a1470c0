// Failures of the wire protocols of OpenAI and Anthropic, and what each means. Used by the tests of shapes,
// and by those with real SDKs, against the server in fake-llm.ts.

/** How a vendor answers: a body of its protocol, any text, or a broken connection. */
export interface LlmCase {
  readonly name: string;
  readonly reason: string;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** `[type, code, message]` */
  readonly openai: readonly [string, string | null, string];
  /** `[type, message]` */
  readonly anthropic: readonly [string, string];
  /** The body instead of both. */
  readonly text?: string;
  readonly waitMs?: number;
}

type Row = readonly [
  reason: string,
  status: number,
  name: string,
  openai: LlmCase['openai'],
  anthropic: LlmCase['anthropic'],
  more?: Pick<LlmCase, 'headers' | 'text' | 'waitMs'>,
];

const server = ['server_error', null, 'The server had an error'] as const;
const api = ['api_error', 'Internal server error'] as const;
const slow = ['requests', 'rate_limit_exceeded', 'Rate limit reached'] as const;
const limited = ['rate_limit_error', 'Number of requests has exceeded your rate limit'] as const;
const bad = ['invalid_request_error', null, 'Invalid value'] as const;
const wrong = ['invalid_request_error', 'messages: field required'] as const;
const key = 'fake-Zq83-not-real';

const rows: readonly Row[] = [
  ['throttled', 429, 'with seconds', slow, limited, { headers: { 'retry-after': '7' }, waitMs: 7_000 }],
  [
    'throttled',
    429,
    'with milliseconds',
    slow,
    limited,
    { headers: { 'retry-after-ms': '250', 'retry-after': '7' }, waitMs: 250 },
  ],
  ['throttled', 429, 'with a fraction', slow, limited, { headers: { 'retry-after': '0.5' }, waitMs: 500 }],
  ['throttled', 429, 'with zero', slow, limited, { headers: { 'retry-after': '0' }, waitMs: 0 }],
  [
    'throttled',
    429,
    'with a header of Azure',
    slow,
    limited,
    { headers: { 'x-ms-retry-after-ms': '1500' }, waitMs: 1_500 },
  ],
  [
    'throttled',
    429,
    'with a date',
    slow,
    limited,
    { headers: { 'retry-after': 'Thu, 01 Jan 1970 00:00:10 GMT' }, waitMs: 0 },
  ],
  [
    'throttled',
    429,
    'with a header that is not a time',
    slow,
    limited,
    { headers: { 'retry-after': 'soon' } },
  ],
  ['throttled', 429, 'with a negative time', slow, limited, { headers: { 'retry-after': '-5' } }],
  ['throttled', 429, 'without a header', slow, limited],
  [
    'throttled',
    429,
    'of tokens',
    ['tokens', 'rate_limit_exceeded', 'Limit 30000 TPM'],
    ['rate_limit_error', 'output tokens per minute'],
  ],
  [
    'throttled',
    429,
    'with words of a quota and a time',
    ['tokens', null, 'You exceeded your current quota'],
    ['rate_limit_error', 'your current quota'],
    { headers: { 'retry-after': '9' }, waitMs: 9_000 },
  ],
  ['throttled', 429, 'with an empty body', slow, limited, { text: '' }],
  ['throttled', 429, 'with a page', slow, limited, { text: '<html>Too many requests</html>' }],
  [
    'throttled',
    429,
    'about the content of a body',
    ['requests', null, 'content policy of this limit'],
    ['rate_limit_error', 'context window limit'],
  ],
  [
    'quota',
    429,
    'spent',
    ['insufficient_quota', 'insufficient_quota', 'You exceeded your current quota'],
    ['billing_error', 'Your credit balance is too low'],
  ],
  [
    'quota',
    429,
    'spent, with a time',
    ['insufficient_quota', 'insufficient_quota', 'spent'],
    ['billing_error', 'spent'],
    { headers: { 'retry-after': '60' }, waitMs: 60_000 },
  ],
  [
    'quota',
    402,
    'payment required',
    ['billing', 'billing_hard_limit_reached', 'Pay'],
    ['billing_error', 'Pay'],
  ],
  [
    'quota',
    402,
    'with a page',
    ['billing', null, 'Pay'],
    ['billing_error', 'Pay'],
    { text: '<html>Payment required</html>' },
  ],
  [
    'quota',
    400,
    'of credits, in words',
    ['invalid_request_error', 'billing_hard_limit_reached', 'Billing hard limit has been reached'],
    ['invalid_request_error', 'Your credit balance is too low to access the API'],
  ],
  [
    'quota',
    403,
    'of a month, in words',
    ['permission_error', null, 'You have reached your usage limit'],
    ['permission_error', 'You have reached your specified API usage limits: usage limit'],
  ],
  ['overloaded', 500, 'internal', server, api],
  ['overloaded', 502, 'bad gateway', server, api],
  ['overloaded', 503, 'unavailable', server, api],
  [
    'overloaded',
    503,
    'with a time',
    ['server_error', null, 'overloaded'],
    ['overloaded_error', 'Overloaded'],
    { headers: { 'retry-after': '30' }, waitMs: 30_000 },
  ],
  ['overloaded', 520, 'of a proxy', server, api],
  [
    'overloaded',
    529,
    'overloaded',
    ['server_error', 'overloaded', 'Overloaded'],
    ['overloaded_error', 'Overloaded'],
  ],
  ['overloaded', 500, 'with an empty body', server, api, { text: '' }],
  ['overloaded', 502, 'with a page', server, api, { text: '<html><body>502 Bad Gateway</body></html>' }],
  ['overloaded', 503, 'with a text', server, api, { text: 'upstream connect error' }],
  [
    'overloaded',
    500,
    'about content filters',
    ['server_error', 'content_filter', 'content filter is down'],
    ['api_error', 'content filter is down'],
  ],
  [
    'overloaded',
    500,
    'about a context length',
    ['server_error', null, 'maximum context length'],
    ['api_error', 'context window'],
  ],
  [
    'overloaded',
    500,
    'about a key',
    ['server_error', 'invalid_api_key', 'cannot check the key'],
    ['authentication_error', 'cannot check the key'],
  ],
  ['overloaded', 409, 'conflict', ['conflict', null, 'Conflict'], ['invalid_request_error', 'Conflict']],
  ['overloaded', 425, 'too early', ['too_early', null, 'Too early'], ['invalid_request_error', 'Too early']],
  ['timeout', 408, 'request timeout', ['timeout', null, 'Timeout'], ['timeout_error', 'Timeout']],
  [
    'timeout',
    504,
    'gateway timeout',
    ['timeout', null, 'Gateway timeout'],
    ['timeout_error', 'Gateway timeout'],
  ],
  [
    'credentials',
    401,
    'that quotes the key',
    ['invalid_request_error', 'invalid_api_key', `Incorrect API key provided: ${key}`],
    ['authentication_error', `invalid x-api-key: ${key}`],
  ],
  [
    'credentials',
    401,
    'that masks the key in part',
    ['invalid_request_error', 'invalid_api_key', 'Incorrect API key provided: fake-Zq***real'],
    ['authentication_error', 'invalid x-api-key'],
  ],
  [
    'credentials',
    401,
    'with an empty body',
    ['invalid_request_error', null, ''],
    ['authentication_error', ''],
    { text: '' },
  ],
  [
    'credentials',
    401,
    'with a page',
    ['invalid_request_error', null, ''],
    ['authentication_error', ''],
    { text: '<html>Unauthorized</html>' },
  ],
  [
    'credentials',
    403,
    'with its code',
    ['authentication_error', 'invalid_api_key', 'expired'],
    ['authentication_error', 'expired'],
  ],
  [
    'model',
    404,
    'unknown',
    ['invalid_request_error', 'model_not_found', 'The model `gpt-x` does not exist'],
    ['not_found_error', 'model: claude-y'],
  ],
  [
    'model',
    404,
    'not deployed',
    ['invalid_request_error', 'DeploymentNotFound', 'The API deployment does not exist'],
    ['not_found_error', 'Not found'],
  ],
  [
    'model',
    404,
    'with a page',
    ['invalid_request_error', null, ''],
    ['not_found_error', ''],
    { text: '<html>Not Found</html>' },
  ],
  [
    'refused',
    404,
    'a previous response',
    ['invalid_request_error', 'previous_response_not_found', 'Previous response not found'],
    ['not_found_error', 'File not found: file_1'],
  ],
  [
    'context',
    400,
    'by its code',
    ['invalid_request_error', 'context_length_exceeded', 'too long'],
    ['invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'],
  ],
  [
    'context',
    400,
    'in words',
    ['invalid_request_error', null, "This model's maximum context length is 8192 tokens"],
    ['invalid_request_error', 'input length and `max_tokens` exceed context window'],
  ],
  [
    'context',
    400,
    'of a text',
    ['invalid_request_error', 'string_above_max_length', 'string too long'],
    ['invalid_request_error', 'Input is too long for requested model'],
  ],
  [
    'context',
    413,
    'of tokens',
    ['tokens', null, 'Please reduce the length of the messages'],
    ['invalid_request_error', 'prompt is too long'],
  ],
  [
    'filtered',
    400,
    'by its code',
    ['invalid_request_error', 'content_filter', 'filtered'],
    ['invalid_request_error', 'Output blocked by content filtering policy'],
  ],
  [
    'filtered',
    400,
    'by the policy of Azure',
    [
      'invalid_request_error',
      'ResponsibleAIPolicyViolation',
      "triggering Azure OpenAI's content management policy",
    ],
    ['invalid_request_error', 'content policy'],
  ],
  [
    'filtered',
    400,
    'of images',
    ['image_generation_user_error', 'moderation_blocked', 'rejected by our safety system'],
    ['invalid_request_error', 'rejected by our safety system'],
  ],
  [
    'filtered',
    403,
    'with another status',
    ['invalid_request_error', 'content_policy_violation', 'no'],
    ['permission_error', 'blocked by our content policy'],
  ],
  ['refused', 400, 'wrong', bad, wrong],
  [
    'refused',
    403,
    'forbidden',
    ['permission_error', null, 'Country not supported'],
    ['permission_error', 'no permission'],
  ],
  ['refused', 405, 'wrong method', bad, wrong],
  [
    'refused',
    413,
    'too many bytes',
    ['invalid_request_error', null, 'Request too large'],
    ['request_too_large', 'Request exceeds the maximum size'],
  ],
  ['refused', 415, 'wrong media type', bad, wrong],
  [
    'refused',
    422,
    'wrong parameter',
    ['invalid_request_error', 'unsupported_parameter', "Unsupported parameter: 'temperature'"],
    ['invalid_request_error', 'temperature: not supported'],
  ],
  ['refused', 400, 'with a page', bad, wrong, { text: '<html>Bad request</html>' }],
];

/** Sixty cases. */
export const llmCases: readonly LlmCase[] = rows.map(([reason, status, name, openai, anthropic, more]) => ({
  name: `${status} ${name}`,
  reason,
  status,
  openai,
  anthropic,
  ...more,
}));

/** The body of a case in the protocol of a vendor, as text. */
export function bodyOf(one: LlmCase, vendor: 'openai' | 'anthropic'): string {
  if (one.text !== undefined) return one.text;
  const [type, code, message] = one.openai;
  return JSON.stringify(
    vendor === 'openai'
      ? { error: { message, type, param: null, code } }
      : { type: 'error', error: { type: one.anthropic[0], message: one.anthropic[1] }, request_id: 'req_1' },
  );
}
