import type { AzureClient } from 'llm-config-manager/azure';

/** A client that answers from memory, so the example runs without Azure. */
export function fakeClient(): AzureClient {
  const secrets = new Map<string, string[]>([
    ['inference--database--pool-max', ['5']],
    ['inference--llm', ['{"apiKey":"fake-key","model":"large"}']],
    ['llm-api-key', ['fake-1']],
  ]);
  const found = (name: string, version?: string): object => {
    const versions = secrets.get(name) ?? [];
    const number = version ? Number(version) : versions.length;
    const value = versions[number - 1];
    if (value === undefined)
      throw Object.assign(new Error('no such secret'), { statusCode: 404, code: 'SecretNotFound' });
    return { value, properties: { name, version: String(number), enabled: true } };
  };
  return {
    getSecret: async (name, options: { version?: string } = {}) => found(name, options.version),
    listPropertiesOfSecrets: () => ({
      async *byPage() {
        yield [...secrets.keys()].map((name) => ({ name, enabled: true }));
      },
    }),
    listPropertiesOfSecretVersions: (name) => ({
      async *byPage() {
        yield (secrets.get(name) ?? []).map((_, i) => {
          const createdOn = new Date(Date.UTC(2026, 0, i + 1));
          return { name, version: `${i + 1}`, enabled: true, createdOn };
        });
      },
    }),
    setSecret: async (name, value) => {
      secrets.set(name, [...(secrets.get(name) ?? []), value]);
      return found(name);
    },
    beginDeleteSecret: async (name) => secrets.delete(name),
    beginRecoverDeletedSecret: async () => ({ pollUntilDone: async () => undefined }),
  };
}
