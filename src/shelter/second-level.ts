// The port of the second level: a cache that several processes share, between a shelter's memory and its
// store. Implemented by users and by `MemorySecondLevel`. Called by cache/guarded-level.ts, which copes with
// a level that hangs, throws or returns garbage.

/** Names what is shared. Equal names mean equal contents, in every process. */
export interface SharedName {
  /** The store of the source's identity. */
  readonly store: string;
  /** The view of the source's identity: the same document looks different in another view. */
  readonly view: string;
  /** A listing has names of documents and no values. */
  readonly kind: 'document' | 'listing';
  readonly name: string;
}

/** A name that a reader asks for. */
export interface AskedName extends SharedName {
  /** The ticket of the content that the reader has. Only a content with a later ticket is of use. */
  readonly seen?: number;
  /** The ticket of the reader's first ask, while it waits for the lock of another reader. */
  readonly waiting?: number;
}

/** How a reader asks. */
export interface AskOptions {
  /** Contents whose ticket is older than this are not returned. With 0, none is. */
  readonly maxAgeMs: number;
  /** How long a lock that the reader gets lasts. With 0, the reader wants no lock. */
  readonly lockMs: number;
}

/** A content that the level holds. */
export interface HeldContent {
  readonly content: Uint8Array;
  /** The ticket that the content was kept with. */
  readonly ticket: number;
}

/** The level has no content for the reader. */
export interface NotHeld {
  readonly content?: undefined;
  /** A new ticket: greater than all that were given out for this name before. */
  readonly ticket: number;
  /** Whether the reader got the lock. */
  readonly mine: boolean;
  /** How much longer another reader has the lock. 0: the reader does not wait, because it wants no lock, or
   *  because the one it waited for has failed. */
  readonly waitMs: number;
}

/** A name with the ticket that its reader was given. */
export interface TicketedName extends SharedName {
  readonly ticket: number;
}

/** A content to keep. That of a document that came with a listing has the ticket of the listing. */
export interface KeptContent extends TicketedName {
  /** Opaque, and in clear: a level outside of this process must encrypt it. */
  readonly content: Uint8Array;
  /** How long it is of use. */
  readonly lifeMs: number;
  /** Equal for equal values: a version, or a hash of the value. The level notifies watchers when it differs
   *  from that of the content before, unless that one was invalidated. A value can be guessed from its hash,
   *  so outside of this process store a keyed hash of the revision. */
  readonly revision: string;
}

/** What watchers receive: the value at `name` changed at this ticket, in every view. */
export interface Invalidated {
  readonly store: string;
  readonly kind: SharedName['kind'];
  readonly name: string;
  readonly ticket: number;
}

/** A cache that several processes share. It may fail in any way: a shelter gives it 25 milliseconds for an
 *  operation, and reads from the store without it. All operations take several names and return an answer for
 *  each, in the same order.
 *
 *  Tickets order contents by who asked later, because versions do not sort and clocks differ. They are
 *  positive whole numbers, grow for each name, and survive a restart of the level (take its time in
 *  microseconds).
 *  @example
 *  const second = new MemorySecondLevel();
 *  const provider = new VaultProvider({ path: 'acme/', second });
 *  @see describeSecondLevel checks an implementation. */
export interface SecondLevel {
  /** Returns the content, or else a ticket, with the lock if it is free. A reader with the lock reads the
   *  store, and the others wait for its result. */
  ask(names: readonly AskedName[], options: AskOptions): Promise<readonly (HeldContent | NotHeld)[]>;
  /** Keeps contents and frees the locks of their tickets. Returns whether each is kept. A content is refused
   *  if one with a later ticket was kept, if the name was invalidated after its ticket, and if the level has
   *  not given out the ticket or may have forgotten what happened since. */
  keep(contents: readonly KeptContent[]): Promise<readonly boolean[]>;
  /** Frees the locks of these tickets. Their readers found nothing to keep, so those who wait for them read
   *  the store at once. */
  failed(names: readonly TicketedName[]): Promise<void>;
  /** Removes the contents of these names in every view, refuses all that was asked for before, and notifies
   *  watchers. Called also when the other operations are not, because the level has failed: send it later. */
  invalidate(names: readonly Omit<SharedName, 'view'>[]): Promise<void>;
  /** Reports changes until the result is called, at least those of names that this level was asked for.
   *  `undefined`: messages may have been lost. Must not keep the process alive. */
  watch(onInvalidated: (names: readonly Invalidated[] | undefined) => void): () => void;
}

/** Counters of what a shelter got from its second level. */
export interface SecondLevelStats {
  /** Documents and listings that it returned. */
  readonly hits: number;
  /** Documents and listings that it did not return. */
  readonly misses: number;
  /** Contents that were not used, because they were damaged, of another name, or older than what this
   *  process had read. */
  readonly refused: number;
  /** Operations that failed, took too long, or returned an answer of a wrong shape. */
  readonly failures: number;
  /** Operations that were left out because the level had failed before. */
  readonly skipped: number;
}
