// The file of `prompts lock`: the hash of each version of each prompt, as a part of the configuration, so
// that a chain reads it like any other file.

import { readFile } from 'node:fs/promises';
import { ConfigError } from '../../errors.ts';
import { contentHash } from '../../extensions/llm/prompts/content-hash.ts';
import type { PromptData } from '../../extensions/llm/prompts/prompt-data.ts';
import { segments } from '../../key.ts';
import { ioError } from '../../local/file.ts';
import { inside, isPlain, type Key } from '../../value.ts';

/** A version, and what the lock has of it. */
export interface LockedVersion {
  readonly prompt: string;
  readonly version: string;
  readonly state: 'new' | 'locked' | 'changed';
}

type Hashes = Readonly<Record<string, Readonly<Record<string, { readonly hash: string }>>>>;

/** The hashes of a file; none if it does not exist. */
export async function readLock(file: string, shownAs: string, at: Key): Promise<Hashes> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw ioError(error, `the file ${shownAs}`, 'llm-config');
  });
  let tree: unknown;
  try {
    tree = JSON.parse(text);
  } catch {
    throw new ConfigError('parse', `the file ${shownAs} is not JSON`, { hint: 'Restore it, or remove it' });
  }
  const found = [...segments(at), 'prompts'].reduce<unknown>(inside, tree);
  return (isPlain(found) ? found : {}) as Hashes;
}

/** Compares texts with the lock. */
export function lockedVersions(
  prompts: Readonly<Record<string, Readonly<Record<string, PromptData>>>>,
  lock: Hashes,
): readonly LockedVersion[] {
  return Object.entries(prompts).flatMap(([prompt, versions]) =>
    Object.entries(versions).flatMap(([version, { text }]) => {
      if (text === undefined) return [];
      const hash = hashIn(lock, prompt, version);
      const state = hash === undefined ? 'new' : hash === contentHash(text) ? 'locked' : 'changed';
      return [{ prompt, version, state } as const];
    }),
  );
}

const hashIn = (lock: Hashes, prompt: string, version: string): unknown =>
  [prompt, version, 'hash'].reduce<unknown>(inside, lock);

/** The text of the file. Keeps the hashes of versions that have no text any more: one that comes back must be
 *  the same. */
export function lockText(
  prompts: Readonly<Record<string, Readonly<Record<string, PromptData>>>>,
  lock: Hashes,
  at: Key,
): string {
  const names = [...new Set([...Object.keys(lock), ...Object.keys(prompts)])].sort();
  const hashes = names.map((name) => {
    const texts = Object.entries(prompts[name] ?? {}).flatMap(([version, { text }]) =>
      text === undefined ? [] : [[version, { hash: contentHash(text) }] as const],
    );
    return [name, { ...lock[name], ...Object.fromEntries(texts) }] as const;
  });
  const whole = [...segments(at), 'prompts'].reduceRight<object>(
    (inner, name) => ({ [name]: inner }),
    Object.fromEntries(hashes),
  );
  return `${JSON.stringify(whole, null, 2)}\n`;
}
