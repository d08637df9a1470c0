// Reads, lists and writes key-value secrets by the paths that `vault read` takes, whatever the version of the
// engine. Used by source.ts. A 404 means "absent" only where the engine is known: a wrong path must not look
// like an absent secret.

import { ConfigError, isConfigError } from '../../errors.ts';
import { jsonValue, tally } from '../../formats/json-text.ts';
import type { VersionInfo } from '../../provider.ts';
import type { Clock } from '../../shelter/clock.ts';
import type { Call, Document, DocumentWrite } from '../../shelter/port.ts';
import { type ConfigTree, type ConfigValue, isTree } from '../../value.ts';
import type { ApiRequest } from './api-request.ts';
import { classify, noEngine, notVault, serverMessages } from './classify.ts';
import type { Connection } from './connection.ts';
import { customMetadata, detailsOf, infoOf, type KvMetadata, type VersionMetadata } from './kv-metadata.ts';
import { type ApiPart, apiPath, type KvOptions, type MountedPath, Mounts } from './mounts.ts';
import type { HttpReply } from './transport.ts';

interface KvReply {
  readonly reply: HttpReply;
  readonly kv: MountedPath['kv'];
}

export class Kv {
  readonly #connection: Connection;
  readonly #mounts: Mounts;
  readonly #clock: Clock;
  /** Last versions of deleted secrets: check-and-set goes on from them. */
  readonly #deleted = new Map<string, number>();

  constructor(connection: Connection, options: KvOptions, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    this.#mounts = new Mounts(connection, options);
  }

  async read(path: string, call: Call): Promise<{ reply: HttpReply; document: Document | 'absent' }> {
    const { version } = call;
    const query = version === undefined ? {} : { query: `version=${encodeURIComponent(version)}` };
    const request = { method: 'GET', subject: path, ...query } as const;
    const { reply, kv } = await this.#request(path, 'data', request, call);
    if (version !== undefined && kv !== 2) throw withoutVersions(path);
    this.#deleted.delete(path);
    const { data } = reply.body as { data?: { data?: ConfigValue; metadata?: KvMetadata } & ConfigTree };
    if (reply.status === 404) {
      if (data?.metadata?.version !== undefined && version === undefined)
        this.#rememberDeleted(path, data.metadata.version);
      return { reply, document: 'absent' };
    }
    const value = kv === 2 ? data?.data : data;
    if (!isTree(value)) throw notVault(reply, path);
    if (tally(value).largeNumber)
      throw new ConfigError('parse', `vault: ${path} has a number beyond 2^53, which would lose digits`, {
        provider: 'vault',
        hint: 'Store the number as a string',
      });
    return {
      reply,
      document: { value, secret: true, text: true, ...(kv === 2 && detailsOf(data?.metadata)) },
    };
  }

  /** The path of the API, as policies spell it. Of a folder, without the slash at its end. */
  async policyPath(path: string, part: ApiPart, call: Call): Promise<string> {
    return apiPath(await this.#mounts.resolve(path, call), part);
  }

  /** Whether the engine of a path is known without a trial. */
  async knows(path: string, call: Call): Promise<boolean> {
    return (await this.#mounts.resolve(path, call)).isKnown;
  }

  /** The versions of a secret, the newest first. Requests nothing of another engine, which might create
   *  something. */
  async versions(path: string, call: Call): Promise<readonly VersionInfo[]> {
    if ((await this.#mounts.resolve(path, call)).kv !== 2) throw withoutVersions(path);
    const { reply } = await this.#request(path, 'metadata', { method: 'GET', subject: path }, call);
    if (reply.status === 404) return [];
    const { versions } = (reply.body.data ?? {}) as { versions?: Readonly<Record<string, VersionMetadata>> };
    if (!isTree(versions)) throw notVault(reply, path);
    const now = this.#clock.now();
    return Object.entries(versions as Readonly<Record<string, VersionMetadata>>)
      .sort(([one], [other]) => Number(other) - Number(one))
      .map(([version, metadata]) => ({ version, ...infoOf(metadata, now) }));
  }

  /** The names in a folder. Folders have a trailing slash. */
  async names(folder: string, call: Call): Promise<readonly string[]> {
    const { reply } = await this.#request(folder, 'metadata', { method: 'LIST', subject: folder }, call);
    const { data } = reply.body;
    if (reply.status === 404 || data === null) return [];
    const keys = isTree(data) ? (data.keys ?? []) : undefined;
    if (!Array.isArray(keys)) throw notVault(reply, folder);
    return keys.filter((name) => typeof name === 'string');
  }

  /** Writes a whole secret, or deletes it if `value` is undefined. Returns the new version, if any. */
  async write(
    path: string,
    value: ConfigValue | undefined,
    options: DocumentWrite,
    call: Call,
  ): Promise<string | undefined> {
    const { signal } = call;
    const mounted = await this.#mounts.resolve(path, call);
    const request = (method: ApiRequest['method'], part: ApiPart, body?: object): ApiRequest => ({
      method,
      path: apiPath(mounted, part),
      subject: path,
      ...(body && { body }),
    });
    const { ifVersion } = options;
    if (mounted.kv !== 2) {
      if (ifVersion !== undefined)
        throw new ConfigError(
          'invalid_option',
          `vault: ${path} has no versions, so ifVersion cannot be checked`,
          { provider: 'vault', hint: 'Use version 2 of the KV engine, or omit ifVersion' },
        );
      const fields = value === undefined ? {} : fieldsOf(path, value);
      // version 1 refuses a secret without fields, so such a secret is deleted
      await this.#sendWrite(
        Object.keys(fields).length === 0 ? request('DELETE', 'data') : request('POST', 'data', fields),
        signal,
      );
      return undefined;
    }
    if (value === undefined) {
      const deletion =
        ifVersion === undefined
          ? request('DELETE', 'data')
          : request('POST', 'delete', { versions: [Number(ifVersion)] });
      await this.#sendWrite(deletion, signal);
      return undefined;
    }
    const cas = ifVersion === undefined ? (this.#deleted.get(path) ?? 0) : Number(ifVersion);
    const reply = await this.#sendWrite(
      request('POST', 'data', { data: fieldsOf(path, value), options: { cas } }),
      signal,
    );
    this.#deleted.delete(path);
    if (options.metadata)
      await this.#sendWrite(
        request('POST', 'metadata', { custom_metadata: customMetadata(options.metadata) }),
        signal,
      ).catch((error: unknown) => Promise.reject(withoutMetadata(path, error)));
    const { data } = reply.body as { data?: { version?: number } };
    return data?.version === undefined ? undefined : `${data.version}`;
  }

  async #sendWrite(request: ApiRequest, signal: AbortSignal): Promise<HttpReply> {
    const reply = await this.#connection.request(request, signal);
    if (reply.status === 404) throw noEngine(request.subject);
    return reply;
  }

  /** Sends a read or a list. If it returns a 404, the secret or the folder is certainly absent. */
  async #request(
    path: string,
    part: ApiPart,
    request: Omit<ApiRequest, 'path'>,
    call: Call,
    isRepeated = false,
  ): Promise<KvReply> {
    const mounted = await this.#mounts.resolve(path, call);
    if (!mounted.isKnown) return this.#tryVersions(mounted, part, request, call.signal);
    const reply = await this.#connection.request({ ...request, path: apiPath(mounted, part) }, call.signal);
    if (reply.status !== 404 || isTree(reply.body.data) || serverMessages(reply) === '')
      return { reply, kv: mounted.kv };
    this.#mounts.forget(); // the engine may have been replaced
    const remounted = await this.#mounts.resolve(path, call);
    if (isRepeated || apiPath(remounted, part) === apiPath(mounted, part)) throw noEngine(request.subject);
    return this.#request(path, part, request, call, true);
  }

  /** Tries version 2, and version 1 if that finds nothing. The result is certain: only version 2 warns of a
   *  path without `data/` or `metadata/`. */
  async #tryVersions(
    mounted: MountedPath,
    part: ApiPart,
    request: Omit<ApiRequest, 'path'>,
    signal: AbortSignal,
  ): Promise<KvReply> {
    const attempt = async (kv: 1 | 2): Promise<HttpReply | ConfigError> => {
      try {
        const path = apiPath({ ...mounted, kv }, part);
        return await this.#connection.request({ ...request, path }, signal);
      } catch (error) {
        if (isConfigError(error) && error.code === 'access_denied') return error;
        throw error;
      }
    };
    const second = await attempt(2);
    if (!isConfigError(second) && (second.status !== 404 || isTree(second.body.data)))
      return this.#learned(mounted, 2, second);
    const first = await attempt(1);
    if (!isConfigError(first) && (first.status !== 404 || serverMessages(first) === ''))
      return this.#learned(mounted, 1, first);
    if (isConfigError(second)) throw second;
    if (/no handler/i.test(serverMessages(second))) throw noEngine(request.subject);
    return this.#learned(mounted, 2, second);
  }

  async #learned(mounted: MountedPath, kv: 1 | 2, reply: HttpReply): Promise<KvReply> {
    await this.#mounts.learn(mounted, kv);
    return { reply, kv };
  }

  #rememberDeleted(path: string, version: number): void {
    if (this.#deleted.size >= 1000) this.#deleted.clear();
    this.#deleted.set(path, version);
  }
}

/** The value is written, so the error must not make anything repeat the write. */
function withoutMetadata(path: string, error: unknown): ConfigError {
  const { code, hint } = classify(error);
  const isRepeated = code === 'throttled' || code === 'conflict' || code === 'unauthenticated';
  return new ConfigError(
    isRepeated ? 'unavailable' : code,
    `vault: ${path} is written, but its metadata is not (${code})`,
    { provider: 'vault', cause: error, ...(hint && { hint }) },
  );
}

const withoutVersions = (path: string): ConfigError =>
  new ConfigError('invalid_option', `vault: ${path} has no versions`, {
    provider: 'vault',
    hint: 'Use version 2 of the KV engine, or omit version',
  });

function fieldsOf(path: string, value: ConfigValue): object {
  if (isTree(value)) return jsonValue(value, `vault: ${path}`) as ConfigTree;
  throw new ConfigError('invalid_option', `vault: ${path} has fields and cannot be a single value`, {
    provider: 'vault',
    hint: 'Set a field of the secret',
  });
}
