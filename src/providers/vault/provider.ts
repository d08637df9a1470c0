// VaultProvider: checks the options, turns them into places and lease requests, and builds the parts behind
// the shelter.

import { ConfigError } from '../../errors.ts';
import { checkOptions } from '../../internal/options.ts';
import { keyOf } from '../../key.ts';
import type { ComparingProvider } from '../../provider.ts';
import { quoted } from '../../redact.ts';
import { WritableVersionedShelteredProvider } from '../../shelter/abilities.ts';
import { steadied, systemClock } from '../../shelter/clock.ts';
import { shelterOptionsOf } from '../../shelter/options.ts';
import { placesOf } from '../../shelter/places.ts';
import type { Place } from '../../shelter/port.ts';
import { Connection } from './connection.ts';
import { Kv } from './kv.ts';
import { Leases } from './leases.ts';
import { type LeaseRequest, refuseToken, type VaultOptions, vaultChecks } from './options.ts';
import { isSegment, trimSlashes } from './paths.ts';
import { VaultSource } from './source.ts';

/** Reads and writes key-value secrets of HashiCorp Vault or OpenBao (versions 1 and 2 of the engine), and
 *  reads credentials that Vault creates on demand. All values are secret. `node-vault` is loaded on first
 *  use.
 *  @throws ConfigError `invalid_option`, if the options do not fit together.
 *  @example
 *  const vault = new VaultProvider({ path: 'acme/inference/' }); // everything below secret/acme/inference/
 *  const password = await vault.get('database.password'); // a field of secret/acme/inference/database
 *  @example
 *  const database = new VaultProvider({ leases: { postgres: 'database/creds/inference' } });
 *  const user = await database.get('postgres.username'); // created by this read, renewed later
 */
export class VaultProvider extends WritableVersionedShelteredProvider implements ComparingProvider {
  declare readonly compares: true;

  constructor(options: VaultOptions) {
    const { source, leases, places } = partsOf(options);
    super(source, shelterOptionsOf(options));
    // a revoked token ends its leases, so their keys are read again, even if nothing watches this provider
    leases.watch((ended) => {
      for (const { key, document } of places) if (ended.includes(document)) void this.refresh(key);
    });
  }
}

interface Parts {
  readonly source: VaultSource;
  readonly leases: Leases;
  readonly places: readonly Place[];
}

/** The parts of a provider. Exported for tests. */
export function partsOf(options: VaultOptions): Parts {
  refuseToken('VaultProvider', options);
  checkOptions('VaultProvider', options, vaultChecks);
  const { path, secrets, kv = 'auto', maxKeys = 100_000, clock = systemClock } = options;
  if (path !== undefined && secrets !== undefined)
    throw new ConfigError('invalid_option', 'VaultProvider: path and secrets cannot be combined', {
      hint: 'Use two providers in a chain',
    });
  if (path === undefined && secrets === undefined && options.leases === undefined)
    throw new ConfigError('invalid_option', 'VaultProvider: one of path, secrets, leases is required', {
      hint: 'Set path to read a folder',
    });
  if (options.mount !== undefined && path === undefined)
    throw new ConfigError('invalid_option', 'VaultProvider: mount applies to path only', {
      hint: 'Start each path in secrets and leases with its mount',
    });
  const mount = path === undefined ? undefined : checkedPath('mount', options.mount ?? 'secret');
  const leased = leaseParts(options.leases ?? {});
  const folder = path?.endsWith('/')
    ? `${[mount, checkedPath('path', path)].filter(Boolean).join('/')}/`
    : undefined;
  const singleSecret: Place[] =
    path === undefined || path.endsWith('/')
      ? []
      : [{ key: '', document: `${mount}/${checkedPath('path', path)}`, field: '' }];
  const places = [
    ...singleSecret,
    ...placesOf('VaultProvider', 'secrets', secrets ?? {}).map(checkedPlace),
    ...leased.places,
  ];
  const steady = steadied(clock);
  const connection = new Connection(options, steady);
  const leases = new Leases(connection, leased.requests, steady);
  const source = new VaultSource({
    connection,
    kv: new Kv(connection, { kv, mount }, clock),
    // with a fixed version, a mount of several segments splits the paths of documents in another way
    view: { kv, ...(kv !== 'auto' && mount?.includes('/') && { mount }) },
    leases,
    places,
    maxKeys,
    ...(folder !== undefined && { folder }),
  });
  return { source, leases, places };
}

/** The places and requests of the option `leases`. Each key with its own request data is its own document. */
function leaseParts(leases: NonNullable<VaultOptions['leases']>): {
  places: Place[];
  requests: Map<string, LeaseRequest>;
} {
  const requests = new Map<string, LeaseRequest>();
  const places = Object.entries(leases).flatMap(([key, lease]): Place[] => {
    if (typeof lease === 'string') {
      const named = placesOf('VaultProvider', 'leases', { [key]: lease }).map((place) =>
        checkedPlace({ ...place, leased: true }),
      );
      for (const { document } of named) requests.set(document, { path: document });
      return named;
    }
    const path = checkedPath('leases', lease.path);
    const document = Object.keys(lease).length === 1 ? path : `${path} for ${keyOf(key)}`;
    requests.set(document, { ...lease, path });
    return [{ key: keyOf(key), document, field: '', leased: true }];
  });
  return { places, requests };
}

function checkedPlace(place: Place): Place {
  const document = checkedPath(place.leased ? 'leases' : 'secrets', place.document);
  if (!document.includes('/'))
    throw new ConfigError(
      'invalid_option',
      `VaultProvider: the path for the key ${quoted(place.key)} has no mount`,
      { hint: 'Write the full path, as in secret/acme/db' },
    );
  return { ...place, document };
}

/** Removes slashes at both ends, and refuses segments that Vault does not accept. */
function checkedPath(option: string, text: string): string {
  const path = trimSlashes(text);
  const invalid = path === '' ? undefined : path.split('/').find((segment) => !isSegment(segment));
  if (invalid !== undefined)
    throw new ConfigError(
      'invalid_option',
      `VaultProvider: ${option} has the invalid segment ${JSON.stringify(invalid)}`,
      {
        hint: 'Write the path as acme/inference/',
      },
    );
  return path;
}
