// What a schema library's issues mean, in neutral terms. Each library has a dialect; `issues.ts` reads raw
// issues with all of them, and the report speaks of `Issue` only. The shapes of schemas have files of their
// own: `zod-shape.ts` and so on.

export type Path = readonly PropertyKey[];

/** An issue of any schema library. */
export interface Issue {
  /** Without the path and without the input that the library quoted. */
  readonly message: string;
  readonly path: Path;
  /** The library's message quoted the input; the quote has been cut out. */
  readonly quoted?: true;
  /** Names below `path` that the schema refuses. */
  readonly unknownNames?: readonly string[];
  /** From a check that the schema's author wrote. Its message says more than the expected type. */
  readonly custom?: true;
  /** The message was written by the schema's author. */
  readonly own?: true;
  /** For a union: the issues of each alternative. */
  readonly alternatives?: readonly (readonly Issue[])[];
  /** For a union: the issues of all alternatives, if the library does not separate them. */
  readonly mixed?: readonly Issue[];
  /** A text that was refused before validation, because the schema would have coerced it. */
  readonly refused?: true;
  /** The schema's own code threw. It is then the only issue. */
  readonly threw?: true;
}

/** An issue as a library reports it. */
export interface RawIssue {
  readonly message: unknown;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
  readonly [name: string]: unknown;
}

export type IssueDetails = Partial<Omit<Issue, 'message' | 'path' | 'quoted'>>;

/** What one library writes into its issues. */
export interface Dialect {
  /** Matches the part of a message that quotes the input. */
  readonly quote: RegExp;
  /** Removes the path from the beginning of a message. */
  readonly withoutPath?: (message: string, path: Path) => string;
  /** Whether a message is the library's own, and not from the schema's author. */
  readonly isDefault: (raw: RawIssue, message: string) => boolean;
  /** What an issue says besides its message and path; empty for an issue of another library. `read` reads
   *  nested issues. */
  readonly details: (raw: RawIssue, read: (raw: RawIssue) => Issue) => IssueDetails;
}
