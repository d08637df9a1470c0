// Parts of the policies of IAM that the sources of SSM and Secrets Manager share.

import type { Need } from '../../needs.ts';

/** `aws` in most regions. */
const partitionOf = (region: string): string =>
  region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';

/** The ARN of a resource of any account. One that is an ARN is returned as it is. */
export const arnOf = (service: string, region: string | undefined, resource: string): string =>
  resource.startsWith('arn:')
    ? resource
    : `arn:${partitionOf(region ?? '')}:${service}:${region ?? '*'}:*:${resource}`;

export const awsNeed = (region: string | undefined, action: string, resource: string): Need => ({
  kind: 'aws',
  ...(region && { at: region }),
  action,
  resource,
});

/** What decrypting with a key of one's own needs. The account's own keys need nothing. */
export const decryptNeeds = (region: string | undefined, keyId: string | undefined): readonly Need[] =>
  keyId === undefined ? [] : [awsNeed(region, 'kms:Decrypt', keyId)];
