import { sandbox } from 'llm-config-manager/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AwsConnection } from '../../src/providers/aws/connection.ts';
import { AzureConnection } from '../../src/providers/azure/connection.ts';
import { GcpConnection } from '../../src/providers/gcp/connection.ts';
import { until } from '../support/until.ts';

afterEach(() => vi.unstubAllEnvs());

const service = {
  package: '@aws-sdk/client-ssm',
  client: 'SSMClient',
  policy: 'ssm',
  load: async () => ({}),
};
const url = 'https://fake.vault.azure.net';

describe('files of credentials', () => {
  it.each([
    ['AWS', 'AWS_SHARED_CREDENTIALS_FILE', () => new AwsConnection('x', 'x', { region: 'x' }, service)],
    [
      'AWS, with web identity',
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      () => new AwsConnection('x', 'x', { region: 'x' }, service),
    ],
    ['GCP', 'GOOGLE_APPLICATION_CREDENTIALS', () => new GcpConnection('x', { project: 'x' })],
    ['Azure', 'AZURE_FEDERATED_TOKEN_FILE', () => new AzureConnection('x', { url })],
  ])('a changed file of %s ends the pause after a refusal', async (_, variable, make) => {
    await using box = await sandbox({ files: { file: 'old' } });
    vi.stubEnv(variable, box.path('file'));
    const connection = make();
    expect(connection.relogin()).toBe(true);
    await until('the change is seen', async () => {
      await box.replace('file', `new ${Math.random()}`);
      return connection.credentialVersion > 0;
    });
    await connection.close();
  });

  it.each([
    ['AWS', () => new AwsConnection('x', 'x', { client: {} as never }, service)],
    ['GCP', () => new GcpConnection('x', { project: 'x', client: {} as never })],
    ['Azure', () => new AzureConnection('x', { url, client: {} as never })],
  ])('nothing is watched for a client of your own: %s', (_, make) => {
    expect(make().relogin()).toBe(false);
  });
});
