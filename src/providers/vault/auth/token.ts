import path from 'node:path';
import { checkOptions } from '../../../internal/options.ts';
import { foldersOf, watch } from '../../../local/watch.ts';
import type { VaultAuth } from '../tokens.ts';
import { aCredential, type Credential, fromFile, textOf } from './credential.ts';

/** A token made elsewhere. It is renewed while it may be, and never revoked. */
export function token(value: Credential): VaultAuth {
  checkOptions('vault: token', { token: value }, { token: aCredential });
  return () => textOf('token', value);
}

/** A token that somebody else (an agent, a login) keeps in a file. A new one there is taken at once. */
export function tokenFile(file: string): VaultAuth {
  checkOptions('vault: tokenFile', { path: file }, { path: aCredential });
  const where = path.resolve(file);
  const read = fromFile(where);
  let last: string | undefined;
  return Object.assign(
    async () => {
      last = await read();
      return last;
    },
    {
      watch: (changed: () => void): (() => void) => {
        const look = async (): Promise<void> => {
          const now = await read().catch(() => last); // gone or half-written: the one at hand is used on
          if (now !== last) changed();
        };
        const watching = watch({ folders: () => [...foldersOf(where)], look });
        return () => watching[Symbol.dispose]();
      },
    },
  );
}
