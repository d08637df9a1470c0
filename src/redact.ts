// Decides which values are secret, by name (`dbPassword`) and by shape (a PEM block, a URL with a password),
// and masks secrets in texts. Names are compared as words, so that `tokenizer` does not count as a `token`.
// Used by every local source, and wherever a value becomes part of a message.

import type { ConfigValue, Key } from './value.ts';

/** Replaces a secret in texts. Shows neither its length nor a part of it. */
export const MASK = '[redacted]';

/** Further names of secrets: words, such as `licenseKey`, or a pattern for the whole key. */
export type Sensitive = readonly (string | RegExp)[];

const kinds =
  'api|private|access|account|encryption|signing|master|shared|session|ssh|hmac|subscription|licen[cs]e';
/** Secret names as words: `db password`, `openai apikey`, `dsn`, `signing key`, `auth tokens`. */
const names = [
  '[a-z0-9]*(?:password|passwd|apikey|secretkey|privatekey|accesskey|authtoken|accesstoken)s?',
  'pwd|pass(?:phrase|code)s?|secrets?|credentials?|token|dsn|jwt|bearer|connectionstrings?|clientsecret',
  `(?:${kinds}) keys?|connection strings?`,
  '(?:api|access|auth|bearer|id|refresh|session) tokens',
  'webhook ur[il]s?|sas ur[il]s?',
].join('|');
/** Names that are secret only at the end of a key: not `cookie.maxAge`, `saltRounds`, `passThrough`. */
const lastNames =
  'pass|pw|authorization|cookie|webhook|salt|otp|pin|pin ?code|sas|session ids?|hmac|basic ?auth';
const secretName = new RegExp(`(?:^| )(?:(?:${names})(?= |$)|(?:${lastNames})(?: \\d+)?$)`);
/** Matches part of every secret name, and rules out most other names in one test. */
const quickTest = new RegExp(
  [
    'pass|p[wi]|secret|credential|token|dsn|jwt|bearer|connection|auth|cookie|hook|salt|otp|sas|session|hmac',
    `(?:${kinds})\\W*key`,
  ].join('|'),
);
/** Names about a secret, which are not secret: `token limit`, `token url`, `password policy`. */
const aboutTokens =
  'limits?|counts?|budget|size|window|rate|usage|ttl|per|length|type|expiry|lifetime|ur[il]|endpoint';
const aboutName = new RegExp(
  `(?:^| )token (?:${aboutTokens})(?= |$)|(?:^| )password (?:policy|min|max|length)(?= |$)`,
  'g',
);

/** A name as lower-case words: `db password` for both `dbPassword` and `DB_PASSWORD`. */
export function words(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .toLowerCase();
}

/** Words without the numbers at their ends, because `apiKey2` is as secret as `apiKey`. */
const unnumbered = (text: string): string => text.replace(/(?<=[a-z])\d+(?= |$)/g, '');

export function isSecretName(name: string, sensitive: Sensitive = []): boolean {
  const joined = name.replace(/[-_]/g, '');
  const matches = (spelling: string): boolean =>
    secretName.test(unnumbered(words(spelling)).replace(aboutName, ''));
  if (quickTest.test(joined.toLowerCase()) && (matches(name) || matches(joined))) return true;
  if (sensitive.length === 0) return false;
  const text = words(name);
  const spoken = ` ${text}  ${unnumbered(text)} `;
  return sensitive.some((mark) =>
    mark instanceof RegExp
      ? new RegExp(mark.source, mark.flags.replace(/[gy]/g, '')).test(name)
      : spoken.includes(` ${words(mark)} `),
  );
}

// Each repetition is bounded, or can begin at one position only: a megabyte of any text takes milliseconds.
/** `-----BEGIN PRIVATE KEY-----` */
const pem = /-----BEGIN [A-Z0-9 ]{1,64}-----/;
/** `eyJhbGciOi.eyJzdWIi.c2ln` */
const jwt = /(?<![\w-])eyJ[\w-]{8,}\.[\w-]*\.[\w-]+/;
/** `Authorization: Bearer a1b2c3d4`, but not prose such as `Basic settings`. */
const authScheme = /(?:^|[\s:="'])(?:[Bb]earer|BEARER|[Bb]asic|BASIC)(?:\s|%20){1,8}/.source;
const header = new RegExp(`${authScheme}(?=[\\w.~+/-]*(?:\\d|=|[a-z][A-Z]))[\\w.~+/-]{8,}`);
/** `Bearer abcdefghijklmnop`, without a digit. */
const bearer = /(?:^|[\s:="'])bearer(?:\s|%20){1,8}[\w.~+/-]{16,}/i;
/** Keys that services begin with a prefix of their own. */
const prefixed = new RegExp(
  [
    '(?<![\\w-])(?:sk-(?:proj|ant|svcacct|admin|or|live|test)-[\\w-]{8,}|sk-\\w{20,})', // OpenAI and others
    '(?<!\\w)[rs]k_(?:live|test)_\\w{8,}', // Stripe
    '(?<!\\w)(?:gh[oprsu]_|github_pat_)\\w{16,}',
    '(?<![\\w-])glpat-[\\w-]{16,}',
    '(?<!\\w)A[KS]IA[A-Z0-9]{12,}(?!\\w)', // AWS
    '(?<!\\w)xox[abeprs]-[\\w-]{10,}', // Slack
    '(?<!\\w)AIza[\\w-]{30,}', // Google
    '(?<!\\w)hf_[A-Za-z0-9]{16,}', // Hugging Face
    'hooks\\.slack\\.com/(?:services|workflows|triggers)/\\w',
    'discord(?:app)?\\.com/api/(?:v\\d+/)?webhooks/\\d+/\\w',
  ].join('|'),
);
/** A password with spaces, in a value that is a single URL. */
const spacedPassword = /^[a-z][a-z0-9+.-]{0,31}:\/\/[^\s/?#@:]{0,256}:(?!\d{1,5}(?:[/?#\s]|$))[^@]*@/i;
/** `https://host/file?sig=abc`, as Azure and S3 sign URLs. */
const signed = /[?&](?:sig|signature|x-(?:amz|goog)-signature)=[^&\s]/i;
/** The shapes of tokens, which are secret wherever they are. */
export const tokenShapes = { jwt, prefixed, signed };

/** Rules out most texts before the patterns below. */
const mayNameSecret = /pass|pwd|secret|token|credential|key|dsn|jwt|bearer|basic|connection/i;
/** The name in `Password=abc`, `token: abc`, `"apiKey": "abc"`. */
const pair =
  /(?:^|[\s;&?,{("'-])([A-Za-z][\w.-]{0,63}(?: [A-Za-z]{1,30})?)\\?["']?\s{0,8}[=:]\s{0,8}[^\s,;&}]/g;
/** The name in `--password abc`. */
const argument = /(?:^|\s)--?([A-Za-z][\w.-]{0,63})\s{1,8}[^\s-]/g;

/** Whether the shape of a value shows that it is secret: a PEM block, a JWT, `Bearer …`, a key such as
 *  `sk-…`, a URL with userinfo, `Password=…` or `"token": …` inside a text. */
export function looksSecret(value: ConfigValue): boolean {
  if (Array.isArray(value)) return value.some(looksSecret);
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).some(([name, inner]) => isSecretName(name) || looksSecret(inner));
  if (typeof value !== 'string' || value.length < 3) return false;
  if (pem.test(value) || jwt.test(value) || signed.test(value) || prefixed.test(value)) return true;
  if (
    value.includes('@') &&
    (/@(?:tcp|unix)\(/.test(value) || userinfos(value).length > 0 || spacedPassword.test(value))
  )
    return true;
  return (
    mayNameSecret.test(value) &&
    (header.test(value) || bearer.test(value) || namesSecret(value, pair) || namesSecret(value, argument))
  );
}

function namesSecret(text: string, pattern: RegExp): boolean {
  for (const match of text.matchAll(pattern)) if (isSecretName(match[1] as string)) return true;
  return false;
}

interface Userinfo {
  readonly from: number;
  /** Where the password begins, after its colon. `undefined`: the whole userinfo is a token. */
  readonly password: number | undefined;
  readonly at: number;
}

const closing: Readonly<Record<string, string>> = { '"': '"', "'": "'", '`': '`', '<': '>', '(': ')' };

/** The userinfo of each URL in a text: everything between `://` and `@`. A password may contain unescaped
 *  signs, so it ends at the last `@` of the word. */
function userinfos(text: string): Userinfo[] {
  const found: Userinfo[] = [];
  for (const { 0: word, index } of text.matchAll(/\S+/g)) {
    const end = word.lastIndexOf('@');
    for (let next = word.indexOf('://'); next >= 0 && next < end; ) {
      const from = next + 3;
      const close = closing[word.charAt(schemeOf(word, next) - 1)];
      const closed = close === undefined ? -1 : word.indexOf(close, from);
      const last = closed < 0 ? end : from + word.slice(from, closed).lastIndexOf('@');
      const at = last < from ? undefined : endOf(word, from, last);
      if (at !== undefined && at.end > from) {
        const password = at.password === undefined ? undefined : index + at.password;
        found.push({ from: index + from, password, at: index + at.end });
      }
      next = word.indexOf('://', at?.end ?? from);
    }
  }
  return found;
}

/** The index at which the scheme before `://` begins. */
function schemeOf(word: string, end: number): number {
  let start = end;
  while (start > 0 && end - start < 32 && /[a-z0-9+.-]/i.test(word.charAt(start - 1))) start--;
  return start;
}

/** The indices at which the userinfo ends and its password begins. */
function endOf(
  word: string,
  from: number,
  last: number,
): { readonly end: number; readonly password?: number } | undefined {
  const slash = word.slice(from).search(/[/?#]/);
  const authority = word.slice(from, slash < 0 ? last + 1 : Math.min(from + slash, last + 1));
  const colon = authority.indexOf(':');
  const within = authority.lastIndexOf('@');
  const isPort = within < 0 && colon > 0 && /^\d+$/.test(authority.slice(colon + 1));
  if (colon >= 0 && !isPort && (within < 0 || colon < within))
    return { end: last, password: from + colon + 1 };
  return within < 0 ? undefined : { end: from + within };
}

/** Masks the password, or the token, of each URL in a text. Keeps the user's name. */
export function maskUrls(text: string): string {
  if (!text.includes('://') || !text.includes('@')) return text;
  let shown = '';
  let done = 0;
  for (const { from, password, at } of userinfos(text)) {
    shown += text.slice(done, password ?? from) + MASK;
    done = at;
  }
  return shown + text.slice(done);
}

/** The userinfo of each URL in a text, as it is written: `user:password` or a token. */
export const urlUserinfos = (text: string): readonly string[] =>
  userinfos(text).map(({ from, at }) => text.slice(from, at));

/** A value for a message: masked if it is secret, else shortened. */
export function show(value: ConfigValue | undefined, secret: boolean, limit = 80): string {
  if (value === undefined) return 'nothing';
  if (secret || looksSecret(value)) return MASK;
  const text =
    typeof value === 'number' || typeof value === 'bigint'
      ? `${value}`
      : escapeControls(maskUrls(JSON.stringify(value, printable)));
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}

/** Control characters but tabs and line breaks, and characters that change the direction of a line. JSON
 *  leaves those above U+007F as they are. */
const controls = /[^\P{Cc}\t\n]|[\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/gu;

/** A text for a terminal: without characters that move the cursor, clear the screen or reverse a line. Writes
 *  them as `\u001b`, so JSON stays the same JSON. */
export const escapeControls = (text: string): string =>
  text.replace(controls, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Writes bigints, NaN and infinities as text, for JSON. */
const printable = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)) ? `${value}` : value;

/** Makes a test for secrets: by the name of a key, including the names in `sensitive`, or by the shape of
 *  its value. For providers whose source does not know which values are secret.
 *  @example
 *  const isSecret = taint(['license']);
 *  isSecret('license.file', '/etc/license'); // => true, by its name
 *  isSecret('proxy', 'http://user:pw@host'); // => true, by its shape
 *  @see makeEntry takes the result as `secret`. */
export function taint(sensitive: Sensitive = []): (key: Key, value: ConfigValue) => boolean {
  const known = new Map<Key, boolean>();
  return (key, value) => {
    let named = known.get(key);
    if (named === undefined) known.set(key, (named = isSecretName(key, sensitive)));
    return named || looksSecret(value);
  };
}

/** A foreign text for a message: quoted, shortened, without control characters. */
export function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : `(${typeof value})`;
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 63)}…` : text).replace(/\p{Cc}|\p{Cf}/gu, '?');
}

/** The base64 of a secret in the middle of other bytes, without the characters that depend on its neighbours.
 *  `shift`: how many bytes are before it. */
export function shiftedBase64(bytes: Buffer, shift: number): string {
  const first = Math.ceil((shift * 8) / 6);
  const last = Math.floor(((shift + bytes.length) * 8) / 6);
  return Buffer.concat([Buffer.alloc(shift), bytes])
    .toString('base64')
    .slice(first, last);
}
