// The IAM policies in docs/providers/aws.md, compared with the actions that the providers really use.
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AwsSecretsManagerProvider, AwsSsmProvider, kmsKey } from '../../../src/providers/aws/index.ts';
import { AwsServer, account } from './server.ts';

interface Policy {
  readonly Version: string;
  readonly Statement: readonly {
    readonly Effect: string;
    readonly Action: readonly string[];
    readonly Resource: string | readonly string[];
  }[];
}

const page = readFileSync(new URL('../../../docs/providers/aws.md', import.meta.url), 'utf8');
const [, section = ''] = /\n## Least privilege\n([\s\S]*?)\n## /.exec(page) ?? [];
const policies = new Map(
  [...section.matchAll(/^### (.+)\n[\s\S]*?```json\n([\s\S]*?)```/gm)].map((match) => [
    match[1],
    JSON.parse(match[2] as string) as Policy,
  ]),
);

let server: AwsServer;
beforeEach(async () => {
  server = await AwsServer.start();
});
afterEach(() => server[Symbol.asyncDispose]());

const connection = () => ({ endpoint: server.endpoint, ...account, cache: false }) as const;
const ssm = () => new AwsSsmProvider({ ...connection(), path: '/acme/inference' });
const secrets = () => new AwsSecretsManagerProvider({ ...connection(), path: 'acme/inference/' });
const service: Readonly<Record<string, string>> = { Encrypt: 'kms', Decrypt: 'kms' };
const actionOf = (operation: string): string =>
  `${service[operation] ?? (/Parameter/.test(operation) ? 'ssm' : 'secretsmanager')}:${operation}`;

const uses: Readonly<Record<string, () => Promise<unknown>>> = {
  'Read parameters': () => ssm().getMany(['a.b', 'c']),
  'List parameters': () => ssm().list(),
  'Write parameters': async () => {
    await ssm().set('a.b', 'x');
    await ssm().delete('a.b');
  },
  'Read secrets': async () => {
    await secrets().get('key');
    await secrets().getMany(['a.b', 'c']);
  },
  'List secrets': async () => {
    for (const name of ['a', 'b', 'c']) server.putSecret(`acme/inference/${name}`, 'x');
    await secrets().list();
    await secrets().list('a');
  },
  'Write secrets': async () => {
    const provider = secrets();
    await provider.set('key', 'one');
    await provider.set('key', 'two');
    await provider.delete('key');
    await provider.set('key', 'three');
    await provider.moveStage('key', 'AWSPENDING', { to: await provider.setStaged('key', 'four', 'AWSNEXT') });
  },
  'Wrap keys of files': async () => {
    const { cache: _, ...options } = connection();
    const key = kmsKey({ ...options, keyId: 'alias/config', encryptionContext: { app: 'inference' } });
    await key.unwrap(await key.wrap(new Uint8Array(32)));
  },
};

describe('the policies in docs/providers/aws.md', () => {
  it.each(Object.keys(uses))('the policy “%s” allows exactly the actions in use', async (title) => {
    await uses[title]?.();
    const used = new Set(server.calls.map(({ operation }) => actionOf(operation)));
    expect(
      policies
        .get(title)
        ?.Statement.flatMap((one) => one.Action)
        .sort(),
    ).toEqual([...used].sort());
  });

  it('each policy in docs/providers/aws.md is tested, except for the key policy', () => {
    expect([...policies.keys()].filter((title) => !uses[title as string])).toEqual(['A key of your own']);
    expect(policies.get('A key of your own')?.Statement).toMatchObject([
      { Action: ['kms:Decrypt'], Condition: { StringEquals: {} } },
    ]);
  });

  it('the policies use * only for actions without resources', () => {
    for (const { Version, Statement } of policies.values()) {
      expect(Version).toBe('2012-10-17');
      for (const { Effect, Action, Resource } of Statement) {
        expect(Effect).toBe('Allow');
        if (Resource === '*')
          expect(['secretsmanager:ListSecrets', 'secretsmanager:BatchGetSecretValue']).toEqual(
            expect.arrayContaining([...Action]),
          );
        for (const arn of [Resource].flat())
          if (arn !== '*')
            expect(arn).toMatch(/^arn:aws:(ssm|secretsmanager|kms):eu-central-1:123456789012:/);
      }
    }
  });
});
