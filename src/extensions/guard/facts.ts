// What a policy may know of a value besides the value. Made by reads.ts, cut.ts and names.ts. A class, so
// that an entry, which has its value, cannot be passed to a policy.

import type { Entry, Loose } from '../../entry.ts';
import { keyFrom } from '../../key.ts';
import type { Origin } from '../../origin.ts';
import type { AskedEntry } from './policy.ts';

/** The facts of an entry, or of one leaf of its tree. Computed on demand: few policies look. */
export class EntryFacts implements AskedEntry {
  readonly #entry: Entry;
  readonly #path: readonly string[] | undefined;
  readonly #loose: Loose | undefined;

  constructor(entry: Entry, path?: readonly string[], loose = entry.loose) {
    this.#entry = entry;
    this.#path = path;
    this.#loose = loose;
  }

  get #facts(): Pick<Entry, 'secret' | 'origin'> {
    return (this.#path && this.#entry.leaf?.(keyFrom(this.#path))) ?? this.#entry;
  }

  get secret(): boolean {
    return this.#entry.secret || (this.#path !== undefined && this.#facts.secret);
  }

  get origin(): Origin {
    return this.#facts.origin;
  }

  get version(): string {
    return this.#entry.version as string;
  }

  get metadata(): NonNullable<Entry['metadata']> {
    return this.#entry.metadata as NonNullable<Entry['metadata']>;
  }

  get loose(): Loose {
    return this.#loose as Loose;
  }

  /** For a policy that sends or logs what it is asked. */
  toJSON(): object {
    const { secret, origin, version, metadata, loose } = this;
    return { secret, origin: String(origin), version, metadata, loose };
  }
}
