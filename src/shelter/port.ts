// The port that a remote store implements, and its vocabulary: a place says which field of which document
// holds a key. Used by all storeys and by every source in providers/.

import type { Entry, Metadata } from '../entry.ts';
import type { ConfigError, ErrorCode } from '../errors.ts';
import type { ConfigEvent } from '../events.ts';
import type { ReportNeeds } from '../needs.ts';
import type { VersionInfo, Wanted } from '../provider.ts';
import type { ConfigValue, Key } from '../value.ts';
import type { SharedPace } from './shared-pace.ts';

/** What a remote store implements; the shelter does the rest. Every method that takes a Call is one request.
 *  What needs no request must not be such a method: it would count as a request and close the breaker. Any
 *  method may throw anything.
 *  @example
 *  const source: DocumentSource = {
 *    name: 'store',
 *    batch: 1,
 *    locate: (key) => [{ key, document: key, field: '' }],
 *    read: async ([document = '']) => new Map([[document, await fetchOne(document)]]),
 *    classify: () => new ConfigError('unavailable', 'store: no answer'),
 *  };
 *  const provider = sheltered(source); */
export interface DocumentSource {
  readonly name: string;
  /** The number of documents that one `read` may ask for. */
  readonly batch: number;
  /** The name of the host that requests go to, for telemetry. Must not contain credentials. */
  readonly address?: string | undefined;
  /** The default pace of this store. */
  readonly limits?: Partial<Limits>;
  /** All places there are (`secrets`, `leases`, one path). With it, `page` is never called. */
  readonly places?: readonly Place[];
  /** The places where `key` can be, outermost document first. All of them are read; a new key goes into the
   *  last one. Without a place the key is absent, and no request is made. Must be pure. */
  locate(key: Key): readonly Place[];
  /** Why no new document can be created for `key`, although it may be a field of an existing one. Must be
   *  pure. */
  refusal?(key: Key): ConfigError | undefined;
  /** Returns an outcome for each document. A document without one counts as `unavailable`, never as absent.
   *  When several documents are refused as a whole (an error that is neither transient nor
   *  `unauthenticated`), each is read alone. */
  read(documents: readonly string[], call: Call): Promise<ReadonlyMap<string, Outcome>>;
  /** Returns a page of what the scope reaches, including documents at the prefix itself and above it. */
  page?(scope: Scope, cursor: string | undefined, call: Call): Promise<Page>;
  /** Replaces a whole document, into which the shelter has put the field after reading it. Undefined deletes
   *  the document. Returns the new version. Retried only after `throttled`. */
  write?(
    document: string,
    value: ConfigValue | undefined,
    options: DocumentWrite,
    call: Call,
  ): Promise<string | undefined>;
  /** `write` compares `ifVersion` in the store, in the same step as it writes, and throws `conflict`. Omit it
   *  if the store cannot. */
  readonly compares?: true;
  /** Logs in: before the first request (`refused` is undefined) and after an `unauthenticated`. Returns false
   *  when there is nothing new to try. Single flight; a refused request is repeated once; a log-in that does
   *  not help backs off. */
  connect?(refused: ConfigError | undefined, call: Call): Promise<boolean>;
  /** Forgets the credentials after an `unauthenticated`, without a request, so that the next request looks
   *  for new ones. Returns false when there is nothing to forget. */
  relogin?(refused: ConfigError): boolean;
  /** Changes when the source has other credentials, or may have: a new token in a file that it watches. Ends
   *  the pauses after refused log-ins and denials. @default undefined: `connect` alone changes them */
  readonly credentialVersion?: number;
  /** What makes a document of this source the same document elsewhere. Must be pure, and works before `load`.
   *  Without it, and while it is undefined, documents cannot be shared between processes. */
  identity?(): SourceIdentity | undefined;
  /** What a reader of these keys must be allowed to do.
   *  @internal */
  readonly needs?: ReportNeeds | undefined;
  /** Returns a page of the versions of a document, the newest first; empty for an absent document. */
  versions?(document: string, cursor: string | undefined, call: Call): Promise<VersionPage>;
  /** Forgets what the source itself keeps of a document, such as a lease that `read` would prolong, because
   *  a caller renews the document. Makes no request. */
  forget?(document: string): void;
  /** A cheap request for `health`. Without it, `health` reports how the last request went. */
  ping?(call: Call): Promise<void>;
  /** Imports the client, outside every deadline. A failure is not remembered. */
  load?(): Promise<void>;
  /** Rebuilds a client's error as a ConfigError, without values. */
  classify(error: unknown): ConfigError;
  /** Reports rotated documents: the shelter expires them, then notifies watchers. An empty list means all
   *  documents. */
  watch?(changed: (documents: readonly string[]) => void): () => void;
  /** The source's own events, which the provider forwards. */
  on?(listener: (event: ConfigEvent) => void): Disposable;
  close?(options: Closing): Promise<void>;
}

/** How a source is closed. Soon after `withinMs` the provider no longer waits for it. */
export interface Closing {
  readonly withinMs: number;
  /** Reports what is left behind, such as a lease that was not revoked: `a lease of database/creds/app`. Must
   *  not contain a secret. */
  readonly left: (what: string) => void;
}

/** What is at `field` in `document` is at `key`. Below both the segments are the same. */
export interface Place {
  readonly key: Key;
  /** The full name in the store's spelling. `where` prints it. */
  readonly document: string;
  readonly field: Key;
  /** Written `name#`: the text itself, not what it parses to. */
  readonly whole?: true;
  /** Reading it creates credentials: a list reads it only with `acquire`. */
  readonly leased?: true;
}

/** The result of reading one document. An error concerns this document only. */
export type Outcome = Document | 'absent' | ConfigError;

/** What a store returns in one piece: a secret, a parameter, a path. */
export interface Document {
  /** Parsed: a leaf, or a tree. */
  readonly value: ConfigValue;
  /** The text that `value` was parsed from. */
  readonly raw?: string;
  /** What is wrong with the text. `value` is then the text, and only a place that wants it whole can read
   *  it. */
  readonly fault?: string;
  /** False: each leaf is a secret or not by its name and shape. */
  readonly secret: boolean;
  /** Whether a schema may read its strings as other types. */
  readonly text: boolean;
  readonly version?: string;
  readonly modifiedAt?: number;
  /** Never served from then on. */
  readonly expiresAt?: number;
  /** Replaces the cache's TTL. For a leased place `maxAgeMs: 0` also waits for it. */
  readonly freshMs?: number;
  readonly metadata?: Metadata;
  /** Used by `sheltered(provider)`: the entry to return unchanged, with its origin and secrecy. */
  readonly entry?: Entry;
}

/** One attempt of a request. */
export interface Call {
  /** Ends with this attempt. It is never a caller's signal. */
  readonly signal: AbortSignal;
  /** The same in every attempt, for idempotency. */
  readonly id: string;
  /** With a version, `read` asks for one document. */
  readonly version?: string;
  /** Emits a `notice` for people who read the provider's events, each message once ("the name of a secret is
   *  not a key"). Must not contain a value. */
  readonly notice: (message: string, outcome?: ErrorCode) => void;
}

/** What a listing includes. */
export interface Scope {
  readonly prefix: Key;
  readonly wanted?: Wanted;
  /** Whether the list includes something at, above or below `key`. */
  reaches(key: Key): boolean;
}

/** `found` may hold outcomes that came with the page (values, `disabled`). All cursors in `next` are followed
 *  in parallel. */
export interface Page {
  readonly found: readonly { readonly place: Place; readonly outcome?: Outcome }[];
  readonly next: readonly string[];
}

/** What a source reads, without the provider's name and without credentials. Two sources with equal
 *  identities return equal documents. */
export interface SourceIdentity {
  /** What makes a document the same document: kind of store, address, namespace, mount, region. */
  readonly store: string;
  /** The options that change what is returned for it: version, decryption, label, stage. */
  readonly view: string;
}

/** A part of the versions of a document. */
export interface VersionPage {
  readonly versions: readonly VersionInfo[];
  /** The cursor of the page that follows. */
  readonly next?: string;
  /** The store lists in another order. All pages are then read, and sorted by `modifiedAt`; of equal times,
   *  the larger number counts as newer, else the one that is listed later. */
  readonly unsorted?: true;
}

/** The options of a write, and what is known about the document. */
export interface DocumentWrite {
  /** The version that was just read. Undefined: the document did not exist. A store that can compare must
   *  compare. */
  readonly ifVersion?: string;
  /** The document exists and cannot be read because it is disabled. It is replaced all the same. */
  readonly unread?: true;
  readonly secret?: boolean;
  readonly metadata?: Metadata;
}

/** The pace of requests. */
export interface Limits {
  /** Requests at a time. */
  readonly concurrency: number;
  /** Requests started per second. */
  readonly perSecond?: number;
  /** Counts the starts of several processes together, such as `second.pace(name)` of
   *  `llm-config-manager/redis`. Needs `perSecond`, which must be equal in all of them.
   *  @default each process counts its own */
  readonly shared?: SharedPace;
}
