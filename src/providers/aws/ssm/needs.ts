// The actions that reading keys from SSM needs. Used by `source.ts`.

import type { Need } from '../../../needs.ts';
import type { Wanted } from '../../../provider.ts';
import type { DocumentSource } from '../../../shelter/port.ts';
import { arnOf, awsNeed, decryptNeeds, documentsFor } from '../needs.ts';

/** A version or a label at the end of a name. A policy names the parameter alone. */
const versionSuffix = /:[^/:]+$/;

export function ssmNeeds(
  source: DocumentSource,
  root: string,
  region: string | undefined,
  kmsKeyId: string | undefined,
  wanted: Wanted,
): readonly Need[] {
  const names = [...documentsFor(source, wanted.keys, wanted)];
  const parameter = (name: string): string => {
    const plain = name.startsWith('arn:') ? name : name.replace(versionSuffix, '');
    return arnOf('ssm', region, `parameter/${plain.replace(/^\//, '')}`);
  };
  const folders = source.places
    ? []
    : wanted.prefixes.map((prefix) =>
        prefix === '' ? root : (source.locate(prefix)[0]?.document ?? undefined),
      );
  return [
    ...names.map((name) => awsNeed(region, 'ssm:GetParameters', parameter(name))),
    ...folders.flatMap((folder) => {
      if (folder === undefined) return [];
      // a page that AWS refuses is read by name
      const below = [...(folder === '' ? [] : [parameter(folder)]), parameter(`${folder}/*`)];
      return ['ssm:GetParametersByPath', 'ssm:GetParameters'].flatMap((action) =>
        below.map((resource) => awsNeed(region, action, resource)),
      );
    }),
    ...decryptNeeds(region, kmsKeyId),
  ];
}
