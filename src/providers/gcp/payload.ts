// What Google returns of secret versions: a payload, checked against its checksum and decoded, and facts in a
// list. Used by `source.ts`. Over gRPC and REST, the same fact has different types.

import { ConfigError } from '../../errors.ts';
import type { VersionInfo } from '../../provider.ts';
import { incomplete } from '../../remote/findings.ts';
import { asDocument } from '../../shelter/places.ts';
import type { Document } from '../../shelter/port.ts';
import { crc32c } from './crc32c.ts';

export interface Version {
  readonly name?: string;
  readonly payload?: { readonly data?: Uint8Array | string | null; readonly dataCrc32c?: unknown } | null;
}

/** A version in the list of versions. Over REST, times are text and states may be numbers. */
export interface ListedVersion {
  readonly name?: string;
  readonly state?: string | number;
  readonly createTime?: string | { readonly seconds?: unknown; readonly nanos?: unknown } | null;
}

const states = ['STATE_UNSPECIFIED', 'ENABLED', 'DISABLED', 'DESTROYED'];

export function infoOf({ name, state, createTime }: ListedVersion): VersionInfo {
  const modifiedAt =
    typeof createTime === 'string'
      ? Date.parse(createTime)
      : Number(createTime?.seconds ?? Number.NaN) * 1000 + Math.floor(Number(createTime?.nanos ?? 0) / 1e6);
  const stage = `${typeof state === 'number' ? states[state] : state}`;
  return {
    version: versionIn(name) ?? '',
    ...(modifiedAt > 0 && { modifiedAt }),
    ...(stage !== 'ENABLED' && { stages: [stage.toLowerCase()] }),
  };
}

/** Throws `unavailable`, which is retried, if the payload is missing or does not match its checksum. */
export function documentOf(provider: string, name: string, version: Version): Document {
  const { payload } = version;
  if (!payload) throw incomplete(provider, `the response for ${name} has no payload`);
  // over REST the data is base64 text
  const bytes =
    typeof payload.data === 'string' ? Buffer.from(payload.data, 'base64') : Buffer.from(payload.data ?? []);
  const checksum = payload.dataCrc32c;
  if (checksum !== undefined && checksum !== null && String(checksum) !== String(crc32c(bytes)))
    throw new ConfigError(
      'unavailable',
      `${provider}: ${name} was corrupted in transit: the checksum does not match`,
      { provider },
    );
  const number = versionIn(version.name);
  const fields = { secret: true, text: true, ...(number && { version: number }) };
  const text = utf8(bytes);
  return text === undefined
    ? { ...fields, value: bytes.toString('base64'), metadata: { type: 'binary' } }
    : asDocument(text, fields);
}

/** The version at the end of a resource name: `7` of `projects/acme/secrets/tls/versions/7`. */
export const versionIn = (name: string | undefined): string | undefined =>
  /\/versions\/([\w-]+)$/.exec(name ?? '')?.[1];

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
