import { ConfigError, isConfigError } from '../../src/errors.ts';
import {
  type Call,
  type Document,
  type DocumentSource,
  type Outcome,
  type Scope,
  sheltered,
} from '../../src/shelter/index.ts';
import type { Given, Made, Values } from '../../src/testing/index.ts';
import type { ConfigValue } from '../../src/value.ts';
import { Backend } from './reference.ts';

/** The backend in memory as a source of documents. Each key is a document with versions. */
export class BackendSource implements DocumentSource {
  readonly name = 'reference';
  readonly batch = 10;
  readonly backend: Backend;
  readonly history = new Map<string, ConfigValue[]>();
  readonly ends = new Map<string, number>();

  constructor(backend: Backend) {
    this.backend = backend;
    for (const [key, value] of backend.values) this.history.set(key, [value]);
    backend.listeners.add((key) => {
      const value = backend.values.get(key);
      if (value !== undefined) this.history.set(key, [...(this.history.get(key) ?? []), value]);
    });
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
    const all = this.history.get(key);
    if (!all || !this.backend.values.has(key)) return 'absent';
    const number = version === undefined ? all.length : Number(version);
    const expiresAt = this.ends.get(key);
    const value = all[number - 1] as ConfigValue;
    const document: Document = {
      value,
      secret: true,
      text: true,
      version: `${number}`,
      ...(expiresAt !== undefined && { expiresAt }),
    };
    return document;
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
      const before = `${source.history.get(key)?.length}`;
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
