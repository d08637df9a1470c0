import type { ConfigValue } from './entry.ts';
import type { Key } from './key.ts';

/** What stands in place of a secret: says neither its length nor a part of it. */
export const MASK = '[redacted]';

/** More names that make a value secret: words as in `licenseKey`, or a pattern tried on the whole key. */
export type Sensitive = readonly (string | RegExp)[];

const names = [
  'password', 'passwords', 'passwd', 'pwd', 'passphrase', 'passphrases', 'secret', 'secrets', 'token', 'credential', 'credentials',
  'dsn', 'jwt', 'bearer', 'api key', 'apikey', 'api keys', 'private key', 'privatekey', 'access key', 'accesskey', 'account key',
  'encryption key', 'signing key', 'master key', 'connection string', 'connectionstring',
]; // biome-ignore format: a table
const counts = 'limit|limits|count|counts|budget|size|window|rate|usage|ttl|ttlMs|per|length';
const secretName = new RegExp(`(?:^| )(?:${names.join('|')})(?= |$)`);
const tokenCount = new RegExp(`(?:^| )token (?:${counts})(?= |$)`, 'g');

/** `dbPassword`, `DB_PASSWORD` and `db.pass-word` as words, so that `tokenizer` is not mistaken for `token`. */
export function words(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .toLowerCase();
}

export function isSecretName(name: string, sensitive: Sensitive = []): boolean {
  const text = words(name);
  if (secretName.test(text.replace(tokenCount, ''))) return true;
  return sensitive.some((mark) =>
    mark instanceof RegExp ? new RegExp(mark.source, mark.flags.replace(/[gy]/g, '')).test(name) : ` ${text} `.includes(` ${words(mark)} `),
  );
}

const pem = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----|-----BEGIN PGP PRIVATE|-----BEGIN [A-Z0-9 ]+-----/;
const jwt = /(?:^|[\s"'=])eyJ[\w-]{8,}\.[\w-]*\.[\w-]+/;
const userinfo = /:\/\/(?:[^\s/?#@]+|[^\s/?#:@]*:(?!\d+[/?#])\S+)@/;
const userinfoAll = /([a-z][a-z0-9+.-]*:\/\/)([^\s/?#@:]*)(:[^\s"'<>]*)?@/gi;
const pair = /(?:^|[\s;&?,{"'-])([A-Za-z][\w.-]*(?: [A-Za-z]+)?)["']?\s*[=:]\s*\S/g;

/** Whether a value gives itself away: a PEM block, a JWT, a URL with userinfo, `Password=…` or `"token": …` inside a text. */
export function looksSecret(value: ConfigValue): boolean {
  if (Array.isArray(value)) return value.some(looksSecret);
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).some(([name, inner]) => isSecretName(name) || looksSecret(inner));
  if (typeof value !== 'string' || value.length < 3) return false;
  if (pem.test(value) || jwt.test(value) || (value.includes('@') && userinfo.test(value))) return true;
  if (!value.includes('=') && !value.includes(':')) return false;
  for (const match of value.matchAll(pair)) if (isSecretName(match[1] as string)) return true;
  return false;
}

/** Masks what stands between `://` and `@` after the user's name, in any text. */
export function maskUrls(text: string): string {
  return text.includes('@')
    ? text.replace(userinfoAll, (_, scheme: string, user: string, password?: string) =>
        password === undefined ? `${scheme}${MASK}@` : `${scheme}${user}:${MASK}@`,
      )
    : text;
}

/** A value as a person may see it: masked if secret, else shortened. */
export function show(value: ConfigValue | undefined, secret: boolean, limit = 80): string {
  if (value === undefined) return 'nothing';
  if (secret || looksSecret(value)) return MASK;
  const text = maskUrls(
    typeof value === 'bigint' ? `${value}` : JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}` : inner)),
  );
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}

/** The taint of a local source's leaves, by name and by shape. */
export function taint(sensitive: Sensitive = []): (key: Key, value: ConfigValue) => boolean {
  const known = new Map<Key, boolean>();
  return (key, value) => {
    let named = known.get(key);
    if (named === undefined) known.set(key, (named = isSecretName(key, sensitive)));
    return named || looksSecret(value);
  };
}
