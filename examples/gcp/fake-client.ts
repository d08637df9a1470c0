import type { GcpClient } from 'llm-config-manager/gcp';

/** A client that answers from memory, so the example runs without Google Cloud. */
export function fakeClient(): GcpClient {
  const secrets = new Map<string, string[]>([
    ['projects/acme-prod/secrets/inference-database--password', ['fake-1', 'fake-2']],
    ['projects/acme-prod/secrets/inference-llm', ['{"apiKey":"fake-key","model":"large"}']],
    ['projects/1234/secrets/tls', ['fake-certificate']],
  ]);
  const missing = (): Error => Object.assign(new Error('no such secret'), { code: 5 });
  const at = (name: string): { name: string; data: Buffer } => {
    const [secret = '', version] = name.split('/versions/');
    const versions = secrets.get(secret) ?? [];
    const number = version === 'latest' ? versions.length : Number(version);
    const text = versions[number - 1];
    if (text === undefined) throw missing();
    return { name: `${secret}/versions/${number}`, data: Buffer.from(text) };
  };
  return {
    accessSecretVersion: async ({ name }: { name: string }) => {
      const found = at(name);
      return [{ name: found.name, payload: { data: found.data } }];
    },
    listSecrets: async () => [[...secrets.keys()].map((name) => ({ name })), null, {}],
    listSecretVersions: async ({ parent }: { parent: string }) => {
      const versions = (secrets.get(parent) ?? []).map((_, i) => ({
        name: `${parent}/versions/${i + 1}`,
        state: 'ENABLED',
        createTime: new Date(Date.UTC(2026, 0, i + 1)).toISOString(),
      }));
      return [versions.reverse(), null, {}];
    },
    createSecret: async ({ parent, secretId }: { parent: string; secretId: string }) => {
      secrets.set(`${parent}/secrets/${secretId}`, []);
      return [{}];
    },
    addSecretVersion: async ({ parent, payload }: { parent: string; payload: { data: Buffer } }) => {
      const versions = secrets.get(parent) ?? [];
      versions.push(payload.data.toString());
      return [{ name: `${parent}/versions/${versions.length}` }];
    },
    deleteSecret: async ({ name }: { name: string }) => [{ deleted: secrets.delete(name) }],
    getSecretVersion: async ({ name }: { name: string }) => [{ name: at(name).name }],
    disableSecretVersion: async () => [{}],
  };
}
