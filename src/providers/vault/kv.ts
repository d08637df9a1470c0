import type { Metadata } from '../../entry.ts';
import { ConfigError, isConfigError } from '../../errors.ts';
import { contents, jsonValue } from '../../formats/json-text.ts';
import type { Document, DocumentWrite } from '../../shelter/port.ts';
import { type ConfigTree, type ConfigValue, isTree } from '../../value.ts';
import { type Asked, foreign, missing, said } from './classify.ts';
import type { Connection } from './connection.ts';
import { type KvOptions, Mounts, type Part, pathOf, type Where } from './mounts.ts';
import type { Answer } from './transport.ts';

/** Key-value secrets by the paths that `vault read` takes, whatever the version of the engine. */
export class Kv {
  readonly #connection: Connection;
  readonly #mounts: Mounts;
  /** Deleted secrets that go on counting versions. */
  readonly #deleted = new Map<string, number>();

  constructor(connection: Connection, options: KvOptions) {
    this.#connection = connection;
    this.#mounts = new Mounts(connection, options);
  }

  onNotice(tell: (message: string) => void): void {
    this.#mounts.notice = tell;
  }

  async read(
    path: string,
    version: string | undefined,
    signal: AbortSignal,
  ): Promise<{ answer: Answer; document: Document | 'absent' }> {
    const query = version === undefined ? {} : { query: `version=${encodeURIComponent(version)}` };
    const asked = { method: 'GET', what: path, ...query } as const;
    const { answer, kv } = await this.#ask(path, 'data', asked, signal);
    if (version !== undefined && kv !== 2)
      throw new ConfigError('invalid_option', `vault: ${path} keeps no versions`, {
        provider: 'vault',
        hint: 'Only KV version 2 does',
      });
    this.#deleted.delete(path);
    const { data } = answer.body as { data?: { data?: ConfigValue; metadata?: KvMetadata } & ConfigTree };
    if (answer.status === 404) {
      if (data?.metadata?.version !== undefined && version === undefined)
        this.#remember(path, data.metadata.version);
      return { answer, document: 'absent' };
    }
    const value = kv === 2 ? data?.data : data;
    if (!isTree(value)) throw foreign(answer, path);
    if (contents(value).largeNumber)
      throw new ConfigError(
        'parse',
        `vault: ${path} holds a number beyond 2^53, which loses digits when it is read`,
        {
          provider: 'vault',
          hint: 'Keep it as a string',
        },
      );
    return {
      answer,
      document: { value, secret: true, text: true, ...(kv === 2 && aboutKv(data?.metadata)) },
    };
  }

  /** The names in a folder, folders with a slash at the end. */
  async names(folder: string, signal: AbortSignal): Promise<readonly string[]> {
    const { answer } = await this.#ask(folder, 'metadata', { method: 'LIST', what: folder }, signal);
    const { data } = answer.body;
    if (answer.status === 404 || data === null) return [];
    const keys = isTree(data) ? (data.keys ?? []) : undefined;
    if (!Array.isArray(keys)) throw foreign(answer, folder);
    return keys.filter((name) => typeof name === 'string');
  }

  async write(
    path: string,
    value: ConfigValue | undefined,
    options: DocumentWrite,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const where = await this.#mounts.where(path, signal);
    const asked = (method: Asked['method'], part: Part, body?: object): Asked => ({
      method,
      path: pathOf(where, part),
      what: path,
      ...(body && { body }),
    });
    const { ifVersion } = options;
    if (where.kv !== 2) {
      if (ifVersion !== undefined)
        throw new ConfigError(
          'invalid_option',
          `vault: ${path} keeps no versions, so that ifVersion cannot be checked`,
          {
            provider: 'vault',
          },
        );
      const fields = value === undefined ? {} : fieldsOf(path, value);
      // version 1 refuses a secret without fields: that is one that is not there
      await this.#done(
        Object.keys(fields).length === 0 ? asked('DELETE', 'data') : asked('POST', 'data', fields),
        signal,
      );
      return undefined;
    }
    if (value === undefined) {
      const one =
        ifVersion === undefined
          ? asked('DELETE', 'data')
          : asked('POST', 'delete', { versions: [Number(ifVersion)] });
      await this.#done(one, signal);
      return undefined;
    }
    const cas = ifVersion === undefined ? (this.#deleted.get(path) ?? 0) : Number(ifVersion);
    const answer = await this.#done(
      asked('POST', 'data', { data: fieldsOf(path, value), options: { cas } }),
      signal,
    );
    this.#deleted.delete(path);
    if (options.metadata)
      await this.#done(asked('POST', 'metadata', { custom_metadata: texts(options.metadata) }), signal);
    const { data } = answer.body as { data?: { version?: number } };
    return data?.version === undefined ? undefined : `${data.version}`;
  }

  async #done(asked: Asked, signal: AbortSignal): Promise<Answer> {
    const answer = await this.#connection.ask(asked, signal);
    if (answer.status === 404) throw missing(asked.what);
    return answer;
  }

  /** Asks; a 404 that is handed on says for certain that there is none. */
  async #ask(
    path: string,
    part: Part,
    asked: Omit<Asked, 'path'>,
    signal: AbortSignal,
  ): Promise<{ answer: Answer; kv: Where['kv'] }> {
    const where = await this.#mounts.where(path, signal);
    if (!where.sure) return this.#find(where, part, asked, signal);
    const answer = await this.#connection.ask({ ...asked, path: pathOf(where, part) }, signal);
    if (answer.status !== 404 || isTree(answer.body.data) || said(answer) === '')
      return { answer, kv: where.kv };
    this.#mounts.forget(); // the engine may have been changed meanwhile
    const now = await this.#mounts.where(path, signal);
    if (pathOf(now, part) === pathOf(where, part)) throw missing(asked.what);
    return this.#ask(path, part, asked, signal);
  }

  /** Nobody tells the engine's version: asked as version 2, and unless that finds something, as version 1. Only version 2 warns
   *  of a path without data/ or metadata/. */
  async #find(
    where: Where,
    part: Part,
    asked: Omit<Asked, 'path'>,
    signal: AbortSignal,
  ): Promise<{ answer: Answer; kv: Where['kv'] }> {
    const as = async (kv: 1 | 2): Promise<Answer | ConfigError> => {
      try {
        return await this.#connection.ask({ ...asked, path: pathOf({ ...where, kv }, part) }, signal);
      } catch (error) {
        if (isConfigError(error) && error.code === 'access_denied') return error;
        throw error;
      }
    };
    const second = await as(2);
    if (!isConfigError(second) && (second.status !== 404 || isTree(second.body.data)))
      return this.#learnt(where, 2, second);
    const first = await as(1);
    if (!isConfigError(first) && (first.status !== 404 || said(first) === ''))
      return this.#learnt(where, 1, first);
    if (isConfigError(second)) throw second;
    if (/no handler/i.test(said(second))) throw missing(asked.what);
    return this.#learnt(where, 2, second);
  }

  async #learnt(where: Where, kv: 1 | 2, answer: Answer): Promise<{ answer: Answer; kv: 1 | 2 }> {
    await this.#mounts.learn(where, kv);
    return { answer, kv };
  }

  #remember(path: string, version: number): void {
    if (this.#deleted.size >= 1000) this.#deleted.clear();
    this.#deleted.set(path, version);
  }
}

interface KvMetadata {
  readonly version?: number;
  readonly created_time?: string;
  readonly deletion_time?: string;
  readonly custom_metadata?: Readonly<Record<string, string>> | null;
}

function aboutKv({
  version,
  created_time,
  deletion_time,
  custom_metadata,
}: KvMetadata = {}): Partial<Document> {
  const modifiedAt = Date.parse(created_time ?? '');
  const expiresAt = Date.parse(deletion_time ?? ''); // still to come: the secret deletes itself
  const { tags, ...words } = custom_metadata ?? {};
  const metadata: Metadata = { ...words, ...(tags !== undefined && { tags: tags.split(',') }) };
  return {
    ...(version !== undefined && { version: `${version}` }),
    ...(modifiedAt > 0 && { modifiedAt }),
    ...(expiresAt > 0 && { expiresAt }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  };
}

function texts(metadata: Metadata): Record<string, string> {
  const given = Object.entries(metadata).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([name, value]) => [
      name,
      typeof value === 'string' ? value : (value as readonly string[]).join(','),
    ]),
  );
}

/** A secret is made of fields. */
function fieldsOf(path: string, value: ConfigValue): object {
  if (isTree(value)) return jsonValue(value, `vault: ${path}`) as ConfigTree;
  throw new ConfigError('invalid_option', `vault: ${path} holds fields, not one value`, {
    provider: 'vault',
    hint: 'Write a field of it',
  });
}
