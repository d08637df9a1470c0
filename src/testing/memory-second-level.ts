// A second level in memory, for tests and as the smallest complete one. Shelters of one process share it.
// Keeps everything that it was given, and its levers make it fail as a server would.

import { type Clock, systemClock } from '../shelter/clock.ts';
import type {
  AskedName,
  AskOptions,
  HeldContent,
  Invalidated,
  KeptContent,
  NotHeld,
  SecondLevel,
  SharedName,
  TicketedName,
} from '../shelter/second-level.ts';

/** How a MemorySecondLevel fails: it never answers, rejects, throws, or returns something else. */
export type SecondLevelFault = 'hang' | 'reject' | 'throw' | 'garbage';

/** The options of a MemorySecondLevel. */
export interface MemorySecondLevelOptions {
  /** The source of time. Pass that of the shelters. @default the system's clock */
  readonly clock?: Pick<Clock, 'now'>;
}

/** What is known of a name in one view. */
interface Held {
  content?: Uint8Array;
  /** The greatest ticket of a content that was kept. */
  ticket: number;
  endsAt: number;
  revision?: string;
  lock?: { readonly ticket: number; readonly endsAt: number };
  /** Readers with this ticket or an older one have waited for a reader that failed. */
  failed: number;
}

/** A name in all its views. */
interface Book {
  readonly views: Map<string, Held>;
  /** Contents with this ticket or an older one are refused. */
  floor: number;
}

/** A second level in memory. Shelters that are given the same one share what they read.
 *  @example
 *  const second = new MemorySecondLevel();
 *  const a = new VaultProvider({ path: 'acme/', second });
 *  const b = new VaultProvider({ path: 'acme/', second });
 *  await a.get('llm.apiKey'); // asks Vault
 *  await b.get('llm.apiKey'); // does not
 *  @see describeSecondLevel checks implementations. */
export class MemorySecondLevel implements SecondLevel {
  /** Applies to every operation until it is reset. */
  fault: SecondLevelFault | undefined;
  /** Messages are lost while this is true. */
  losesMessages = false;
  readonly #now: () => number;
  readonly #books = new Map<string, Book>();
  readonly #watchers = new Set<(names: readonly Invalidated[] | undefined) => void>();
  #last = 0;
  #forgotten = 0;

  constructor({ clock = systemClock }: MemorySecondLevelOptions = {}) {
    this.#now = () => clock.now();
  }

  ask(
    names: readonly AskedName[],
    { maxAgeMs, lockMs }: AskOptions,
  ): Promise<readonly (HeldContent | NotHeld)[]> {
    return this.#run(() => names.map((name) => this.#ask(name, maxAgeMs, lockMs)));
  }

  keep(contents: readonly KeptContent[]): Promise<readonly boolean[]> {
    return this.#run(() => contents.map((content) => this.#keep(content)));
  }

  failed(names: readonly TicketedName[]): Promise<void> {
    return this.#run(() => {
      for (const name of names) {
        const held = this.#held(name);
        if (held.lock?.ticket !== name.ticket) continue;
        delete held.lock;
        held.failed = this.#last;
      }
    });
  }

  invalidate(names: readonly Omit<SharedName, 'view'>[]): Promise<void> {
    return this.#run(() => {
      const messages = names.map(({ store, kind, name }) => {
        const book = this.#book({ store, kind, name });
        book.floor = this.#next();
        for (const held of book.views.values()) {
          delete held.content;
          delete held.revision;
          delete held.lock;
        }
        return { store, kind, name, ticket: book.floor };
      });
      this.#notify(messages);
    });
  }

  watch(onInvalidated: (names: readonly Invalidated[] | undefined) => void): () => void {
    const watcher = (names: readonly Invalidated[] | undefined): void => onInvalidated(names);
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** The number of contents. */
  get size(): number {
    const now = this.#now();
    const held = [...this.#books.values()].flatMap(({ views }) => [...views.values()]);
    return held.filter(({ content, endsAt }) => content && now < endsAt).length;
  }

  /** Forgets everything, as a server that restarts empty. Contents that were asked for before are refused. */
  clear(): void {
    this.#books.clear();
    this.#forgotten = this.#next();
  }

  /** Tells watchers that messages may have been lost. */
  reconnect(): void {
    this.#notify(undefined);
  }

  #ask(asked: AskedName, maxAgeMs: number, lockMs: number): HeldContent | NotHeld {
    const held = this.#held(asked);
    const now = this.#now();
    const { content, ticket: of } = held;
    const isWanted = now - of / 1_000 <= maxAgeMs && maxAgeMs > 0 && of > (asked.seen ?? 0);
    if (content && now < held.endsAt && isWanted) return { content, ticket: of };
    const ticket = this.#next();
    if (lockMs === 0) return { ticket, mine: false, waitMs: 0 };
    const { lock } = held;
    const waitMs = lock && now < lock.endsAt ? lock.endsAt - now : 0;
    if (waitMs > 0)
      return { ticket, mine: false, waitMs: (asked.waiting ?? ticket) <= held.failed ? 0 : waitMs };
    held.lock = { ticket, endsAt: now + lockMs };
    return { ticket, mine: true, waitMs: 0 };
  }

  #keep({ ticket, content, lifeMs, revision, ...name }: KeptContent): boolean {
    const book = this.#book(name);
    const held = this.#held(name);
    if (held.lock?.ticket === ticket) delete held.lock;
    if (ticket <= Math.max(book.floor, this.#forgotten) || ticket < held.ticket || ticket > this.#last)
      return false;
    const { store, kind, name: of } = name;
    const differs = held.revision !== undefined && held.revision !== revision;
    Object.assign(held, { content, ticket, revision, endsAt: this.#now() + lifeMs });
    if (differs) this.#notify([{ store, kind, name: of, ticket }]);
    return true;
  }

  /** The time in microseconds, or more. */
  #next(): number {
    this.#last = Math.max(this.#last + 1, Math.floor(this.#now() * 1_000));
    return this.#last;
  }

  #book({ store, kind, name }: Omit<SharedName, 'view'>): Book {
    const key = JSON.stringify([store, kind, name]);
    const book = this.#books.get(key) ?? { views: new Map(), floor: 0 };
    this.#books.set(key, book);
    return book;
  }

  #held(name: SharedName): Held {
    const { views } = this.#book(name);
    const held = views.get(name.view) ?? { ticket: 0, endsAt: 0, failed: 0 };
    views.set(name.view, held);
    return held;
  }

  #notify(names: readonly Invalidated[] | undefined): void {
    if (this.losesMessages || this.fault) return;
    for (const watcher of [...this.#watchers])
      queueMicrotask(() => {
        if (this.#watchers.has(watcher)) watcher(names);
      });
  }

  #run<T>(work: () => T): Promise<T> {
    if (this.fault === 'throw') throw new Error('the second level failed');
    if (this.fault === 'reject') return Promise.reject(new Error('the second level failed'));
    if (this.fault === 'hang') return new Promise(() => {});
    if (this.fault === 'garbage') return Promise.resolve('garbage' as T);
    return new Promise((resolve) => resolve(work()));
  }
}
