import type { ErrorCode } from '../../errors.ts';
import { type Key, keyFrom } from '../../key.ts';

export type Notice = (message: string, outcome?: ErrorCode) => void;

/** The key that a name below `root` spells, if it spells one. */
export function keyBelow(root: string, name: string): Key | undefined {
  const names = name.slice(root.length).split('/');
  if (!name.startsWith(root) || names.includes('')) return undefined;
  try {
    return keyFrom(names);
  } catch {
    return undefined;
  }
}
