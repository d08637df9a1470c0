// The names of what is shared, as Redis sees them: hashes. Used by level.ts. Remembers the names that this
// process has asked for, because a message has only a hash.

import { createHash } from 'node:crypto';
import type { SharedName } from '../../shelter/second-level.ts';

/** A name, and what Redis knows of it. */
export interface HashedName {
  readonly name: Omit<SharedName, 'view'>;
  /** The key of its document in Redis, the same in all views. */
  readonly key: string;
  /** Its view in the fields of that key. */
  readonly view: string;
  /** Its document in messages. The same in every domain and format, so that all invalidate each other. */
  readonly id: string;
  /** What its content is bound to. */
  readonly binding: string;
}

/** The format of keys and contents. */
export const format = 1;
const maxNames = 50_000;

export const hash = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);

export class Names {
  readonly #prefix: string;
  readonly #domain: string;
  readonly #onForgotten: () => void;
  readonly #known = new Map<string, HashedName>();
  readonly #byId = new Map<string, HashedName['name']>();

  /** `onForgotten`: messages about known names cannot be read any more. */
  constructor(prefix: string, domain: string, onForgotten: () => void) {
    this.#prefix = prefix;
    this.#domain = domain;
    this.#onForgotten = onForgotten;
  }

  of({ store, kind, name, view }: SharedName): HashedName {
    // the lengths say where one text ends and the next begins
    const asked = `${store.length} ${view.length} ${kind} ${store}${view}${name}`;
    const known = this.#known.get(asked);
    if (known) return known;
    if (this.#known.size >= maxNames) {
      this.#known.clear();
      this.#byId.clear();
      this.#onForgotten();
    }
    const hashed: HashedName = {
      name: { store, kind, name },
      key: this.key(hash(this.#domain, store, kind, name)),
      view: hash(view).slice(0, 8),
      id: hash(store, kind, name),
      binding: JSON.stringify([format, this.#domain, store, view, kind, name]),
    };
    this.#known.set(asked, hashed);
    this.#byId.set(hashed.id, hashed.name);
    return hashed;
  }

  /** A key of this format. */
  key(id: string): string {
    return `${this.#prefix}:${format}:${id}`;
  }

  /** The name that a message is about, if this process has asked for it. */
  byId(id: string): HashedName['name'] | undefined {
    return this.#byId.get(id);
  }
}
