import { crc32c } from '../../../src/providers/gcp/crc32c.ts';
import type { GcpClient } from '../../../src/providers/gcp/index.ts';

interface Version {
  readonly data: Buffer;
  state: 'ENABLED' | 'DISABLED' | 'DESTROYED';
}

/** How every request fails: a gRPC code, an error, an answer that nobody understands, or none. */
export type Fault = number | Error | 'hang' | 'garbage';

export const refused = (code: number | string, message = 'not-a-real-secret stands in this message'): Error =>
  Object.assign(new Error(message), {
    code,
    details: 'not-a-real-secret',
    metadata: { authorization: 'Bearer not-a-real-token' },
  });

/** Secret Manager in memory, as Google's client shows it over gRPC. */
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
  /** What the wire does to a payload. */
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
    const version = await this.#asked('accessSecretVersion', request, options, () =>
      this.#version(request.name),
    );
    if (version === undefined) return [{}];
    if (version.one.state !== 'ENABLED') throw refused(9);
    return [
      {
        name: version.name,
        payload: this.wire({ data: version.one.data, dataCrc32c: String(crc32c(version.one.data)) }),
      },
    ];
  }

  async listSecrets(
    request: { parent: string; filter?: string; pageToken?: string },
    options?: object,
  ): Promise<readonly unknown[]> {
    const names = await this.#asked('listSecrets', request, options, () => [...this.secrets.keys()]);
    if (!names) return [];
    const word = request.filter?.replace('name:', '') ?? '';
    const all = names.filter((name) => name.startsWith(`${request.parent}/secrets/`) && name.includes(word));
    const from = Number(request.pageToken ?? 0);
    const next = from + this.pageSize < all.length ? String(from + this.pageSize) : '';
    return [all.slice(from, from + this.pageSize).map((name) => ({ name })), null, { nextPageToken: next }];
  }

  async createSecret(
    request: { parent: string; secretId: string },
    options?: object,
  ): Promise<readonly unknown[]> {
    const name = `${request.parent}/secrets/${request.secretId}`;
    await this.#asked('createSecret', request, options, () => {
      if (this.secrets.has(name)) throw refused(6);
      this.secrets.set(name, []);
    });
    return [{ name }];
  }

  async addSecretVersion(
    request: { parent: string; payload: { data: Buffer } },
    options?: object,
  ): Promise<readonly unknown[]> {
    const version = await this.#asked('addSecretVersion', request, options, () => {
      if (!this.secrets.has(request.parent)) throw refused(5);
      return this.put(request.parent, request.payload.data);
    });
    return [{ name: `${request.parent}/versions/${version}` }];
  }

  async deleteSecret(request: { name: string }, options?: object): Promise<readonly unknown[]> {
    await this.#asked('deleteSecret', request, options, () => {
      if (!this.secrets.delete(request.name)) throw refused(5);
    });
    return [{}];
  }

  async getSecretVersion(request: { name: string }, options?: object): Promise<readonly unknown[]> {
    return [
      {
        name: (await this.#asked('getSecretVersion', request, options, () => this.#version(request.name)))
          ?.name,
      },
    ];
  }

  async disableSecretVersion(request: { name: string }, options?: object): Promise<readonly unknown[]> {
    await this.#asked('disableSecretVersion', request, options, () => {
      this.#version(request.name).one.state = 'DISABLED';
    });
    return [{}];
  }

  async #asked<T>(
    method: string,
    request: object,
    options: unknown,
    answer: () => T,
  ): Promise<T | undefined> {
    this.calls.push({ method, request: request as Record<string, unknown>, options });
    await undefined;
    if (this.fault === 'garbage') return undefined;
    if (this.fault === 'hang') await new Promise(() => {});
    if (typeof this.fault === 'number') throw refused(this.fault);
    if (this.fault) throw this.fault;
    return answer();
  }

  #version(name: string): { name: string; one: Version } {
    const [secret, said] = name.split('/versions/') as [string, string];
    if (this.denied.has(secret)) throw refused(7);
    const versions = this.secrets.get(secret) ?? [];
    const number = said === 'latest' ? versions.length : (this.aliases.get(said) ?? Number(said));
    const one = versions[number - 1];
    if (!one) throw refused(5);
    return { name: `${secret}/versions/${number}`, one };
  }
}
