// Decides whether a schema library's message may be printed. Used by problems.ts. Such a message may quote
// the value that the schema rejects, or what a transform made of it. `quotesOf` is also for other words that
// may quote one value.

import type { Issue } from '../schema/dialects/dialect.ts';
import type { ConfigValue } from '../value.ts';
import { lettersOf, SecretRuns } from './secret-runs.ts';

const maxLength = 200;
/** This many letters or digits of the rejected secret in a row count as a quote. */
const minQuote = 4;

/** The schema library's message, if it is safe to print. A message about a secret value is kept unless it
 *  quotes the value: it may say what to do. */
export function safeMessage(
  { message, quoted }: Issue,
  secret: boolean,
  holdsSecret: (message: string) => boolean,
): string | undefined {
  // if one quote was cut out of a message about a secret, another one may be left
  if (message === '' || (secret && quoted && /["'`]/.test(message))) return undefined;
  if (holdsSecret(message)) return undefined;
  return message.length > maxLength ? `${message.slice(0, maxLength - 1)}…` : message;
}

/** Whether a message quotes the secret that it is about, or four letters of it. Stricter than for other
 *  secrets, because such messages often do. */
export function quotesOf(secret: ConfigValue): (message: string) => boolean {
  const short = shortTexts(secret);
  let runs: SecretRuns | undefined;
  return (message) => {
    runs ??= new SecretRuns([secret], { run: minQuote, urls: 'whole', maxCharacters: 10_000 });
    const text = message.toLowerCase();
    return runs.holds(message) || short.some((one) => text.includes(one));
  };
}

/** The texts of a secret that have too few letters for a run, as they are written. */
function shortTexts(secret: unknown): string[] {
  if (typeof secret === 'object' && secret !== null) return Object.values(secret).flatMap(shortTexts);
  if (secret === null || typeof secret === 'boolean' || secret === '') return [];
  const text = String(secret).toLowerCase();
  return lettersOf(text).length < minQuote ? [text] : [];
}
