// What reading keys needs from others: permissions of a store, and files that hold keys. Providers report it
// with `needs`, and decorators translate it; `llm-config doctor` makes policies of it.

import { startsWith } from './key.ts';
import type { Key } from './value.ts';

/** One permission, or one file. */
export interface Need {
  readonly kind: 'vault' | 'aws' | 'gcp' | 'azure' | 'key-file';
  /** The server, the region, the project or the vault. */
  readonly at?: string;
  /** In the words of the store: `read`, `ssm:GetParameters`, `roles/secretmanager.secretAccessor`. */
  readonly action: string;
  /** What the action is for, in the spelling of a policy. */
  readonly resource: string;
}

/** The keys that a caller is going to read: `Wanted` of provider.ts. */
interface Reading {
  readonly keys: readonly Key[];
  readonly prefixes: readonly Key[];
}

/** Reports what a reader of these keys must be allowed to do. */
export type ReportNeeds = (wanted: Reading) => Promise<readonly Need[]>;

/** What several providers need. */
export async function needsOf(
  readers: readonly { readonly needs?: ReportNeeds | undefined }[],
  wanted: Reading,
): Promise<Need[]> {
  return (await Promise.all(readers.map((reader) => reader.needs?.(wanted) ?? []))).flat();
}

/** Whether a reader of the keys reads something at, above or below `key`. */
export const isWanted = (key: Key, { keys, prefixes }: Reading): boolean =>
  [...keys, ...prefixes].some((one) => startsWith(one, key) || startsWith(key, one));
