// The actions that reading keys from Secrets Manager needs. Used by `source.ts`.

import type { Need } from '../../../needs.ts';
import type { Wanted } from '../../../provider.ts';
import type { DocumentSource } from '../../../shelter/port.ts';
import { arnOf, awsNeed, decryptNeeds, documentsFor } from '../needs.ts';

export function secretsNeeds(
  source: DocumentSource,
  root: string,
  region: string | undefined,
  kmsKeyId: string | undefined,
  wanted: Wanted,
): readonly Need[] {
  const { places, batch } = source;
  const { keys, prefixes } = wanted;
  const names = [...documentsFor(source, [...keys, ...prefixes].filter(Boolean), wanted)];
  const secret = (name: string): string => arnOf('secretsmanager', region, `secret:${name}`);
  const need = (action: string, resource: string): Need => awsNeed(region, action, resource);
  // AWS adds six characters to the name of a secret that exists
  const resources = names.flatMap((name) =>
    name.startsWith('arn:') ? [name, `${name}-??????`] : [secret(name), secret(`${name}-??????`)],
  );
  const lists = places === undefined && prefixes.length > 0;
  const below = prefixes.flatMap((prefix) =>
    prefix === '' ? [root] : (source.locate(prefix).at(-1)?.document ?? []),
  );
  return [
    ...resources.map((resource) => need('secretsmanager:GetSecretValue', resource)),
    ...(lists ? below.map((name) => need('secretsmanager:GetSecretValue', secret(`${name}*`))) : []),
    ...(batch > 1 && (names.length > 1 || lists) ? [need('secretsmanager:BatchGetSecretValue', '*')] : []),
    ...(lists ? [need('secretsmanager:ListSecrets', '*')] : []),
    ...decryptNeeds(region, kmsKeyId),
  ];
}
