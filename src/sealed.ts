// How sealed text is recognised, and the option by which a caller asks for it. A chain passes on no sealed
// text, except to `unsealed`. Hot: each look-up of a chain tests its value.

import type { ConfigValue } from './value.ts';

/** The prefix of a sealed value, in front of a compact JWE. */
export const marker = 'sealed:';
/** How a sealed value begins even if it is damaged further on. */
const start = `${marker}eyJ`;

/** The option of a read whose caller opens sealed values itself. Shared by all copies of this library. */
export const sealedText: unique symbol = Symbol.for('llm-config-manager.sealed') as never;

/** Whether a value has the marker. Code that opens values refuses all of these. */
export const isSealed = (value: unknown): value is string =>
  typeof value === 'string' && value.startsWith(marker);

/** Frozen lists and sections without sealed text. */
const clear = new WeakSet<object>();

/** Whether a value is sealed text, or holds some. */
export function holdsSealed(value: ConfigValue): boolean {
  if (typeof value === 'string') return value.startsWith(start);
  if (typeof value !== 'object' || value === null || clear.has(value)) return false;
  for (const inner of Object.values(value)) if (holdsSealed(inner)) return true;
  if (Object.isFrozen(value)) clear.add(value);
  return false;
}
