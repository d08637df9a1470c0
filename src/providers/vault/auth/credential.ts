import { readFile } from 'node:fs/promises';
import { ConfigError } from '../../../errors.ts';
import type { Check } from '../../../internal/options.ts';

/** A credential, or how to come by it: a function is asked at each log-in. */
export type Credential = string | (() => string | Promise<string>);

export const aCredential: Check = (value) =>
  (typeof value === 'string' && value !== '') || typeof value === 'function'
    ? undefined
    : 'a non-empty string or a function that answers one';

/** The text of a file, read again at each log-in, without the line ends around it: `jwt({ role, jwt: fromFile('/run/token') })`. */
export function fromFile(path: string): () => Promise<string> {
  return async () => {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new ConfigError('unauthenticated', `vault: the file ${path} cannot be read (${error.code})`, {
        provider: 'vault',
        hint: 'The log-in needs it',
      });
    });
    if (text.trim() === '')
      throw new ConfigError('unauthenticated', `vault: the file ${path} is empty`, {
        provider: 'vault',
        hint: 'The log-in needs it',
      });
    return text.trim();
  };
}

/** Its text, as it is now. */
export async function textOf(what: string, credential: Credential): Promise<string> {
  const text = typeof credential === 'string' ? credential : await credential();
  if (typeof text === 'string' && text !== '') return text;
  throw new ConfigError('unauthenticated', `vault: the function for ${what} answered no text`, {
    provider: 'vault',
  });
}
