// Decides whether a schema library's message may be printed. Used by problems.ts. Such a message may quote
// the value that the schema rejects, or what a transform made of it.

import type { Issue } from '../schema/dialects/dialect.ts';

const maxLength = 200;
/** This many characters of a secret in a row count as a quote. */
const minQuote = 4;

/** The schema library's message, if it is safe to print. A message about a secret value is kept unless it
 *  quotes the value: it may say what to do. */
export function safeMessage(
  { message, quoted }: Issue,
  secrets: readonly unknown[],
  secret: boolean,
): string | undefined {
  // if one quote was cut out of a message about a secret, another one may be left
  if (message === '' || (secret && quoted && /["'`]/.test(message))) return undefined;
  if (secrets.some((one) => showsThrough(message, one))) return undefined;
  return message.length > maxLength ? `${message.slice(0, maxLength - 1)}…` : message;
}

/** Whether a text quotes a secret or a part of it: plain, in other case, reversed or in a common encoding. */
export function showsThrough(text: string, secret: unknown): boolean {
  if (typeof secret === 'object' && secret !== null)
    return Object.values(secret).some((inner) => showsThrough(text, inner));
  if (secret === undefined || secret === null || typeof secret === 'boolean' || secret === '') return false;
  const plain = String(secret);
  const lowerText = text.toLowerCase();
  const forms = [
    plain,
    encodeURIComponent(Buffer.from(plain).toString()),
    JSON.stringify(plain).slice(1, -1),
    ...encoded(plain),
    [...plain].reverse().join(''),
  ];
  return forms.some((form) => quotes(lowerText, form.toLowerCase()));
}

const encoded = (plain: string): string[] =>
  (['base64', 'base64url', 'hex'] as const).map((encoding) => Buffer.from(plain).toString(encoding));

function quotes(text: string, form: string): boolean {
  if (form.length <= minQuote) return text.includes(form);
  for (let at = 0; at + minQuote <= form.length; at++)
    if (text.includes(form.slice(at, at + minQuote))) return true;
  return false;
}
