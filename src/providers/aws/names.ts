import type { ErrorCode } from '../../errors.ts';
import { type Key, keyFrom } from '../../key.ts';

export type Notice = (message: string, outcome?: ErrorCode) => void;

/** The key that a path of names spells, if it spells one. */
export function keyOfPath(path: string): Key | undefined {
  const names = path.split('/');
  if (names.includes('')) return undefined;
  try {
    return keyFrom(names);
  } catch {
    return undefined;
  }
}
