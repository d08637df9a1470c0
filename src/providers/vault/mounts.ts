import { isConfigError } from '../../errors.ts';
import { isTree } from '../../value.ts';
import { type Asked, foreign } from './classify.ts';
import type { Connection } from './connection.ts';

export interface KvOptions {
  readonly kv: 'auto' | 1 | 2;
  /** Of the option `path`; else the mount of a path is looked up, or its first segment. */
  readonly mount?: string | undefined;
}

export type Part = 'data' | 'metadata' | 'delete';

/** Where a path lies: `kv` is undefined for other engines, and `sure` false where nobody told. */
export interface Where {
  readonly mount: string;
  readonly inside: string;
  readonly kv: 1 | 2 | undefined;
  readonly sure: boolean;
}

/** Which engines are mounted where: looked up once, and again when one is not where it was. */
export class Mounts {
  readonly #connection: Connection;
  readonly #options: KvOptions;
  /** With a slash at the end; undefined until somebody asked. */
  #table: Promise<Map<string, 1 | 2 | undefined>> | undefined;
  notice: (message: string) => void = () => undefined;

  constructor(connection: Connection, options: KvOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  async where(path: string, signal: AbortSignal): Promise<Where> {
    const { kv, mount } = this.#options;
    const first =
      mount !== undefined && `${path}/`.startsWith(`${mount}/`) ? mount : (path.split('/')[0] as string);
    if (kv !== 'auto') return { mount: first, inside: path.slice(first.length + 1), kv, sure: true };
    this.#table ??= this.#look(signal).catch((error) => {
      this.#table = undefined;
      throw error;
    });
    const table = await this.#table;
    const known = [...table.keys()]
      .filter((one) => `${path}/`.startsWith(one))
      .sort((a, b) => b.length - a.length)[0];
    if (known === undefined)
      return { mount: first, inside: path.slice(first.length + 1), kv: 2, sure: false };
    return { mount: known.slice(0, -1), inside: path.slice(known.length), kv: table.get(known), sure: true };
  }

  /** Every token may see the mounts that it may use; where even that is denied, nothing is known. */
  async #look(signal: AbortSignal): Promise<Map<string, 1 | 2 | undefined>> {
    try {
      const asked: Asked = { method: 'GET', path: 'sys/internal/ui/mounts', what: 'the list of mounts' };
      const answer = await this.#connection.ask(asked, signal);
      if (answer.status !== 404 && !isTree(answer.body.data)) throw foreign(answer, asked.what);
      const { data } = answer.body as {
        data?: { secret?: Record<string, { type?: string; options?: { version?: string } | null }> };
      };
      const versionOf = (type: string | undefined, version: string | undefined): 1 | 2 | undefined =>
        type === 'kv' || type === 'generic' ? (version === '2' ? 2 : 1) : undefined;
      return new Map(
        Object.entries(data?.secret ?? {}).map(([at, { type, options }]) => [
          at,
          versionOf(type, options?.version),
        ]),
      );
    } catch (error) {
      if (!isConfigError(error) || (error.code !== 'access_denied' && error.code !== 'invalid_option'))
        throw error;
      this.notice(
        'the mounts may not be seen: each is asked as KV version 2, then as version 1; the option kv spares that',
      );
      return new Map();
    }
  }

  /** What was found out where nobody told. */
  async learn({ mount }: Where, kv: 1 | 2): Promise<void> {
    (await this.#table)?.set(`${mount}/`, kv);
  }

  forget(): void {
    this.#table = undefined;
  }
}

/** The path of the API: KV version 2 has its parts behind the mount. */
export function pathOf({ mount, inside, kv }: Where, part: Part): string {
  return kv === 2 ? `${mount}/${part}/${inside}` : `${mount}/${inside}`;
}
