// Finds the mount and the KV version of a path. Used by kv.ts. The list of mounts is requested once, and
// again when an engine is no longer where it was. Where the list is denied, kv.ts finds the version by trial
// and records it here.

import { isConfigError } from '../../errors.ts';
import type { Call } from '../../shelter/port.ts';
import { isTree } from '../../value.ts';
import type { ApiRequest } from './api-request.ts';
import { notVault } from './classify.ts';
import type { Connection } from './connection.ts';

export interface KvOptions {
  readonly kv: 'auto' | 1 | 2;
  /** The mount that belongs to the option `path`. For other paths the mount is looked up, or is the first
   *  segment. */
  readonly mount?: string | undefined;
}

/** The part of KV version 2's API that follows the mount. */
export type ApiPart = 'data' | 'metadata' | 'delete';

type KvVersion = 1 | 2;

/** A path split at its mount. */
export interface MountedPath {
  readonly mount: string;
  readonly inside: string;
  /** Undefined for an engine other than KV. */
  readonly kv: KvVersion | undefined;
  /** False if `kv` is a guess. */
  readonly isKnown: boolean;
}

export class Mounts {
  readonly #connection: Connection;
  readonly #options: KvOptions;
  /** Mounts, with a trailing slash, and their KV versions. Undefined until first needed. */
  #table: Promise<Map<string, KvVersion | undefined>> | undefined;

  constructor(connection: Connection, options: KvOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  async resolve(path: string, call: Call): Promise<MountedPath> {
    const { kv, mount } = this.#options;
    const first =
      mount !== undefined && `${path}/`.startsWith(`${mount}/`) ? mount : (path.split('/')[0] as string);
    if (kv !== 'auto') return { mount: first, inside: path.slice(first.length + 1), kv, isKnown: true };
    this.#table ??= this.#load(call).catch((error) => {
      this.#table = undefined;
      throw error;
    });
    const table = await this.#table;
    const longest = [...table.keys()]
      .filter((prefix) => `${path}/`.startsWith(prefix))
      .sort((a, b) => b.length - a.length)[0];
    if (longest === undefined)
      return { mount: first, inside: path.slice(first.length + 1), kv: 2, isKnown: false };
    return {
      mount: longest.slice(0, -1),
      inside: path.slice(longest.length),
      kv: table.get(longest),
      isKnown: true,
    };
  }

  /** Every token may list the mounts that it may use. If a gateway denies even that, the table is empty. */
  async #load(call: Call): Promise<Map<string, KvVersion | undefined>> {
    try {
      const request: ApiRequest = {
        method: 'GET',
        path: 'sys/internal/ui/mounts',
        subject: 'the list of mounts',
      };
      const reply = await this.#connection.request(request, call.signal);
      if (reply.status !== 404 && !isTree(reply.body.data)) throw notVault(reply, request.subject);
      const { data } = reply.body as {
        data?: { secret?: Record<string, { type?: string; options?: { version?: string } | null }> };
      };
      const versionOf = (type: string | undefined, version: string | undefined): KvVersion | undefined =>
        type === 'kv' || type === 'generic' ? (version === '2' ? 2 : 1) : undefined;
      return new Map(
        Object.entries(data?.secret ?? {}).map(([prefix, { type, options }]) => [
          prefix,
          versionOf(type, options?.version),
        ]),
      );
    } catch (error) {
      if (!isConfigError(error) || (error.code !== 'access_denied' && error.code !== 'invalid_option'))
        throw error;
      call.notice(
        'vault: the list of mounts is not available, so each is tried as KV version 2, then 1. ' +
          'Set kv to skip the trial',
      );
      return new Map();
    }
  }

  /** Records a version that was found by trial. */
  async learn({ mount }: MountedPath, kv: KvVersion): Promise<void> {
    (await this.#table)?.set(`${mount}/`, kv);
  }

  forget(): void {
    this.#table = undefined;
  }
}

/** The path of the API. KV version 2 inserts a part after the mount. */
export function apiPath({ mount, inside, kv }: MountedPath, part: ApiPart): string {
  return kv === 2 ? `${mount}/${part}/${inside}` : `${mount}/${inside}`;
}
