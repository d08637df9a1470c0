// What version 2 of the KV engine says of a secret besides its fields: versions, times, custom metadata. Used
// by kv.ts.

import type { Metadata } from '../../entry.ts';
import type { VersionInfo } from '../../provider.ts';
import type { Document } from '../../shelter/port.ts';

/** A version in the list of versions. */
export interface VersionMetadata {
  readonly created_time?: string;
  /** May be in the future: the version deletes itself. */
  readonly deletion_time?: string;
  readonly destroyed?: boolean;
  /** Not every server has it. */
  readonly created_by?: { readonly actor?: string } | null;
}

export function infoOf(
  { created_time, deletion_time, destroyed, created_by }: VersionMetadata,
  now: number,
): Omit<VersionInfo, 'version'> {
  const modifiedAt = Date.parse(created_time ?? '');
  const isDeleted = Date.parse(deletion_time ?? '') <= now;
  const author = created_by?.actor;
  return {
    ...(modifiedAt > 0 && { modifiedAt }),
    ...((destroyed || isDeleted) && { stages: [destroyed ? 'destroyed' : 'deleted'] }),
    ...(author !== undefined && { author }),
  };
}

export interface KvMetadata {
  readonly version?: number;
  readonly created_time?: string;
  readonly deletion_time?: string;
  readonly custom_metadata?: Readonly<Record<string, string>> | null;
}

export function detailsOf({
  version,
  created_time,
  deletion_time,
  custom_metadata,
}: KvMetadata = {}): Partial<Document> {
  const modifiedAt = Date.parse(created_time ?? '');
  const expiresAt = Date.parse(deletion_time ?? ''); // in the future: the secret deletes itself
  const { tags, ...others } = custom_metadata ?? {};
  const metadata: Metadata = { ...others, ...(tags !== undefined && { tags: tags.split(',') }) };
  return {
    ...(version !== undefined && { version: `${version}` }),
    ...(modifiedAt > 0 && { modifiedAt }),
    ...(expiresAt > 0 && { expiresAt }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  };
}

/** Custom metadata of Vault has strings only: a list becomes a text with commas. */
export function customMetadata(metadata: Metadata): Record<string, string> {
  const set = Object.entries(metadata).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    set.map(([name, value]) => [
      name,
      typeof value === 'string' ? value : (value as readonly string[]).join(','),
    ]),
  );
}
