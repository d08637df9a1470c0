import type { Issue } from '../schema/texts.ts';

const longest = 200;
/** So many characters of a secret in a row are the secret showing through. */
const tell = 4;

/** A schema library's own words, with the values taken out of them; undefined when they cannot be trusted. A message about a secret
 *  that quotes nothing of it is kept: it says what to do. */
export function withoutValues(
  issue: Issue,
  secrets: readonly unknown[],
  secret: boolean,
): string | undefined {
  const message = issue.message
    .replace(/\s*\(was [^\n]*\)/g, '')
    .replace(/\s*[,:]?\s*(?:but )?received\b[\s\S]*$/i, '')
    .trim();
  const path = issue.path.map(String).join('.');
  // arktype's words begin with the path
  const words = path && message.startsWith(`${path} must `) ? message.slice(path.length + 1) : message;
  if (words === '' || (secret && message !== issue.message.trim() && /["'`]/.test(words))) return undefined;
  if (secrets.some((one) => showsThrough(words, one))) return undefined;
  return words.length > longest ? `${words.slice(0, longest - 1)}…` : words;
}

/** Whether a text quotes a secret, wholly or in part, as it is or in a common encoding. */
export function showsThrough(text: string, secret: unknown): boolean {
  if (typeof secret === 'object' && secret !== null)
    return Object.values(secret).some((inner) => showsThrough(text, inner));
  if (secret === undefined || secret === null || typeof secret === 'boolean' || secret === '') return false;
  const plain = String(secret);
  const seen = text.toLowerCase();
  const forms = [
    plain,
    encodeURIComponent(Buffer.from(plain).toString()),
    JSON.stringify(plain).slice(1, -1),
    ...encoded(plain),
    [...plain].reverse().join(''),
  ];
  return forms.some((form) => quotes(seen, form.toLowerCase()));
}

const encoded = (plain: string): string[] =>
  (['base64', 'base64url', 'hex'] as const).map((encoding) => Buffer.from(plain).toString(encoding));

function quotes(text: string, form: string): boolean {
  if (form.length <= tell) return text.includes(form);
  for (let at = 0; at + tell <= form.length; at++) if (text.includes(form.slice(at, at + tell))) return true;
  return false;
}
