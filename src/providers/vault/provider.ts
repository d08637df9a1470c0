import { ConfigError } from '../../errors.ts';
import { checkOptions } from '../../internal/options.ts';
import { keyOf } from '../../key.ts';
import { systemClock } from '../../shelter/clock.ts';
import { shelterOptionsOf } from '../../shelter/options.ts';
import { placesOf } from '../../shelter/places.ts';
import type { Place } from '../../shelter/port.ts';
import { WritableShelteredProvider } from '../../shelter/sheltered.ts';
import { Connection, isSegment } from './connection.ts';
import { Kv } from './kv.ts';
import { Leases } from './lease.ts';
import { type LeaseRequest, type VaultOptions, vaultChecks } from './options.ts';
import { VaultSource } from './source.ts';

/** Secrets of HashiCorp Vault or OpenBao: key-value secrets of both versions, and credentials that are made on demand. */
export class VaultProvider extends WritableShelteredProvider {
  constructor(options: VaultOptions) {
    const { source, leases, places } = partsOf(options);
    super(source, shelterOptionsOf(options));
    // a token that is revoked takes what was made under it along, whether anybody watches or not
    leases.watch((gone) => {
      for (const { key, document } of places) if (gone.includes(document)) void this.refresh(key);
    });
  }
}

interface Parts {
  readonly source: VaultSource;
  readonly leases: Leases;
  readonly places: readonly Place[];
}

function partsOf(options: VaultOptions): Parts {
  checkOptions('VaultProvider', options, vaultChecks);
  const { path, secrets, kv = 'auto', maxKeys = 100_000, clock = systemClock } = options;
  if (path !== undefined && secrets !== undefined)
    throw new ConfigError('invalid_option', 'VaultProvider: give path or secrets, not both', {
      hint: 'Take two providers in a chain',
    });
  if (path === undefined && secrets === undefined && options.leases === undefined)
    throw new ConfigError('invalid_option', 'VaultProvider: it is not said what to read', {
      hint: 'Give path, secrets or leases',
    });
  if (options.mount !== undefined && path === undefined)
    throw new ConfigError('invalid_option', 'VaultProvider: mount belongs to path', {
      hint: 'Paths under secrets and leases begin with their mount',
    });
  const mount = path === undefined ? undefined : pathOf('mount', options.mount ?? 'secret');
  const made = leasePlaces(options.leases ?? {});
  const below = path?.endsWith('/') ? [mount, pathOf('path', path)].filter(Boolean).join('/') : undefined;
  const one: Place[] =
    path === undefined || path.endsWith('/')
      ? []
      : [{ key: '', document: `${mount}/${pathOf('path', path)}`, field: '' }];
  const places = [
    ...one,
    ...placesOf('VaultProvider', 'secrets', secrets ?? {}).map(checked),
    ...made.places,
  ];
  const connection = new Connection(options, clock);
  const leases = new Leases(connection, made.requests, clock);
  const folder = below === undefined ? {} : { folder: `${below}/` };
  const source = new VaultSource({
    connection,
    kv: new Kv(connection, { kv, mount }),
    leases,
    places,
    maxKeys,
    ...folder,
  });
  return { source, leases, places };
}

/** Two requests of one path with different data are two documents. */
function leasePlaces(leases: NonNullable<VaultOptions['leases']>): {
  places: Place[];
  requests: Map<string, LeaseRequest>;
} {
  const requests = new Map<string, LeaseRequest>();
  const places = Object.entries(leases).flatMap(([key, said]): Place[] => {
    if (typeof said === 'string') {
      const named = placesOf('VaultProvider', 'leases', { [key]: said }).map((place) =>
        checked({ ...place, leased: true }),
      );
      for (const { document } of named) requests.set(document, { path: document });
      return named;
    }
    const path = pathOf('leases', said.path);
    const document = Object.keys(said).length === 1 ? path : `${path} for ${keyOf(key)}`;
    requests.set(document, { ...said, path });
    return [{ key: keyOf(key), document, field: '', leased: true }];
  });
  return { places, requests };
}

function checked(place: Place): Place {
  const document = pathOf(place.leased ? 'leases' : 'secrets', place.document);
  if (!document.includes('/'))
    throw new ConfigError('invalid_option', `VaultProvider: ${JSON.stringify(document)} is no full path`, {
      hint: 'Write it as secret/acme/db',
    });
  return { ...place, document };
}

/** A path without slashes around it. */
function pathOf(option: string, said: string): string {
  const path = said.replace(/^\/+|\/+$/g, '');
  const odd = path !== '' && path.split('/').find((segment) => !isSegment(segment));
  if (odd !== false && odd !== undefined)
    throw new ConfigError(
      'invalid_option',
      `VaultProvider: ${option} has the segment ${JSON.stringify(odd)}`,
      {
        hint: 'Write it as acme/inference/',
      },
    );
  return path;
}
