import { ConfigError } from 'llm-config-manager';
import type { DocumentSource, Outcome } from 'llm-config-manager/shelter';

/** A backend that answers at once, or after a round trip, and counts its requests. */
export function fastStore(
  values: ReadonlyMap<string, string>,
  batch = 1,
  tripMs = 0,
): DocumentSource & { requests: number } {
  const store = {
    name: 'store',
    batch,
    requests: 0,
    locate: (key: string) => [{ key, document: key, field: '' }],
    async read(documents: readonly string[]): Promise<ReadonlyMap<string, Outcome>> {
      store.requests++;
      if (tripMs > 0) await new Promise((resolve) => setTimeout(resolve, tripMs));
      const found = new Map<string, Outcome>();
      for (const document of documents) {
        const value = values.get(document);
        found.set(document, value === undefined ? 'absent' : { value, secret: true, text: true });
      }
      return found;
    },
    classify: () => new ConfigError('unavailable', 'the store failed'),
  };
  return store;
}
