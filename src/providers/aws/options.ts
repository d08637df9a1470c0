import { aFunction, anObject, aString, type Check, either } from '../../internal/options.ts';
import type { AwsClient, AwsCredentials } from './client.ts';

/** Where AWS is and who asks; the same for every provider here. */
export interface AwsClientOptions {
  /** Where the service is. @default AWS_REGION, AWS_DEFAULT_REGION, else the region of the profile */
  readonly region?: string;
  /** For an endpoint of your own; `AWS_ENDPOINT_URL…` is left to the SDK. @default the region's */
  readonly endpoint?: string;
  /** Who asks: credentials, or a function that answers them. @default the SDK's own chain: environment, profile, container, instance */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>);
  /** A client of your own, which is then yours to close. @default one made on first use */
  readonly client?: AwsClient;
}

export const awsClientChecks: Readonly<Record<keyof AwsClientOptions, Check>> = {
  region: aString,
  endpoint: aString,
  credentials: either(anObject, aFunction),
  client: anObject,
};
