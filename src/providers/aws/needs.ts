// Parts of the policies of IAM that the sources of SSM and Secrets Manager share.

import { isWanted, type Need } from '../../needs.ts';
import type { Wanted } from '../../provider.ts';
import type { DocumentSource } from '../../shelter/port.ts';
import type { Key } from '../../value.ts';

/** The documents that a caller reads. `keys`: those to locate if the source has no list of places. */
export function documentsFor(
  source: DocumentSource,
  keys: readonly Key[],
  wanted: Wanted,
): ReadonlySet<string> {
  const places =
    source.places?.filter(({ key }) => isWanted(key, wanted)) ?? keys.flatMap((key) => source.locate(key));
  return new Set(places.map(({ document }) => document));
}

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
