import { ConfigError, isConfigError } from '../../src/errors.ts';
import {
  type Call,
  type Document,
  type DocumentSource,
  type DocumentWrite,
  type Outcome,
  type Scope,
  sheltered,
  type VersionPage,
} from '../../src/shelter/index.ts';
import type { Given, Made, Values } from '../../src/testing/index.ts';
import type { ConfigValue } from '../../src/value.ts';
import { Backend } from './reference.ts';

/** The backend in memory as a source of documents. Each key is a document with versions. */
export class BackendSource implements DocumentSource {
  readonly name = 'reference';
  readonly batch = 10;
  readonly compares = true;
  readonly backend: Backend;
  readonly ends = new Map<string, number>();

  constructor(backend: Backend) {
    this.backend = backend;
  }

  locate(key: string) {
    return [{ key, document: key, field: '' }];
  }

  read(documents: readonly string[], { signal, version }: Call): Promise<ReadonlyMap<string, Outcome>> {
    return this.backend.request(
      { signal },
      '',
      () => new Map(documents.map((key) => [key, this.outcome(key, version)])),
    );
  }

  outcome(key: string, version: string | undefined): Outcome {
    const value = this.backend.at(key, version);
    if (value === undefined) return 'absent';
    const expiresAt = this.ends.get(key);
    const document: Document = {
      value,
      secret: true,
      text: true,
      version: version ?? `${this.backend.version(key)}`,
      ...(expiresAt !== undefined && { expiresAt }),
    };
    return document;
  }

  versions(document: string, _: string | undefined, { signal }: Call): Promise<VersionPage> {
    return this.backend.request({ signal }, '', () => ({ versions: this.backend.versions(document) }));
  }

  write(
    document: string,
    value: ConfigValue | undefined,
    { ifVersion }: DocumentWrite,
    { signal }: Call,
  ): Promise<string | undefined> {
    return this.backend.request({ signal }, '', () => {
      this.backend.compare(document, ifVersion);
      this.backend.change(document, value);
      return this.backend.version(document);
    });
  }

  page(_: Scope, __: string | undefined, { signal }: Call) {
    const found = () =>
      [...this.backend.values.keys()].map((key) => ({ place: { key, document: key, field: '' } }));
    return this.backend.request({ signal }, '', () => ({ found: found(), next: [] }));
  }

  classify(error: unknown): ConfigError {
    return isConfigError(error)
      ? error
      : new ConfigError('unavailable', 'the backend failed', { provider: this.name });
  }
}

/** A sheltered store with every lever that `describeShelter` needs. */
export function store(
  values: Values,
  options: Given,
  around: (source: BackendSource, options: Given) => Made = (source, given) => sheltered(source, given),
): Made {
  const backend = new Backend(values, options.clock);
  const source = new BackendSource(backend);
  const made = around(source, options);
  return {
    provider: 'provider' in made ? made.provider : made,
    change: (key, value) => backend.change(key, value),
    fail: (fault) => {
      backend.fault = fault;
    },
    rotate: (key, value) => {
      const before = `${backend.version(key)}`;
      backend.change(key, value);
      return before;
    },
    lend: (key, value, lifeMs) => {
      source.ends.set(key, options.clock.now() + lifeMs);
      backend.change(key, value);
    },
    requests: () => backend.requests,
  };
}
