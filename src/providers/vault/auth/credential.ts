import { readFile } from 'node:fs/promises';
import { ConfigError } from '../../../errors.ts';
import type { Check } from '../../../internal/options.ts';

/** A credential, or a function that returns one. The function is called at each log-in. */
export type Credential = string | (() => string | Promise<string>);

export const aCredential: Check = (value) =>
  (typeof value === 'string' && value !== '') || typeof value === 'function'
    ? undefined
    : 'a non-empty string or a function that returns one';

/** Reads a credential from a file at each log-in and trims it.
 *  @example
 *  const auth = jwt({ role: 'inference', jwt: fromFile('/run/secrets/token') });
 */
export function fromFile(path: string): () => Promise<string> {
  return async () => {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new ConfigError('unauthenticated', `vault: the file ${path} cannot be read (${error.code})`, {
        provider: 'vault',
        hint: 'Create the file, or change the option auth',
      });
    });
    if (text.trim() === '')
      throw new ConfigError('unauthenticated', `vault: the file ${path} is empty`, {
        provider: 'vault',
        hint: 'Write the credential into the file',
      });
    return text.trim();
  };
}

/** Returns the current text of a credential. `option` names the credential in errors. */
export async function textOf(option: string, credential: Credential): Promise<string> {
  const text = typeof credential === 'string' ? credential : await credential();
  if (typeof text === 'string' && text !== '') return text;
  throw new ConfigError('unauthenticated', `vault: the function for ${option} returned no text`, {
    provider: 'vault',
    hint: 'Return a non-empty string',
  });
}
