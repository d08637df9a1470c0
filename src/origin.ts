import { inspect } from 'node:util';
import { maskUrls } from './redact.ts';

/** Who said it, in the source's own spelling; as text `config/base.yaml:12:5` or `vault secret/acme/db#password v3`. */
export interface Origin {
  /** The provider's name. */
  readonly provider: string;
  /** The file, the variable or the place in the store, as the source spells it. */
  readonly source: string;
  readonly version?: string;
  /** From 1; worked out when first read. */
  readonly line?: number;
  readonly column?: number;
  /** As a message prints it. */
  toString(): string;
}

export interface OriginFields {
  readonly provider: string;
  readonly source: string;
  readonly version?: string | undefined;
  readonly position?: (() => { readonly line: number; readonly column: number } | undefined) | undefined;
}

class SourceOrigin implements Origin {
  declare readonly version?: string;
  readonly provider: string;
  readonly source: string;
  #position: OriginFields['position'] | { readonly line: number; readonly column: number };

  constructor(fields: OriginFields) {
    this.provider = fields.provider;
    this.source = maskUrls(fields.source);
    if (fields.version !== undefined) this.version = fields.version;
    this.#position = fields.position;
  }

  get #at(): { readonly line: number; readonly column: number } | undefined {
    if (typeof this.#position === 'function') this.#position = this.#position();
    return this.#position;
  }

  get line(): number {
    return this.#at?.line as number;
  }

  get column(): number {
    return this.#at?.column as number;
  }

  toString(): string {
    const at = this.#at;
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

export function makeOrigin(fields: OriginFields): Origin {
  return Object.freeze(new SourceOrigin(fields));
}
