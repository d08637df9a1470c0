import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { lazy, peer } from '../../internal/lazy.ts';
import { classify } from './classify.ts';
import type { AwsClient } from './client.ts';
import type { AwsClientOptions } from './options.ts';

const requestTimeoutMs = 30_000; // the last resort: each attempt has a shorter deadline of its own

interface Sdk {
  readonly [name: string]: unknown;
}

interface Module {
  readonly package: string;
  /** The client's class. */
  readonly client: string;
  /** The service as IAM policies call it. */
  readonly policy: string;
  load(): Promise<object>;
  /** How often the client itself tries. @default 1 */
  readonly attempts?: number;
}

interface Request {
  readonly command: string;
  readonly input: object;
  /** For messages and policies. */
  readonly resource: string;
}

interface OwnClient extends AwsClient {
  readonly config?: { region(): Promise<string> };
}

/** The SDK's commands and a client, both loaded on first use. */
export class AwsConnection {
  readonly #owner: string;
  readonly #service: string;
  readonly #options: AwsClientOptions;
  readonly #module: Module;
  readonly #load: () => Promise<Sdk>;
  #sdk: Sdk | undefined;
  #own: AwsClient | undefined;

  constructor(owner: string, service: string, options: AwsClientOptions, module: Module) {
    this.#owner = owner;
    this.#service = service;
    this.#options = options;
    this.#module = module;
    this.#load = lazy(() => peer(owner, module.package, async () => (await module.load()) as Sdk));
    if (!options.client && !options.region && !regionAround()) throw noRegion(owner);
  }

  async load(): Promise<void> {
    const sdk = await this.#load();
    const client: OwnClient = this.#client(sdk);
    if (client !== this.#options.client)
      await client.config?.region().catch(() => {
        throw noRegion(this.#owner); // some profile names one, but not the one that is chosen
      });
    this.#sdk = sdk;
  }

  /** One request; what it throws is ours already, and names what an IAM policy would have to allow. */
  async send<T>(request: Request, signal: AbortSignal | undefined): Promise<T> {
    if (!this.#sdk) await this.load();
    const sdk = this.#sdk as Sdk;
    const Command = sdk[`${request.command}Command`] as new (input: object) => never;
    const client = this.#client(sdk);
    const sent = (): Promise<unknown> =>
      client.send(new Command(request.input), { ...(signal && { abortSignal: signal }) });
    try {
      return (await sent().catch((error: unknown) => {
        if (!isSkewed(error) || this.classify(error).code !== 'unauthenticated') throw error;
        return sent();
      })) as T;
    } catch (error) {
      throw this.classify(error, request);
    }
  }

  classify(
    error: unknown,
    { command, resource }: Omit<Request, 'input'> = { command: '*', resource: 'a request' },
  ): ConfigError {
    return classify(error, { service: this.#service, action: `${this.#module.policy}:${command}`, resource });
  }

  /** Forgets our own client, and with it the credentials it holds. False for a client that is not ours. */
  renew(): boolean {
    if (this.#options.client) return false;
    this.close();
    return true;
  }

  close(): void {
    this.#own?.destroy?.();
    this.#own = undefined;
  }

  #client(sdk: Sdk): AwsClient {
    if (this.#options.client) return this.#options.client;
    const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
    const { region = AWS_REGION || AWS_DEFAULT_REGION, endpoint, credentials } = this.#options;
    const Client = sdk[this.#module.client] as new (config: object) => AwsClient;
    this.#own ??= new Client({
      ...(region && { region }),
      ...(endpoint && { endpoint }),
      ...(credentials && { credentials }),
      maxAttempts: this.#module.attempts ?? 1,
      requestHandler: {
        connectionTimeout: 5_000,
        requestTimeout: requestTimeoutMs,
        throwOnRequestTimeout: true,
      },
    });
    return this.#own;
  }
}

/** Whether the machine's clock is wrong: by the refusal the client has learnt the server's time, and signs by that from now on. */
function isSkewed(error: unknown): boolean {
  return (
    (error as { readonly $metadata?: { readonly clockSkewCorrected?: unknown } } | null)?.$metadata
      ?.clockSkewCorrected === true
  );
}

/** Whether the environment names a region, or some profile does. */
function regionAround(): boolean {
  const { AWS_REGION, AWS_DEFAULT_REGION, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE } = process.env;
  if (AWS_REGION || AWS_DEFAULT_REGION) return true;
  const home = join(homedir(), '.aws');
  return [
    AWS_CONFIG_FILE ?? join(home, 'config'),
    AWS_SHARED_CREDENTIALS_FILE ?? join(home, 'credentials'),
  ].some((file) => {
    try {
      return /^\s*region\s*=/m.test(readFileSync(file, 'utf8'));
    } catch {
      return false;
    }
  });
}

function noRegion(owner: string): ConfigError {
  return new ConfigError('invalid_option', `${owner}: no AWS region is known`, {
    provider: owner,
    hint: "Set AWS_REGION, a region in ~/.aws/config, or the option region, as in { region: 'eu-central-1' }",
  });
}
