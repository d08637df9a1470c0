import { ConfigError } from '../../errors.ts';
import { aString, checkOptions, mapOf } from '../../internal/options.ts';
import type { KeyWrapper } from '../../key-wrapper.ts';
import { AwsConnection } from './connection.ts';
import { type AwsClientOptions, awsClientChecks } from './options.ts';

export interface KmsKeyOptions extends AwsClientOptions {
  /** The key's id, ARN or alias: `alias/config`. */
  readonly keyId: string;
  /** Must be the same when unwrapping; stands in the clear in AWS's audit trail. @default none */
  readonly encryptionContext?: Readonly<Record<string, string>>;
}

/** A key in AWS KMS that wraps the content keys of encrypted files. */
export function kmsKey(options: KmsKeyOptions): KeyWrapper & { close(): Promise<void> } {
  checkOptions('kmsKey', options, { keyId: aString, encryptionContext: mapOf(aString), ...awsClientChecks });
  const { keyId, encryptionContext } = options;
  if (!keyId)
    throw new ConfigError('invalid_option', 'kmsKey: keyId is missing', {
      hint: "Give a key's id, ARN or alias, as in { keyId: 'alias/config' }",
    });
  const aws = new AwsConnection('kmsKey', 'aws-kms', options, {
    package: '@aws-sdk/client-kms',
    client: 'KMSClient',
    policy: 'kms',
    load: () => import('@aws-sdk/client-kms'),
    attempts: 3, // no shelter stands around it
  });
  const input = { KeyId: keyId, ...(encryptionContext && { EncryptionContext: encryptionContext }) };
  const ask = async <T>(command: string, fields: object, signal: AbortSignal | undefined): Promise<T> => {
    const request = { command, input: { ...input, ...fields }, resource: keyId };
    try {
      return await aws.send<T>(request, signal);
    } catch (error) {
      if (aws.classify(error).code !== 'unauthenticated' || !aws.renew()) throw error;
      return aws.send<T>(request, signal); // with credentials that are looked for anew
    }
  };
  return {
    kid: keyId,
    algorithm: 'aws-kms',
    async wrap(key, { signal } = {}) {
      const out = await ask<{ CiphertextBlob?: Uint8Array }>('Encrypt', { Plaintext: key }, signal);
      return Buffer.from(present(out.CiphertextBlob, keyId)).toString('base64url');
    },
    async unwrap(wrapped, { signal } = {}) {
      const blob = { CiphertextBlob: Buffer.from(wrapped, 'base64url') };
      const out = await ask<{ Plaintext?: Uint8Array }>('Decrypt', blob, signal);
      return present(out.Plaintext, keyId);
    },
    async close() {
      aws.close();
    },
  };
}

function present(bytes: Uint8Array | undefined, keyId: string): Uint8Array {
  if (bytes?.length) return bytes;
  throw new ConfigError('crypto', `aws-kms: ${keyId}: the answer holds no key`, { provider: 'aws-kms' });
}
