import type { VaultClient } from 'llm-config-manager/vault';

/** A fake Vault client, so the example runs anywhere. An injected client needs no address. */
export function fakeClient(): VaultClient {
  const secrets: Record<string, object> = {
    'acme/inference/database': { password: 'fake-password', host: 'db.internal', pool_max: '20' },
    'acme/gcp': { key: '{"type":"service_account"}' },
  };
  const absent = Object.assign(new Error('Status 404'), {
    response: { statusCode: 404, body: { errors: [] } },
  });
  return {
    async request({ path, method, json }) {
      const [, , part, inside = ''] = /^\/(secret)\/(data|metadata)\/([^?]*)/.exec(path) ?? [];
      if (path.endsWith('/mounts'))
        return { data: { secret: { 'secret/': { type: 'kv', options: { version: '2' } } } } };
      if (path.startsWith('/database/creds/'))
        return {
          lease_id: `${path}/1`,
          lease_duration: 3600,
          renewable: true,
          data: { username: 'v-app-1', password: 'fake' },
        };
      if (path.startsWith('/transit/encrypt/')) return { data: { ciphertext: 'vault:v1:ZmFrZQ==' } };
      if (part === 'metadata' && inside === 'acme/inference/database') {
        const versions = { 1: { destroyed: true }, 2: {}, 3: { created_time: '2026-01-01T00:00:00Z' } };
        return { data: { current_version: 3, versions } };
      }
      if (part === 'metadata') return { data: { keys: inside === 'acme/inference/' ? ['database'] : [] } };
      const data = secrets[inside];
      if (part === 'data' && method === 'GET' && data)
        return { data: { data, metadata: { version: 3, created_time: '2026-01-01T00:00:00Z' } } };
      if (part === 'data' && method === 'POST') {
        secrets[inside] = (json as { data: object }).data;
        return { data: { version: 4 } };
      }
      throw absent;
    },
  };
}
