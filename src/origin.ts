// Where a value came from. Every entry, hole and error of a source carries an Origin; messages print it as
// text. A position is a function because most values are never printed, and finding a line means scanning the
// file.

import { inspect } from 'node:util';
import { maskUrls } from './redact.ts';
import type { ConfigValue } from './value.ts';

/** Where a value came from, in the source's own spelling. As text: `config/base.yaml:12:5`,
 *  `vault secret/acme/db#password v3`.
 *  @see makeOrigin */
export interface Origin {
  /** The provider's name. */
  readonly provider: string;
  /** The file, the variable or the location in the store, as the source spells it. */
  readonly source: string;
  readonly version?: string;
  /** Counted from 1. Computed on first use. */
  readonly line?: number;
  readonly column?: number;
  /** The text that messages print. */
  toString(): string;
}

/** The fields of an origin. `position` runs once, when `line` or `column` is first read. */
export interface OriginFields {
  readonly provider: string;
  readonly source: string;
  readonly version?: string | undefined;
  readonly position?: (() => { readonly line: number; readonly column: number } | undefined) | undefined;
}

/** A text that a report may quote. */
export interface QuotedText {
  readonly text: string;
  /** The option that replaces references in texts is not set, neither to `true` nor to `false`. */
  readonly keepsReferences?: boolean;
  /** All values of the text, a list as one. Computed at each call. */
  values(): Iterable<Position & { readonly value: ConfigValue; readonly secret: boolean }>;
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/** A position, and what is there. `valueColumn`: where the value begins, if the position is that of its
 *  name. */
export interface Place extends Position {
  readonly quoted?: QuotedText | undefined;
  readonly valueColumn?: number | undefined;
}

class SourceOrigin implements Origin {
  declare readonly version?: string;
  readonly provider: string;
  readonly source: string;
  #position: (() => Place | undefined) | Place | undefined;

  constructor(fields: OriginFields) {
    this.provider = fields.provider;
    this.source = maskUrls(fields.source);
    if (fields.version !== undefined) this.version = fields.version;
    this.#position = fields.position;
  }

  static isOne(value: object): value is SourceOrigin {
    return #position in value;
  }

  static placeIn(origin: object): Place | undefined {
    return SourceOrigin.isOne(origin) ? origin.#resolved : undefined;
  }

  static withoutText(origin: Origin): Origin {
    if (!SourceOrigin.isOne(origin) || origin.#position === undefined) return origin;
    const position = (): Position | undefined => {
      const { line, column } = origin.#resolved ?? {};
      return line === undefined || column === undefined ? undefined : { line, column };
    };
    return Object.freeze(new SourceOrigin({ ...origin, position }));
  }

  get #resolved(): Place | undefined {
    if (typeof this.#position === 'function') this.#position = this.#position();
    return this.#position;
  }

  get line(): number {
    return this.#resolved?.line as number;
  }

  get column(): number {
    return this.#resolved?.column as number;
  }

  toString(): string {
    const at = this.#resolved;
    const version =
      this.version === undefined
        ? ''
        : /^\d+$/.test(this.version)
          ? ` v${this.version}`
          : ` (version ${this.version})`;
    return `${this.source}${at ? `:${at.line}:${at.column}` : ''}${version}`;
  }

  toJSON(): object {
    return {
      provider: this.provider,
      source: this.source,
      version: this.version,
      line: this.line,
      column: this.column,
    };
  }

  [inspect.custom](): string {
    return `Origin(${this})`;
  }
}

/** Makes a frozen Origin. Masks passwords in URLs in `source`.
 *  @example
 *  makeOrigin({ provider: 'argv', source: '--port' });
 *  @see makeEntry takes it as `origin`. */
export function makeOrigin(fields: OriginFields): Origin {
  return Object.freeze(new SourceOrigin(fields));
}

/** Whether `makeOrigin` of this copy of the library has made an origin. */
export const isOrigin = (value: unknown): value is Origin =>
  typeof value === 'object' && value !== null && SourceOrigin.isOne(value);

/** The same origin without the text around it, which a report could quote. */
export const withoutText = (origin: Origin): Origin => SourceOrigin.withoutText(origin);

/** The place of an origin, with the text around it if a report may quote it. */
export const placeIn = (origin: Origin): Place | undefined => SourceOrigin.placeIn(origin);
