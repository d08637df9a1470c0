// The SDK of one AWS service and its client, both loaded on first use. Used by both sources and by `kms.ts`.
// The SDK retries nothing, because the shelter does; only `kmsKey` has no shelter and sets `attempts`.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { ConfigError } from '../../errors.ts';
import { lazy, peer } from '../../internal/lazy.ts';
import { CredentialFiles } from '../../local/credential-files.ts';
import { addressIn, hostIn } from '../../remote/identity.ts';
import { limited } from '../../remote/limited.ts';
import { classify } from './classify.ts';
import type { AwsClient } from './client.ts';
import type { AwsClientOptions } from './options.ts';

const requestTimeoutMs = 30_000; // a last resort: the shelter's timeout per attempt is shorter

interface Sdk {
  readonly [name: string]: unknown;
}

interface AwsService {
  readonly package: string;
  /** The name of the client's class. */
  readonly client: string;
  /** The name of the service in IAM policies. */
  readonly policy: string;
  load(): Promise<object>;
  /** Attempts that the SDK itself makes. @default 1 */
  readonly attempts?: number;
}

interface AwsRequest {
  readonly command: string;
  readonly input: object;
  /** Shown in messages and in hints about policies. */
  readonly resource: string;
}

interface OwnClient extends AwsClient {
  readonly config?: { region(): Promise<string> };
}

export class AwsConnection {
  readonly #owner: string;
  readonly #provider: string;
  readonly #options: AwsClientOptions;
  readonly #service: AwsService;
  readonly #load: () => Promise<Sdk>;
  readonly #files: CredentialFiles;
  /** Null: not looked for yet, because that reads files. */
  #address: string | undefined | null = null;
  #sdk: Sdk | undefined;
  #ownClient: AwsClient | undefined;

  /** Errors about options name `owner`, the public class or function; all other errors name `provider`. */
  constructor(owner: string, provider: string, options: AwsClientOptions, service: AwsService) {
    this.#owner = owner;
    this.#provider = provider;
    this.#options = options;
    this.#service = service;
    this.#load = lazy(() => peer(owner, service.package, async () => (await service.load()) as Sdk));
    this.#files = new CredentialFiles(() => (options.client || options.credentials ? [] : credentialFiles()));
    if (!options.client && !options.region && !hasRegion()) throw missingRegion(owner);
  }

  /** Where requests go, without credentials. Undefined if only the SDK knows: with a client of your own, and
   *  if a profile sets the region or the endpoint. */
  get target(): { readonly region: string; readonly endpoint?: string } | undefined {
    const { client, region = ambientRegion(), endpoint = this.#ambientEndpoint() } = this.#options;
    if (client || !region) return undefined;
    if (endpoint === undefined) return profileSets('endpoint_url') ? undefined : { region };
    const address = addressIn(endpoint);
    return address === undefined ? undefined : { region, endpoint: address };
  }

  /** The host of requests, as far as it is known without the SDK. */
  get address(): string | undefined {
    return this.#address === null ? (this.#address = this.#host()) : this.#address;
  }

  #host(): string | undefined {
    const { target } = this;
    if (!target || target.endpoint !== undefined) return target?.endpoint && hostIn(target.endpoint);
    const { AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT } = process.env;
    const isUsual = !AWS_USE_FIPS_ENDPOINT && !AWS_USE_DUALSTACK_ENDPOINT && !target.region.includes('iso');
    const suffix = target.region.startsWith('cn-') ? '.cn' : '';
    return isUsual ? `${this.#service.policy}.${target.region}.amazonaws.com${suffix}` : undefined;
  }

  /** The endpoint in the variables that the SDK reads. */
  #ambientEndpoint(): string | undefined {
    const { env } = process;
    if (env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS?.toLowerCase() === 'true') return undefined;
    const service = this.#service.package.replace('@aws-sdk/client-', '').replaceAll('-', '_').toUpperCase();
    return env[`AWS_ENDPOINT_URL_${service}`] || env.AWS_ENDPOINT_URL || undefined;
  }

  async load(): Promise<void> {
    const sdk = await this.#load();
    const client: OwnClient = this.#client(sdk);
    if (client !== this.#options.client)
      await client.config?.region().catch(() => {
        throw missingRegion(this.#owner); // a profile has a region, but not the selected profile
      });
    this.#sdk = sdk;
  }

  /** Sends one request. Throws ConfigErrors only; a denial names the action that an IAM policy must allow. */
  async send<T>(request: AwsRequest, signal: AbortSignal | undefined): Promise<T> {
    if (!this.#sdk) await this.load();
    const sdk = this.#sdk as Sdk;
    const Command = sdk[`${request.command}Command`] as new (input: object) => never;
    const client = this.#client(sdk);
    const send = (): Promise<unknown> =>
      client.send(new Command(request.input), { ...(signal && { abortSignal: signal }) });
    try {
      return (await send().catch((error: unknown) => {
        if (!isClockCorrected(error) || this.classify(error).code !== 'unauthenticated') throw error;
        return send();
      })) as T;
    } catch (error) {
      throw this.classify(error, request);
    }
  }

  classify(
    error: unknown,
    { command, resource }: Omit<AwsRequest, 'input'> = { command: '*', resource: 'a request' },
  ): ConfigError {
    const action = `${this.#service.policy}:${command}`;
    return classify(error, { provider: this.#provider, action, resource });
  }

  /** Drops the client and its credentials, so that the next request creates both again. False for an injected
   *  client, which is kept. */
  relogin(): boolean {
    if (this.#options.client) return false;
    this.#drop();
    this.#files.refused();
    return true;
  }

  /** Changes when a file of credentials has changed since they were refused. */
  get credentialVersion(): number {
    return this.#files.version;
  }

  close(): void {
    this.#files.stop();
    this.#drop();
  }

  #drop(): void {
    this.#ownClient?.destroy?.();
    this.#ownClient = undefined;
  }

  #client(sdk: Sdk): AwsClient {
    if (this.#options.client) return this.#options.client;
    const { region = ambientRegion(), endpoint, credentials } = this.#options;
    const Client = sdk[this.#service.client] as new (config: object) => LimitedClient;
    this.#ownClient ??= withLimit(
      new Client({
        ...(region && { region }),
        ...(endpoint && { endpoint }),
        ...(credentials && { credentials }),
        maxAttempts: this.#service.attempts ?? 1,
        requestHandler: {
          connectionTimeout: 5_000,
          requestTimeout: requestTimeoutMs,
          throwOnRequestTimeout: true,
        },
      }),
      this.#provider,
    );
    return this.#ownClient;
  }
}

type Middleware = (next: (args: unknown) => Promise<Result>) => (args: unknown) => Promise<Result>;
interface Result {
  readonly response: { body?: unknown };
}
type LimitedClient = AwsClient & {
  readonly middlewareStack?: { add(middleware: Middleware, options: object): void };
};

/** Makes a client of the SDK read at most 32 MiB of a response. The priority puts the step before those that
 *  read the body. */
function withLimit(client: LimitedClient, provider: string): AwsClient {
  client.middlewareStack?.add(
    (next) => async (args) => {
      const result = await next(args);
      const { response } = result;
      if (response.body instanceof Readable) response.body = limited(response.body, provider);
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'limitResponse' },
  );
  return client;
}

/** Whether the machine's clock was wrong. The SDK then reads the server's time from the refused response and
 *  signs later requests with it, so one more attempt succeeds. */
function isClockCorrected(error: unknown): boolean {
  return (
    (error as { readonly $metadata?: { readonly clockSkewCorrected?: unknown } } | null)?.$metadata
      ?.clockSkewCorrected === true
  );
}

const ambientRegion = (): string | undefined =>
  process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || undefined;

/** Whether the environment or any profile sets a region. Only a first check: `load` asks the SDK itself. */
const hasRegion = (): boolean => ambientRegion() !== undefined || profileSets('region');

const profileFiles = (): string[] => {
  const { AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE } = process.env;
  const home = join(homedir(), '.aws');
  return [AWS_CONFIG_FILE ?? join(home, 'config'), AWS_SHARED_CREDENTIALS_FILE ?? join(home, 'credentials')];
};

/** The files from which the SDK takes credentials. */
function credentialFiles(): string[] {
  const { AWS_WEB_IDENTITY_TOKEN_FILE, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE } = process.env;
  return [...profileFiles(), AWS_WEB_IDENTITY_TOKEN_FILE, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE].flatMap(
    (file) => (file ? [resolve(file)] : []),
  );
}

/** Whether any profile sets a setting. */
function profileSets(setting: 'region' | 'endpoint_url'): boolean {
  return profileFiles().some((file) => {
    try {
      return new RegExp(`^[^\\S\\n]*${setting}[^\\S\\n]*=`, 'm').test(readFileSync(file, 'utf8'));
    } catch {
      return false;
    }
  });
}

function missingRegion(owner: string): ConfigError {
  return new ConfigError('invalid_option', `${owner}: no AWS region is configured`, {
    provider: owner,
    hint: "Set AWS_REGION, a region in ~/.aws/config, or the option region, as in { region: 'eu-central-1' }",
  });
}
