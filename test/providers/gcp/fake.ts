// A fake Secret Manager behind the client's interface, for `provider.test.ts` and the conformance suites.
// Its errors contain fake secrets and tokens, so that a leaked message fails a test.
import { crc32c } from '../../../src/providers/gcp/crc32c.ts';
import type { GcpClient } from '../../../src/providers/gcp/index.ts';

interface Version {
  readonly data: Buffer;
  state: 'ENABLED' | 'DISABLED' | 'DESTROYED';
}

/** How every request fails: with a gRPC code, an error, an empty response, or no response. */
export type Fault = number | Error | 'hang' | 'garbage';

export const refused = (code: number | string, message = 'this message contains not-a-real-secret'): Error =>
  Object.assign(new Error(message), {
    code,
    details: 'not-a-real-secret',
    metadata: { authorization: 'Bearer not-a-real-token' },
  });

/** Secret Manager in memory, with the interface of Google's client over gRPC. */
export class FakeGcp implements GcpClient {
  readonly secrets = new Map<string, Version[]>();
  readonly aliases = new Map<string, number>();
  readonly calls: {
    readonly method: string;
    readonly request: Record<string, unknown>;
    readonly options: unknown;
  }[] = [];
  readonly denied = new Set<string>();
  fault: Fault | undefined;
  /** Changes payloads in transit. */
  wire: (payload: { data: Buffer; dataCrc32c: string | null }) => object = (payload) => payload;
  pageSize = 1_000;
  closed = 0;

  async close(): Promise<void> {
    this.closed++;
  }

  put(name: string, data: string | Uint8Array): string {
    const versions = this.secrets.get(this.full(name)) ?? [];
    versions.push({ data: Buffer.from(data), state: 'ENABLED' });
    this.secrets.set(this.full(name), versions);
    return String(versions.length);
  }

  full(name: string): string {
    return name.startsWith('projects/') ? name : `projects/acme/secrets/${name}`;
  }

  count(method: string): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  async accessSecretVersion(request: { name: string }, options?: object): Promise<readonly unknown[]> {
    const found = await this.#call('accessSecretVersion', request, options, () =>
      this.#version(request.name),
    );
    if (found === undefined) return [{}];
    if (found.version.state !== 'ENABLED') throw refused(9);
    return [
      {
        name: found.name,
        payload: this.wire({
          data: found.version.data,
          dataCrc32c: String(crc32c(found.version.data)),
        }),
      },
    ];
  }

  async listSecrets(
    request: { parent: string; filter?: string; pageToken?: string },
    options?: object,
  ): Promise<readonly unknown[]> {
    const names = await this.#call('listSecrets', request, options, () => [...this.secrets.keys()]);
    if (!names) return [];
    const filter = request.filter?.replace('name:', '') ?? '';
    const all = names.filter(
      (name) => name.startsWith(`${request.parent}/secrets/`) && name.includes(filter),
    );
    const from = Number(request.pageToken ?? 0);
    const next = from + this.pageSize < all.length ? String(from + this.pageSize) : '';
    return [all.slice(from, from + this.pageSize).map((name) => ({ name })), null, { nextPageToken: next }];
  }

  async listSecretVersions(
    request: { parent: string; pageSize: number; pageToken?: string },
    options?: object,
  ): Promise<readonly unknown[]> {
    const all = await this.#call('listSecretVersions', request, options, () => {
      if (this.denied.has(request.parent)) throw refused(7);
      const versions = this.secrets.get(request.parent);
      if (!versions) throw refused(5);
      return versions
        .map(({ state }, i) => ({
          name: `${request.parent}/versions/${i + 1}`,
          state,
          createTime: { seconds: String(1_700_000_000 + i), nanos: 500_000_000 },
        }))
        .reverse();
    });
    if (!all) return [];
    const pageSize = Math.min(request.pageSize, this.pageSize);
    const from = Number(request.pageToken ?? 0);
    const nextPageToken = from + pageSize < all.length ? String(from + pageSize) : '';
    return [all.slice(from, from + pageSize), null, { nextPageToken }];
  }

  async createSecret(
    request: { parent: string; secretId: string },
    options?: object,
  ): Promise<readonly unknown[]> {
    const name = `${request.parent}/secrets/${request.secretId}`;
    await this.#call('createSecret', request, options, () => {
      if (this.secrets.has(name)) throw refused(6);
      this.secrets.set(name, []);
    });
    return [{ name }];
  }

  async addSecretVersion(
    request: { parent: string; payload: { data: Buffer } },
    options?: object,
  ): Promise<readonly unknown[]> {
    const version = await this.#call('addSecretVersion', request, options, () => {
      if (!this.secrets.has(request.parent)) throw refused(5);
      return this.put(request.parent, request.payload.data);
    });
    return [{ name: `${request.parent}/versions/${version}` }];
  }

  async deleteSecret(request: { name: string }, options?: object): Promise<readonly unknown[]> {
    await this.#call('deleteSecret', request, options, () => {
      if (!this.secrets.delete(request.name)) throw refused(5);
    });
    return [{}];
  }

  async getSecretVersion(request: { name: string }, options?: object): Promise<readonly unknown[]> {
    return [
      {
        name: (await this.#call('getSecretVersion', request, options, () => this.#version(request.name)))
          ?.name,
      },
    ];
  }

  async disableSecretVersion(request: { name: string }, options?: object): Promise<readonly unknown[]> {
    await this.#call('disableSecretVersion', request, options, () => {
      this.#version(request.name).version.state = 'DISABLED';
    });
    return [{}];
  }

  async #call<T>(
    method: string,
    request: object,
    options: unknown,
    respond: () => T,
  ): Promise<T | undefined> {
    this.calls.push({ method, request: request as Record<string, unknown>, options });
    await undefined;
    if (this.fault === 'garbage') return undefined;
    if (this.fault === 'hang') await new Promise(() => {});
    if (typeof this.fault === 'number') throw refused(this.fault);
    if (this.fault) throw this.fault;
    return respond();
  }

  #version(name: string): { name: string; version: Version } {
    const [secret, selector] = name.split('/versions/') as [string, string];
    if (this.denied.has(secret)) throw refused(7);
    const versions = this.secrets.get(secret) ?? [];
    const number = selector === 'latest' ? versions.length : (this.aliases.get(selector) ?? Number(selector));
    const version = versions[number - 1];
    if (!version) throw refused(5);
    return { name: `${secret}/versions/${number}`, version };
  }
}
