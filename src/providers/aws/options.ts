import { aFunction, anObject, aString, type Check, either } from '../../internal/options.ts';
import type { AwsClient, AwsCredentials } from './client.ts';

/** Connection options of every AWS provider and of `kmsKey`. */
export interface AwsClientOptions {
  /** The AWS region. @default AWS_REGION, AWS_DEFAULT_REGION, else the region of the profile */
  readonly region?: string;
  /** The URL of another endpoint, such as an emulator. The SDK itself reads `AWS_ENDPOINT_URL…`.
   *  @default the region's */
  readonly endpoint?: string;
  /** The credentials, or a function that returns them.
   *  @default the SDK's own chain: environment, profile, container, instance */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>);
  /** An SDK client of your own. You close it. @default a client that is created on first use */
  readonly client?: AwsClient;
}

export const awsClientChecks: Readonly<Record<keyof AwsClientOptions, Check>> = {
  region: aString,
  endpoint: aString,
  credentials: either(anObject, aFunction),
  client: anObject,
};
