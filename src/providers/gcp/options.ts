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

export interface GcpSecretManagerOptions extends ShelterOptions {
  /** The project's id or number. */
  readonly project: string;
  /** Only secrets whose names start with it: `inference-db--host` is then `db.host`. @default '' */
  readonly prefix?: string;
  /** Keys and the secrets they stand in, in place of all names below the prefix: `{ 'database.password': 'db#password',
   *  tls: 'projects/1234/secrets/tls/versions/7' }`; `name#` is the text itself. @default none */
  readonly secrets?: Readonly<Record<string, string>>;
  /** The region of regional secrets: `europe-west4`. @default global */
  readonly location?: string;
  /** Which version is read: a number or an alias. @default 'latest' */
  readonly version?: string;
  /** Where secrets that are created keep their payload: `['europe-west4', 'europe-west1']`. @default wherever Google chooses */
  readonly replicas?: readonly string[];
  /** How long to look for credentials before saying that there are none. @default 1_000 */
  readonly credentialsTimeoutMs?: number;
  /** Handed to Google's client as they are: `keyFilename`, `apiEndpoint`, `fallback`. @default none */
  readonly clientOptions?: object;
  /** A client of your own, which is then yours to close. @default one made on first use */
  readonly client?: GcpClient;
  /** How errors and explanations call it. @default 'gcp' */
  readonly name?: string;
}

const matching =
  (expected: string, pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? undefined : expected;

const aRegion = matching('a region, as in europe-west4', /^[a-z][a-z0-9-]*$/);
const secretName =
  /^(?:projects\/[^/\s]+\/(?:locations\/([^/\s]+)\/)?secrets\/)?[\w-]{1,255}(?:\/versions\/[\w-]+)?$/;

/** The options, unless something is wrong with them. */
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
    throw new ConfigError('invalid_option', `${owner}: project is missing`, {
      hint: "Give its id, as in { project: 'acme-prod' }",
    });
  if (options.secrets && options.prefix)
    throw new ConfigError('invalid_option', `${owner}: give either prefix or secrets`);
  for (const [key, said] of Object.entries(options.secrets ?? {})) {
    const named = secretName.exec(said.split('#')[0] as string);
    if (!named)
      throw new ConfigError(
        'invalid_option',
        `${owner}: secrets names no secret for the key ${JSON.stringify(key)}`,
        {
          hint: 'A name has letters, digits, - and _ only; write it as name, name/versions/7, name#field or projects/…/secrets/name',
        },
      );
    if (said.startsWith('projects/') && named[1] !== options.location)
      throw new ConfigError(
        'invalid_option',
        `${owner}: the secret for the key ${JSON.stringify(key)} is not in the location`,
        {
          hint: 'Each region has its own endpoint: give each a provider with its location',
        },
      );
  }
  return options;
}
