// What of an error is looked at, whichever client made it: status, names, codes, messages, the time to wait.
// Used by classify.ts. Reads fields only, and may throw if one of them does.

/** What of an error is looked at. */
export interface ErrorView {
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

/** A code or type of a vendor. A server may write anything there, also a key or a prompt. */
const vendorWord = new RegExp(
  `^(?!error$)(?=[a-z_]{3,48}$)\\w*(?:${[
    'error|exception|limit|quota|exceeded|exhausted|filter|policy|not_?found|invalid|denied',
    'unavailable|overloaded|timeout',
  ].join('|')})`,
  'i',
);

/** An error with the errors inside it: `lastError` of the AI SDK, `cause`, and what a body says. */
export function viewOf(error: unknown, now: number): ErrorView {
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
