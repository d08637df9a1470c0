import type { AwsClient } from 'llm-config-manager/aws';

const parameters: Readonly<Record<string, { Value: string; Type: string }>> = {
  '/acme/inference/database/host': { Value: 'db.internal', Type: 'String' },
  '/acme/inference/database/password': { Value: 'fake-password', Type: 'SecureString' },
  '/aws/service/ami': { Value: 'ami-12345', Type: 'String' },
};
const secrets: Readonly<Record<string, string>> = {
  'acme/inference/llm': '{"apiKey":"fake-key","model":"large"}',
  'prod/llm': '{"apiKey":"fake-key"}',
};

/** A fake AWS client, so the example runs anywhere. An injected client needs no region. */
export function fakeClient(): AwsClient {
  const secret = (Name: string) => ({ Name, SecretString: secrets[Name], VersionId: 'fake-version' });
  const answers: Record<string, (input: never) => object> = {
    GetParametersCommand: ({ Names }: { Names: string[] }) => {
      const known = Names.filter((asked) => parameters[asked.replace(/:3$/, '')]);
      return {
        Parameters: known.map((asked) => {
          const Name = asked.replace(/:3$/, '');
          return { Name, ...parameters[Name], Version: 3 };
        }),
        InvalidParameters: Names.filter((asked) => !known.includes(asked)),
      };
    },
    GetSecretValueCommand: ({ SecretId }: { SecretId: string }) => {
      if (secrets[SecretId]) return secret(SecretId);
      throw Object.assign(new Error(SecretId), { name: 'ResourceNotFoundException' });
    },
    BatchGetSecretValueCommand: ({ SecretIdList }: { SecretIdList: string[] }) => ({
      SecretValues: SecretIdList.filter((name) => secrets[name]).map(secret),
      Errors: SecretIdList.filter((name) => !secrets[name]).map((SecretId) => ({
        SecretId,
        ErrorCode: 'ResourceNotFoundException',
      })),
    }),
    ListSecretVersionIdsCommand: () => ({
      Versions: [
        { VersionId: 'fake-older', VersionStages: ['AWSPREVIOUS'], CreatedDate: new Date(2026, 0, 1) },
        { VersionId: 'fake-version', VersionStages: ['AWSCURRENT'], CreatedDate: new Date(2026, 0, 2) },
      ],
    }),
    EncryptCommand: ({ Plaintext }: { Plaintext: Uint8Array }) => ({ CiphertextBlob: Plaintext }),
  };
  return {
    async send(command: { constructor: { name: string }; input: never }) {
      return answers[command.constructor.name]?.(command.input) ?? {};
    },
  };
}
