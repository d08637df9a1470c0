// The permissions that reading keys from Key Vault needs. Used by `source.ts`.

import { isWanted, type Need } from '../../needs.ts';
import type { Wanted } from '../../provider.ts';
import type { Place } from '../../shelter/port.ts';

export function azureNeeds(
  places: readonly Place[] | undefined,
  vault: string | undefined,
  wanted: Wanted,
): readonly Need[] {
  const need = (action: string, resource: string): Need => ({
    kind: 'azure',
    ...(vault !== undefined && { at: vault }),
    action,
    resource,
  });
  if (!places) return [need('get', '*'), need('list', '*')];
  return places
    .filter(({ key }) => isWanted(key, wanted))
    .map(({ document }) => need('get', document.split('/')[0] as string));
}
