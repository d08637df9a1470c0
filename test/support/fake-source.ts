// imported up front what a shelter imports on first use, so that a manual clock never overtakes the import
import 'cockatiel';
import 'lru-cache';
import { ConfigError, type ErrorCode, isConfigError } from '../../src/errors.ts';
import { keyFrom, segments } from '../../src/key.ts';
import { ancestors, asDocument, mapped } from '../../src/shelter/places.ts';
import type {
  Call,
  Closing,
  Document,
  DocumentSource,
  DocumentWrite,
  Outcome,
  Page,
  Place,
  Scope,
} from '../../src/shelter/port.ts';
import type { ConfigValue } from '../../src/value.ts';

export interface Asked {
  readonly operation: 'read' | 'page' | 'write' | 'connect' | 'ping';
  readonly documents: readonly string[];
  readonly version?: string;
  readonly at: number;
  readonly id: string;
}

export type Befall = (asked: Asked, call: Call) => unknown;

/** A store in memory. It records every request in `asked`, and `befall` may throw, wait or hang. */
export class FakeSource implements DocumentSource {
  readonly name: string = 'store';
  batch = 10;
  declare places?: readonly Place[];
  declare limits?: NonNullable<DocumentSource['limits']>;
  declare address?: string;
  declare connect?: NonNullable<DocumentSource['connect']>;
  declare ping?: NonNullable<DocumentSource['ping']>;
  declare load?: NonNullable<DocumentSource['load']>;
  declare watch?: NonNullable<DocumentSource['watch']>;
  declare forget?: NonNullable<DocumentSource['forget']>;
  readonly asked: Asked[] = [];
  readonly store = new Map<string, { text: string; version: number; more?: Partial<Document> }>();
  /** Documents that the store refuses, by error code. */
  readonly refused = new Map<string, ErrorCode>();
  befall: Befall = () => undefined;
  pageSize = 100;
  freePages = false;
  now: () => number = () => 0;
  closed = 0;

  constructor(documents: Readonly<Record<string, string>> = {}, more: Partial<FakeSource> = {}) {
    for (const [name, text] of Object.entries(documents)) this.put(name, text);
    Object.assign(this, more);
  }

  put(name: string, text: string, more: Partial<Document> = {}): void {
    this.store.set(name, { text, version: (this.store.get(name)?.version ?? 0) + 1, more });
  }

  count(operation: Asked['operation']): number {
    return this.asked.filter((one) => one.operation === operation).length;
  }

  locate(key: string): readonly Place[] {
    if (this.places) return mapped(this.places)(key);
    return ancestors(key, (at) => segments(at).join('/'));
  }

  async read(documents: readonly string[], call: Call): Promise<ReadonlyMap<string, Outcome>> {
    await this.happen('read', documents, call);
    return new Map(documents.map((document) => [document, this.outcome(document, call.version)]));
  }

  outcome(document: string, version?: string): Outcome {
    const code = this.refused.get(document);
    if (code) return new ConfigError(code, `${document} is refused`);
    const found = this.store.get(document);
    if (!found || (version !== undefined && Number(version) > found.version)) return 'absent';
    const text = version === undefined ? found.text : `${found.text}@${version}`;
    return asDocument(text, {
      secret: true,
      text: true,
      version: version ?? String(found.version),
      ...found.more,
    });
  }

  page?: NonNullable<DocumentSource['page']> = async (
    _scope: Scope,
    cursor: string | undefined,
    call: Call,
  ): Promise<Page> => {
    await this.happen('page', [], call);
    const from = Number(cursor ?? 0);
    const names = [...this.store.keys()].sort();
    const found = names.slice(from, from + this.pageSize).map((document) => ({
      place: { key: keyFrom(document.split('/')), document, field: '' },
      ...(this.freePages && { outcome: this.outcome(document) }),
    }));
    const next = from + this.pageSize;
    return { found, next: next < names.length ? [String(next)] : [] };
  };

  async write(
    document: string,
    value: ConfigValue | undefined,
    options: DocumentWrite,
    call: Call,
  ): Promise<string | undefined> {
    await this.happen('write', [document], call);
    const found = this.store.get(document);
    if (!options.unread && String(found?.version) !== String(options.ifVersion))
      throw new ConfigError('conflict', 'another writer was faster');
    if (value === undefined) {
      this.store.delete(document);
      return undefined;
    }
    if (options.unread) this.refused.delete(document);
    this.put(document, typeof value === 'string' ? value : JSON.stringify(value));
    return String(this.store.get(document)?.version);
  }

  async happen(operation: Asked['operation'], documents: readonly string[], call: Call): Promise<void> {
    const asked = {
      operation,
      documents,
      at: this.now(),
      id: call.id,
      ...(call.version !== undefined && { version: call.version }),
    };
    this.asked.push(asked);
    await this.befall(asked, call);
  }

  classify(error: unknown): ConfigError {
    return isConfigError(error) ? error : new ConfigError('unavailable', 'the store is down');
  }

  async close(_closing: Closing): Promise<void> {
    this.closed++;
  }
}

export const hang = (): Promise<never> => new Promise(() => {});
export const down = (): never => {
  throw new ConfigError('unavailable', 'the store is down');
};
export const failing =
  (code: ErrorCode): (() => never) =>
  () => {
    throw new ConfigError(code, `the store says ${code}`);
  };
