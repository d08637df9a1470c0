import type { ConfigValue, Key } from './value.ts';

/** What stands in place of a secret: says neither its length nor a part of it. */
export const MASK = '[redacted]';

/** More names that make a value secret: words as in `licenseKey`, or a pattern tried on the whole key. */
export type Sensitive = readonly (string | RegExp)[];

const kinds = 'api|private|access|account|encryption|signing|master|shared|session|ssh|hmac|subscription';
const names = [
  '[a-z0-9]*(?:password|passwd|apikey|secretkey|privatekey|accesskey|authtoken|accesstoken)s?',
  'pwd|pass(?:phrase|code)s?|secrets?|credentials?|token|dsn|jwt|bearer|connectionstrings?|clientsecret',
  `(?:${kinds}) keys?|connection strings?`,
  '(?:api|access|auth|bearer|id|refresh|session) tokens',
].join('|');
const secretName = new RegExp(`(?:^| )(?:${names})(?= |$)`);
/** Every secret name holds one of these: most names are told apart by them alone. */
const part = new RegExp(`pass|pwd|secret|credential|token|dsn|jwt|bearer|connection|(?:${kinds})\\W*key`);
const aboutTokens =
  'limits?|counts?|budget|size|window|rate|usage|ttl|per|length|type|expiry|lifetime|ur[il]|endpoint';
const aboutName = new RegExp(
  `(?:^| )token (?:${aboutTokens})(?= |$)|(?:^| )password (?:policy|min|max|length)(?= |$)`,
  'g',
);

/** `dbPassword`, `DB_PASSWORD` and `db.pass-word` as words, so that `tokenizer` is not mistaken for `token`. */
export function words(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .toLowerCase();
}

export function isSecretName(name: string, sensitive: Sensitive = []): boolean {
  const joined = name.replace(/[-_]/g, '');
  const says = (spelling: string): boolean => secretName.test(words(spelling).replace(aboutName, ''));
  if (part.test(joined.toLowerCase()) && (says(name) || says(joined))) return true;
  if (sensitive.length === 0) return false;
  const text = words(name);
  return sensitive.some((mark) =>
    mark instanceof RegExp
      ? new RegExp(mark.source, mark.flags.replace(/[gy]/g, '')).test(name)
      : ` ${text} `.includes(` ${words(mark)} `),
  );
}

// every repetition is bounded or cannot begin in two places: a megabyte of anything takes milliseconds
const pem = /-----BEGIN [A-Z0-9 ]{1,64}-----/;
const jwt = /(?<![\w-])eyJ[\w-]{8,}\.[\w-]*\.[\w-]+/;
const header =
  /(?:^|[\s:="'])(?:[Bb]earer|BEARER|[Bb]asic|BASIC)(?:\s|%20){1,8}(?=[\w.~+/-]*(?:\d|=|[a-z][A-Z]))[\w.~+/-]{8,}/;
/** A password that holds blanks, in a value that is nothing but a URL. */
const blanks = /^[a-z][a-z0-9+.-]{0,31}:\/\/[^\s/?#@:]{0,256}:(?!\d{1,5}(?:[/?#\s]|$))[^@]*@/i;
const signed = /[?&](?:sig|signature|x-(?:amz|goog)-signature)=[^&\s]/i;
const hint = /pass|pwd|secret|token|credential|key|dsn|jwt|bearer|basic|connection/i;
const pair =
  /(?:^|[\s;&?,{("'-])([A-Za-z][\w.-]{0,63}(?: [A-Za-z]{1,30})?)\\?["']?\s{0,8}[=:]\s{0,8}[^\s,;&}]/g;
const argument = /(?:^|\s)--?([A-Za-z][\w.-]{0,63})\s{1,8}[^\s-]/g;

/** Whether a value gives itself away: a PEM block, a JWT, `Bearer …`, a URL with userinfo, `Password=…` or `"token": …` inside a text. */
export function looksSecret(value: ConfigValue): boolean {
  if (Array.isArray(value)) return value.some(looksSecret);
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).some(([name, inner]) => isSecretName(name) || looksSecret(inner));
  if (typeof value !== 'string' || value.length < 3) return false;
  if (pem.test(value) || jwt.test(value) || signed.test(value)) return true;
  if (
    value.includes('@') &&
    (/@(?:tcp|unix)\(/.test(value) || userinfos(value).length > 0 || blanks.test(value))
  )
    return true;
  return hint.test(value) && (header.test(value) || namesSecret(value, pair) || namesSecret(value, argument));
}

function namesSecret(text: string, pattern: RegExp): boolean {
  for (const match of text.matchAll(pattern)) if (isSecretName(match[1] as string)) return true;
  return false;
}

interface Userinfo {
  readonly from: number;
  /** Where the password begins, without its colon; the whole may be a token, and there is none then. */
  readonly password: number | undefined;
  readonly at: number;
}

const closing: Readonly<Record<string, string>> = { '"': '"', "'": "'", '`': '`', '<': '>', '(': ')' };

/** What stands between `://` and `@`. A password may hold signs that it should not: then everything up to the last `@` is one. */
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

/** Where the scheme before `://` begins. */
function schemeOf(word: string, end: number): number {
  let start = end;
  while (start > 0 && end - start < 32 && /[a-z0-9+.-]/i.test(word.charAt(start - 1))) start--;
  return start;
}

/** Where the userinfo that begins at `from` ends, and its password begins. */
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

/** Masks what stands between `://` and `@` after the user's name, in any text. */
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

/** A value as a person may see it: masked if secret, else shortened. */
export function show(value: ConfigValue | undefined, secret: boolean, limit = 80): string {
  if (value === undefined) return 'nothing';
  if (secret || looksSecret(value)) return MASK;
  const text =
    typeof value === 'number' || typeof value === 'bigint'
      ? `${value}`
      : maskUrls(JSON.stringify(value, plain));
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}

/** Numbers that JSON does not have, in words. */
const plain = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)) ? `${value}` : value;

/** Which leaves of a local source are secret: by their names, yours among them, or by the shape of their values.
 *  `secret: isSecret(key, value)` with `const isSecret = taint(sensitive)`. */
export function taint(sensitive: Sensitive = []): (key: Key, value: ConfigValue) => boolean {
  const known = new Map<Key, boolean>();
  return (key, value) => {
    let named = known.get(key);
    if (named === undefined) known.set(key, (named = isSecretName(key, sensitive)));
    return named || looksSecret(value);
  };
}

/** Something from outside that may stand in a message: short, on one line, without control characters. */
export function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : `(${typeof value})`;
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 63)}…` : text).replace(/\p{Cc}|\p{Cf}/gu, '?');
}
