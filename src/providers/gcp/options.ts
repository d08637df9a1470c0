// Options of the GCP Secret Manager provider and their checks. Used by `provider.ts`. The comments become
// the table in docs/providers/gcp.md. Names are checked here, because they become parts of a resource name.

import { ConfigError } from '../../errors.ts';
import {
  aNumber,
  anObject,
  aString,
  type Check,
  checkOptions,
  listOf,
  mapOf,
} from '../../internal/options.ts';
import { type ShelterOptions, shelterOptionChecks } from '../../shelter/options.ts';
import type { GcpClient } from './client.ts';

/** Options of a `GcpSecretManagerProvider`. */
export interface GcpSecretManagerOptions extends ShelterOptions {
  /** The id or number of the project. */
  readonly project: string;
  /** Reads only secrets with names that start with it: with `inference-`, `inference-db--host` is `db.host`.
   *  @default '' */
  readonly prefix?: string;
  /** Keys and their secrets, in place of all names below the prefix:
   *  `{ 'database.password': 'db#password', tls: 'projects/1234/secrets/tls/versions/7' }`. `name#field`
   *  selects a field of JSON text, `name#` the whole text. Exclusive with `prefix`. @default none */
  readonly secrets?: Readonly<Record<string, string>>;
  /** The region of regional secrets: `europe-west4`. @default global */
  readonly location?: string;
  /** The version to read, a number or an alias. Any other than `latest` makes the provider read-only.
   *  @default 'latest' */
  readonly version?: string;
  /** The regions that store the payload of created secrets: `['europe-west4', 'europe-west1']`.
   *  @default wherever Google chooses */
  readonly replicas?: readonly string[];
  /** How long to look for credentials before a read fails with `unauthenticated`. @default 1_000 */
  readonly credentialsTimeoutMs?: number;
  /** Passed to Google's client unchanged: `keyFilename`, `apiEndpoint`, `fallback`. @default none */
  readonly clientOptions?: object;
  /** A client of your own. You close it. @default a client that is created on first use */
  readonly client?: GcpClient;
  /** The provider's name in errors and explanations. @default 'gcp' */
  readonly name?: string;
}

const matching =
  (expected: string, pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? undefined : expected;

const aRegion = matching('a region, as in europe-west4', /^[a-z][a-z0-9-]*$/);
const secretName =
  /^(?:projects\/[^/\s]+\/(?:locations\/([^/\s]+)\/)?secrets\/)?[\w-]{1,255}(?:\/versions\/[\w-]+)?$/;

/** Returns the options. Throws `invalid_option` for an invalid one. */
export function checked(options: GcpSecretManagerOptions): GcpSecretManagerOptions {
  const owner = 'GcpSecretManagerProvider';
  checkOptions(owner, options, {
    project: matching('the id or number of a project', /^[\w.:-]+$/),
    prefix: matching('letters, digits, - and _', /^[\w-]{0,254}$/),
    secrets: mapOf(aString),
    location: aRegion,
    version: matching('a number or an alias', /^[\w-]+$/),
    replicas: listOf(aRegion),
    credentialsTimeoutMs: aNumber(1),
    clientOptions: anObject,
    client: anObject,
    name: aString,
    ...shelterOptionChecks,
  });
  if (options.project === undefined)
    throw new ConfigError('invalid_option', `${owner}: the option project is missing`, {
      hint: "Set project to its id or number, as in { project: 'acme-prod' }",
    });
  if (options.secrets && options.prefix)
    throw new ConfigError('invalid_option', `${owner}: prefix and secrets cannot be combined`, {
      hint: 'Remove one of them',
    });
  for (const [key, place] of Object.entries(options.secrets ?? {})) {
    const match = secretName.exec(place.split('#')[0] as string);
    if (!match)
      throw new ConfigError(
        'invalid_option',
        `${owner}: the option secrets has an invalid secret name for the key ${JSON.stringify(key)}`,
        {
          hint:
            'Use letters, digits, - and _ only, as in name, name/versions/7, name#field or ' +
            'projects/…/secrets/name',
        },
      );
    if (place.startsWith('projects/') && match[1] !== options.location)
      throw new ConfigError(
        'invalid_option',
        `${owner}: the secret for the key ${JSON.stringify(key)} is in another location`,
        { hint: 'Create one provider per location: each region has its own endpoint' },
      );
  }
  return options;
}
