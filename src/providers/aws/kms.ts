// Key wrapping with AWS KMS, for encrypted files. No shelter surrounds it: the SDK retries, and a refused
// log-in is repeated here once.

import { ConfigError } from '../../errors.ts';
import { aString, checkOptions, mapOf } from '../../internal/options.ts';
import type { KeyWrapper } from '../../key-wrapper.ts';
import { AwsConnection } from './connection.ts';
import { type AwsClientOptions, awsClientChecks } from './options.ts';

/** Options of `kmsKey`. */
export interface KmsKeyOptions extends AwsClientOptions {
  /** The id, ARN or alias of the key: `alias/config`. */
  readonly keyId: string;
  /** Must be the same for wrapping and unwrapping. CloudTrail shows it in plain text. @default none */
  readonly encryptionContext?: Readonly<Record<string, string>>;
}

/** Wraps the content keys of encrypted files with a key in AWS KMS. The key never leaves KMS. Makes up to
 *  three attempts per request.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const key = kmsKey({ keyId: 'alias/config', encryptionContext: { app: 'inference' } });
 *  const file = new EncryptedFileProvider({ path: 'config/secrets.yaml.jwe', keys: key });
 *  const password = await file.get('db.password'); // KMS unwraps the content key
 */
export function kmsKey(options: KmsKeyOptions): KeyWrapper & { close(): Promise<void> } {
  checkOptions('kmsKey', options, { keyId: aString, encryptionContext: mapOf(aString), ...awsClientChecks });
  const { keyId, encryptionContext } = options;
  if (!keyId)
    throw new ConfigError('invalid_option', 'kmsKey: the option keyId is missing', {
      hint: "Set keyId to the id, ARN or alias of a key, as in { keyId: 'alias/config' }",
    });
  const aws = new AwsConnection('kmsKey', 'aws-kms', options, {
    package: '@aws-sdk/client-kms',
    client: 'KMSClient',
    policy: 'kms',
    load: () => import('@aws-sdk/client-kms'),
    attempts: 3,
  });
  const input = { KeyId: keyId, ...(encryptionContext && { EncryptionContext: encryptionContext }) };
  const send = async <T>(command: string, fields: object, signal: AbortSignal | undefined): Promise<T> => {
    const request = { command, input: { ...input, ...fields }, resource: keyId };
    try {
      return await aws.send<T>(request, signal);
    } catch (error) {
      if (aws.classify(error).code !== 'unauthenticated' || !aws.relogin()) throw error;
      return aws.send<T>(request, signal); // a new client looks up its credentials again
    }
  };
  return {
    kid: keyId,
    algorithm: 'aws-kms',
    async wrap(key, { signal } = {}) {
      const out = await send<{ CiphertextBlob?: Uint8Array }>('Encrypt', { Plaintext: key }, signal);
      const blob = nonEmpty(out.CiphertextBlob, keyId, 'the Encrypt response has no CiphertextBlob');
      return Buffer.from(blob).toString('base64url');
    },
    async unwrap(wrapped, { signal } = {}) {
      const blob = { CiphertextBlob: Buffer.from(wrapped, 'base64url') };
      const out = await send<{ Plaintext?: Uint8Array }>('Decrypt', blob, signal);
      return nonEmpty(out.Plaintext, keyId, 'the Decrypt response has no Plaintext');
    },
    async close() {
      aws.close();
    },
  };
}

/** An empty key or ciphertext would protect nothing, so it is refused. */
function nonEmpty(bytes: Uint8Array | undefined, keyId: string, missing: string): Uint8Array {
  if (bytes?.length) return bytes;
  throw new ConfigError('crypto', `aws-kms: ${keyId}: ${missing}`, {
    provider: 'aws-kms',
    hint: 'Check for a proxy in front of KMS',
  });
}
