// `reveal`: reads what printing masks, in secrets, entries, configurations, and the copies of masking.ts. Its
// result may be changed, and its type says so.

import { type Entry, Secret } from './entry.ts';
import type { ConfigValue, End, IsInstance } from './value.ts';

/** The method that `reveal` calls. */
export const revealed: unique symbol = Symbol('llm-config-manager.revealed');

/** An object that prints masked and that `reveal` can read: a Config, for example. */
export interface Revealable<T> {
  [revealed](): T;
}

/** What may be printed of a masked copy. */
export interface Printable {
  /** The part that may be printed. Computed when the copy is printed. */
  readonly visible: () => unknown;
  /** Whether a name is masked. */
  readonly hidesName: HidesName | undefined;
}

export type HidesName = (name: string) => boolean;

/** By masked copy. */
export const printable = new WeakMap<object, Printable>();

/** A type without `readonly`, also inside its lists and objects. Instances of classes stay as they are. */
export type Mutable<T> = ConfigValue extends T
  ? T
  : T extends readonly unknown[]
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T extends End
      ? T
      : IsInstance<T> extends true
        ? T
        : { -readonly [K in keyof T]: Mutable<T[K]> };

/** Reads a value that printing masks: the value of a Secret or an Entry, or a plain copy of a Config or of
 *  a section. JSON of the copy has the secrets, and the copy is neither frozen nor `readonly`. Pass it to
 *  everything that sends its options, changes them, or has a type without `readonly`.
 *  @example
 *  console.log(config.value.llm); // => { model: 'small', apiKey: '[redacted]' }
 *  console.log(reveal(config.value.llm)); // => { model: 'small', apiKey: 'sk-123' }
 *  // without reveal, the server gets the text [redacted] as the client secret
 *  await fetch(url, { method: 'POST', body: JSON.stringify({ oauth: reveal(config.value.oauth) }) });
 *  // without reveal: TypeError: Cannot add property cb, object is not extensible
 *  await app.listen(reveal(config.value.server));
 *  // without reveal: readonly string[] is not assignable to string[]
 *  new Kafka(reveal(config.value.kafka));
 *  @see secret marks a value. */
export function reveal<T extends ConfigValue>(secret: Secret<T>): T;
export function reveal<T>(config: Revealable<T>): T;
export function reveal(entry: Entry): ConfigValue;
export function reveal<T>(value: T): Mutable<T>;
export function reveal(value: unknown): unknown {
  if (value instanceof Secret) return Secret.reveal(value);
  if (typeof value !== 'object' || value === null) return value;
  if (revealed in value) return (value as Revealable<unknown>)[revealed]();
  if (printable.has(value)) return plain(value, new Map());
  return 'key' in value && 'origin' in value && 'value' in value ? value.value : value;
}

function plain(value: unknown, copies: Map<object, object>): unknown {
  if (typeof value !== 'object' || value === null || !printable.has(value)) return value;
  const known = copies.get(value);
  if (known) return known;
  const made: object = Array.isArray(value) ? [] : {};
  copies.set(value, made);
  for (const [name, inner] of Object.entries(value)) {
    Object.defineProperty(made, name, {
      value: plain(inner, copies),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return made;
}
