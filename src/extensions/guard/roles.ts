// The six roles of a platform, as data. Used by applications.

import type { RulesData } from './rules-schema.ts';

/** Rules for six roles: `global-admin` does everything, `tenant-admin` reads and writes, `operator` reads and
 *  refreshes, `developer` reads and lists what is not a secret and writes below a segment `dev`, `viewer`
 *  reads and lists what is not a secret, `service-account` reads. Keys are those of the provider that is
 *  guarded: for a tenant's view, those of the tenant. Give the roles members, or name the attribute that
 *  lists a caller's.
 *  @example
 *  const policy = rules({
 *    ...platformRules,
 *    roles: { ...platformRules.roles, developer: ['ann'], 'service-account': ['inference'] },
 *  });
 *  @see rules */
export const platformRules = {
  roles: {
    'global-admin': [],
    'tenant-admin': [],
    operator: [],
    developer: [],
    viewer: [],
    'service-account': [],
  },
  allow: {
    'global admins do everything': { roles: ['global-admin'], keys: ['**'] },
    'tenant admins read and write': {
      roles: ['tenant-admin'],
      actions: ['read', 'list', 'write', 'delete'],
      keys: ['**'],
    },
    'operators read and refresh': { roles: ['operator'], actions: ['read', 'list', 'refresh'], keys: ['**'] },
    'developers and viewers read what is public': {
      roles: ['developer', 'viewer'],
      actions: ['read', 'list'],
      secret: false,
      keys: ['**'],
    },
    'developers write in dev': {
      roles: ['developer'],
      actions: ['write', 'delete'],
      keys: ['dev.**', '*.dev.**'],
    },
    'services read': { roles: ['service-account'], actions: ['read'], keys: ['**'] },
  },
} as const satisfies RulesData;
