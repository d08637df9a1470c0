import type { Entry, Metadata } from '../entry.ts';
import type { ConfigError, ErrorCode } from '../errors.ts';
import type { ConfigEvent } from '../events.ts';
import type { Layer, Wanted } from '../provider.ts';
import type { ConfigValue, Key } from '../value.ts';

/** What a remote backend implements; the shelter does the rest. Every method that takes a Call is one request to the backend,
 *  and what needs no request is no method: it would close a breaker and count as a call. Any of them may throw anything. */
export interface DocumentSource {
  readonly name: string;
  /** Documents that one `read` may ask for. */
  readonly batch: number;
  /** This backend's default pace. */
  readonly limits?: Partial<Limits>;
  /** All there is (`secrets`, `leases`, one path); then `page` is never called. */
  readonly places?: readonly Place[];
  /** Where `key` can live, outermost document first; all are asked, and a new key goes into the last. None: absent without a
   *  request. Pure. */
  locate(key: Key): readonly Place[];
  /** Why no new document can be made for `key`, though it may be a field of one that is there. Pure. */
  refusal?(key: Key): ConfigError | undefined;
  /** An outcome for each document asked; one left out is `unavailable`, never absent. Several refused as a whole (thrown,
   *  neither transient nor `unauthenticated`) are asked again one by one. */
  read(documents: readonly string[], call: Call): Promise<ReadonlyMap<string, Outcome>>;
  /** A piece of the listing: everything that the scope reaches, so also documents at the prefix itself and above it. */
  page?(scope: Scope, cursor: string | undefined, call: Call): Promise<Page>;
  /** Replaces one whole document (undefined deletes it) into which the shelter has put the field, having read it just now;
   *  answers the new version. Repeated only after `throttled`. */
  write?(
    document: string,
    value: ConfigValue | undefined,
    options: DocumentWrite,
    call: Call,
  ): Promise<string | undefined>;
  /** Log-in: before the first request (`refused` undefined) and after an `unauthenticated`. False: nothing new to try. Single
   *  flight; who was refused is asked once more; a log-in that did not help backs off. */
  connect?(refused: ConfigError | undefined, call: Call): Promise<boolean>;
  /** After an `unauthenticated`: forgets what it logged in with, so that the next request finds out anew. Asks nobody. False: there
   *  is nothing to forget. */
  renew?(refused: ConfigError): boolean;
  /** Only of `sheltered(provider)`, where that provider is made of several: each one's own answer. */
  layers?(scope: Scope, call: Call): Promise<readonly Layer[]>;
  /** For `health`; without it, health tells how the last request went. */
  ping?(call: Call): Promise<void>;
  /** Imports the client, outside every deadline; a failure is forgotten. */
  load?(): Promise<void>;
  /** The one place where a client's error is rebuilt, without values. */
  classify(error: unknown): ConfigError;
  /** Rotations: the shelter expires the documents, then tells. No documents: any may have changed. */
  watch?(changed: (documents: readonly string[]) => void): () => void;
  /** Called once: what the source has to say to whoever listens ("the names of 3 secrets are no keys"), never with a value. */
  onNotice?(tell: (message: string, outcome?: ErrorCode) => void): void;
  /** Events of its own, handed on. */
  on?(listener: (event: ConfigEvent) => void): Disposable;
  close?(): Promise<void>;
}

/** What stands at `field` in `document` stands at `key`; below both the segments are the same. */
export interface Place {
  readonly key: Key;
  /** In full, in the backend's words; `where` prints it. */
  readonly document: string;
  readonly field: Key;
  /** `name#`: the text itself, not what it parses to. */
  readonly whole?: true;
  /** Reading makes credentials: only when `acquire` is asked for. */
  readonly leased?: true;
}

export type Outcome = Document | 'absent' | ConfigError;

export interface Document {
  /** Parsed: a leaf, or a tree. */
  readonly value: ConfigValue;
  /** What it was parsed from. */
  readonly raw?: string;
  /** What is wrong with the text, which is then the value: only who wants it whole is answered. */
  readonly fault?: string;
  /** False: names and shapes decide, leaf by leaf. */
  readonly secret: boolean;
  /** Its strings may be read as the schema wants. */
  readonly text: boolean;
  readonly version?: string;
  readonly modifiedAt?: number;
  /** Never served after it. */
  readonly expiresAt?: number;
  /** In place of the cache's TTL; for a leased place `maxAgeMs: 0` waits for it too. */
  readonly freshMs?: number;
  readonly metadata?: Metadata;
  /** sheltered(provider): handed on as it came, origin and taint included. */
  readonly entry?: Entry;
}

export interface Call {
  /** This attempt's deadline, never a caller's. */
  readonly signal: AbortSignal;
  /** The same in every attempt, for idempotency. */
  readonly id: string;
  /** Then it is one document. */
  readonly version?: string;
}

export interface Scope {
  readonly prefix: Key;
  readonly wanted?: Wanted;
  /** Whether something at, above or below `key` is asked for. */
  reaches(key: Key): boolean;
  /** Leases may be made: only what shelters another provider has to know. */
  readonly acquire?: true;
}

/** Outcomes that came for free (values, `disabled`); all `next` are followed side by side. */
export interface Page {
  readonly found: readonly { readonly place: Place; readonly outcome?: Outcome }[];
  readonly next: readonly string[];
}

export interface DocumentWrite {
  /** The version that was read just now; none: there was no document. Where the backend can compare, it must. */
  readonly ifVersion?: string;
  /** There is a document, which cannot be read because it is disabled: it is replaced all the same. */
  readonly unread?: true;
  readonly secret?: boolean;
  readonly metadata?: Metadata;
}

export interface Limits {
  /** Requests at once. */
  readonly concurrency: number;
  /** Starts a second. */
  readonly perSecond?: number;
}
