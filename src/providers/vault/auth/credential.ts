// The credentials of log-ins: a text, a function, or a file. Used by the auth methods of this folder.
// What can be watched is watched while log-ins are refused, so that a new credential is used at once.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError } from '../../../errors.ts';
import type { Check } from '../../../internal/options.ts';
import { foldersOf, watch, watchFiles } from '../../../local/watch.ts';

/** Calls `changed` when there is another credential. Returns a function that stops watching. */
export type WatchCredential = (changed: () => void) => () => void;

/** Returns a credential. Called at each log-in. */
export interface CredentialFunction {
  (): string | Promise<string>;
  /** Watched while log-ins are refused. Without it, a new credential is used when the pause after a refused
   *  log-in is over. @default none */
  readonly watch?: WatchCredential;
}

/** A credential, or a function that returns one. */
export type Credential = string | CredentialFunction;

export const aCredential: Check = (value) =>
  (typeof value === 'string' && value !== '') || typeof value === 'function'
    ? undefined
    : 'a non-empty string or a function that returns one';

/** A credential in a file. */
export interface CredentialFile extends CredentialFunction {
  (): Promise<string>;
  readonly watch: WatchCredential;
}

/** Reads a credential from a file at each log-in and trims it. After a refused log-in, a new credential
 *  in the file is used at once.
 *  @example
 *  const auth = jwt({ role: 'inference', jwt: fromFile('/run/secrets/token') });
 */
export function fromFile(file: string): CredentialFile {
  const absolute = path.resolve(file);
  let last: string | undefined;
  const read = async (): Promise<string> => {
    const text = await readFile(absolute, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new ConfigError('unauthenticated', `vault: the file ${file} cannot be read (${error.code})`, {
        provider: 'vault',
        hint: 'Create the file, or change the option auth',
      });
    });
    if (text.trim() === '')
      throw new ConfigError('unauthenticated', `vault: the file ${file} is empty`, {
        provider: 'vault',
        hint: 'Write the credential into the file',
      });
    return text.trim();
  };
  const watchFile: WatchCredential = (changed) => {
    let known = last;
    const recheck = async (): Promise<void> => {
      const current = await read().catch(() => known); // missing or half-written: keep the last one
      if (current === known) return;
      known = current;
      changed();
    };
    const watching = watch({ folders: () => foldersOf(absolute), recheck });
    return () => watching[Symbol.dispose]();
  };
  return Object.assign(
    async () => {
      last = undefined;
      return (last = await read());
    },
    { watch: watchFile },
  );
}

/** Watches files that a log-in reads by itself. */
export const watchesOf =
  (files: readonly string[]): WatchCredential =>
  (changed) => {
    const watching = watchFiles(
      files.map((file) => path.resolve(file)),
      changed,
    );
    return () => watching[Symbol.dispose]();
  };

/** What an auth method watches: its credentials, as far as they can be watched. */
export function watchOf(
  ...credentials: readonly (string | { readonly watch?: WatchCredential } | false | undefined)[]
): { readonly watchCredential?: WatchCredential } {
  const watches = credentials.flatMap((one) =>
    typeof one !== 'string' && one && one.watch ? [one.watch] : [],
  );
  if (watches.length === 0) return {};
  return {
    watchCredential: (changed) => {
      const stops = watches.map((start) => start(changed));
      return () => {
        for (const stop of stops) stop();
      };
    },
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
