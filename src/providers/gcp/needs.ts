// The roles that reading keys from Secret Manager needs. Used by `source.ts`.

import { isWanted, type Need } from '../../needs.ts';
import type { Wanted } from '../../provider.ts';
import type { Place } from '../../shelter/port.ts';

/** `parent`: the project, and the location of regional secrets. */
export function gcpNeeds(
  places: readonly Place[] | undefined,
  parent: string,
  prefix: string | undefined,
  wanted: Wanted,
): readonly Need[] {
  const accessor = 'roles/secretmanager.secretAccessor';
  const need = (action: string, resource: string): Need => ({ kind: 'gcp', at: parent, action, resource });
  if (!places)
    return [
      // Google denies a secret that does not exist, unless the role is on all names
      need(accessor, `${parent}/secrets/${prefix ?? ''}*`),
      need('roles/secretmanager.viewer', parent),
    ];
  return places
    .filter(({ key }) => isWanted(key, wanted))
    .map(({ document }) => need(accessor, document.split('/versions/')[0] as string));
}
