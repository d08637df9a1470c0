import { trace } from '@opentelemetry/api';
import { ConfigError } from 'llm-config-manager';
import type { DocumentSource } from 'llm-config-manager/shelter';

/** A store with one secret. Its client makes a span for each call, as instrumented clients do. */
export const store = {
  name: 'secrets',
  address: 'secrets.internal',
  batch: 10,
  /** How many of the next calls fail. */
  failures: 0,
  locate: (key: string) => [{ key, document: key, field: '' }],
  async read(documents: readonly string[]) {
    await call('POST');
    return new Map(
      documents.map((name) => [
        name,
        name === 'llm.apiKey' ? { value: 'fake-key', secret: true, text: true } : ('absent' as const),
      ]),
    );
  },
  async page() {
    await call('GET');
    return { found: [{ place: { key: 'llm.apiKey', document: 'llm.apiKey', field: '' } }], next: [] };
  },
  classify: () => new ConfigError('unavailable', 'secrets: no answer'),
} satisfies DocumentSource & { failures: number };

const call = (method: string): Promise<void> =>
  trace.getTracer('client').startActiveSpan(method, async (span) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    span.end();
    if (store.failures-- > 0) throw new Error('no answer');
  });
