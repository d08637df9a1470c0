import { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { PassThroughClient } from 'google-auth-library';
import { GcpSecretManagerProvider } from 'llm-config-manager/gcp';
import { crc32c } from '../src/providers/gcp/crc32c.ts';
import { answerLater, listening } from './listening.ts';
import { compareRemote } from './remote.ts';

// a fake Secret Manager over REST
const server = await listening((request, response) => {
  const name = /^\/v1\/(projects\/acme\/secrets\/[\w-]+)\/versions\/latest:access/.exec(
    String(request.url),
  )?.[1];
  if (!name)
    return answerLater(response, 404, {
      error: { code: 404, message: 'no such secret', status: 'NOT_FOUND' },
    });
  const data = Buffer.from(`value of ${name}`);
  const payload = { data: data.toString('base64'), dataCrc32c: String(crc32c(data)) };
  answerLater(response, 200, { name: `${name}/versions/1`, payload });
});
const clientOptions = {
  fallback: true,
  protocol: 'http',
  apiEndpoint: '127.0.0.1',
  port: server.port,
  authClient: new PassThroughClient(),
};
const sdk = new SecretManagerServiceClient({ ...clientOptions, projectId: 'acme' } as never);

await compareRemote({
  word: 'secret',
  name: 'GcpSecretManagerProvider',
  asked: server.asked,
  keys: Array.from({ length: 100 }, (_, i) => `key${i}`),
  clients: {
    'the SDK': async (key) => {
      const [{ payload }] = await sdk.accessSecretVersion({
        name: `projects/acme/secrets/${key}/versions/latest`,
      });
      return Buffer.from(payload?.data ?? '').toString();
    },
  },
  make: (limits) =>
    new GcpSecretManagerProvider({ project: 'acme', clientOptions, ...(limits && { limits }) }),
});
await sdk.close();
server.close();
