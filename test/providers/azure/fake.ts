// A fake Key Vault behind the client's interface, for `provider.test.ts` and the conformance suites. Its
// errors contain fake secrets and tokens, so that a leaked message fails a test.
import type { AzureClient } from '../../../src/providers/azure/index.ts';

export interface FakeSecret {
  readonly value: string | undefined;
  readonly properties: {
    readonly name: string;
    readonly version: string;
    readonly enabled: boolean;
    readonly createdOn: Date;
    readonly updatedOn: Date;
    readonly notBefore?: Date;
    readonly expiresOn?: Date;
    readonly contentType?: string;
  };
}

export type Fault = Error | 'hang' | 'garbage';

/** An error in the shape of Azure's client. */
export function refused(
  status: number | undefined,
  code?: string,
  inner?: string,
  headers: Readonly<Record<string, string>> = {},
): Error {
  return Object.assign(new Error('this message contains not-a-real-secret'), {
    name: 'RestError',
    code,
    statusCode: status,
    details: { error: { code, message: 'not-a-real-secret', ...(inner && { innererror: { code: inner } }) } },
    request: { headers: { authorization: 'Bearer not-a-real-token' } },
    response: { headers: { get: (name: string) => headers[name] } },
  });
}

interface List {
  byPage(settings?: { maxPageSize?: number }): AsyncIterator<unknown>;
}

const notFound = (): Error => refused(404, 'SecretNotFound');

/** A Key Vault in memory, with the interface of Azure's client: its pages have no continuation token. */
export class FakeVault implements AzureClient {
  readonly secrets = new Map<string, FakeSecret[]>();
  readonly deleted = new Map<string, FakeSecret[]>();
  readonly calls: { readonly method: string; readonly name?: string; readonly options?: unknown }[] = [];
  readonly denied = new Set<string>();
  fault: Fault | undefined;
  /** The page that fails once. */
  failPage: number | undefined;
  #versions = 0;

  put(name: string, value: string | undefined, more: Partial<FakeSecret['properties']> = {}): string {
    const version = (++this.#versions).toString(16).padStart(32, '0');
    const updatedOn = new Date(1_700_000_000_000);
    const createdOn = new Date(+updatedOn + 1000 * this.#versions);
    const properties = { name, version, enabled: true, createdOn, updatedOn, ...more };
    const at = this.#id(name);
    this.secrets.set(at, [...(this.secrets.get(at) ?? []), { value, properties }]);
    return version;
  }

  count(method: string): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  async getSecret(name: string, options: { version?: string } = {}): Promise<unknown> {
    return this.#call('getSecret', name, options, () => {
      if (this.denied.has(name)) throw refused(403, 'Forbidden', 'ForbiddenByRbac');
      const versions = this.secrets.get(this.#id(name)) ?? [];
      const found = options.version
        ? versions.find(({ properties }) => properties.version === options.version)
        : versions.at(-1);
      if (!found) throw notFound();
      if (!found.properties.enabled) throw refused(403, 'Forbidden', 'SecretDisabled');
      return found;
    });
  }

  listPropertiesOfSecrets(options?: object): List {
    return this.#pages(() =>
      this.#call('list', undefined, options, () =>
        [...this.secrets.values()].flatMap((versions) => versions.at(-1)?.properties ?? []),
      ),
    );
  }

  /** In the order of the versions' names, which are random. */
  listPropertiesOfSecretVersions(name: string, options?: object): List {
    const random = ({ version }: { version: string }): number => (Number.parseInt(version, 16) * 7) % 11;
    return this.#pages(() =>
      this.#call('listVersions', name, options, () => {
        if (this.denied.has(name)) throw refused(403, 'Forbidden', 'ForbiddenByRbac');
        const versions = (this.secrets.get(this.#id(name)) ?? []).map(({ properties }) => properties);
        return versions.sort((one, other) => random(one) - random(other));
      }),
    );
  }

  #pages(list: () => Promise<FakeSecret['properties'][] | undefined>): List {
    const { failPage } = this;
    const failed = (page: number): boolean => {
      if (page !== failPage || this.failPage === undefined) return false;
      this.failPage = undefined;
      return true;
    };
    return {
      async *byPage({ maxPageSize = 25 } = {}) {
        for (let page = 0, from = 0; ; page++, from += maxPageSize) {
          const all = await list();
          if (failed(page)) throw refused(503);
          yield all?.slice(from, from + maxPageSize) as unknown;
          if (from + maxPageSize >= (all?.length ?? 0)) return;
        }
      },
    };
  }

  async setSecret(name: string, value: string, options: { contentType?: string } = {}): Promise<unknown> {
    return this.#call('setSecret', name, options, () => {
      if (this.deleted.has(this.#id(name))) throw refused(409, 'Conflict', 'ObjectIsDeletedButRecoverable');
      this.put(name, value, options.contentType ? { contentType: options.contentType } : {});
      return this.secrets.get(this.#id(name))?.at(-1);
    });
  }

  async beginDeleteSecret(name: string, options?: object): Promise<unknown> {
    return this.#call('beginDeleteSecret', name, options, () => {
      const versions = this.secrets.get(this.#id(name));
      if (!versions) throw notFound();
      this.secrets.delete(this.#id(name));
      this.deleted.set(this.#id(name), versions);
    });
  }

  async beginRecoverDeletedSecret(
    name: string,
    options?: object,
  ): Promise<{ pollUntilDone(): Promise<unknown> }> {
    await this.#call('beginRecoverDeletedSecret', name, options, () => undefined);
    return {
      pollUntilDone: async () => {
        this.secrets.set(this.#id(name), this.deleted.get(this.#id(name)) as FakeSecret[]);
        this.deleted.delete(this.#id(name));
      },
    };
  }

  async #call<T>(method: string, name: string | undefined, options: unknown, respond: () => T): Promise<T> {
    this.calls.push({ method, ...(name !== undefined && { name }), options });
    await undefined;
    if (this.fault === 'garbage') return undefined as T;
    if (this.fault === 'hang') await new Promise(() => {});
    if (this.fault) throw this.fault;
    return respond();
  }

  #id(name: string): string {
    return name.toLowerCase();
  }
}
