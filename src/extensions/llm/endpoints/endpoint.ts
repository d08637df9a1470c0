// An endpoint as calls see it: one frozen value of one generation, with its secrets masked. What identifies
// it is kept beside it: digests under a key of this process, so that no map holds a credential.

import { createHmac, randomBytes } from 'node:crypto';
import { type Secret, secret } from '../../../entry.ts';
import { ConfigError } from '../../../errors.ts';
import { frozen } from '../../../value.ts';
import type { AuthType, EndpointData, EndpointLimits } from '../data.ts';
import { parts } from '../parts.ts';
import type { Parameters } from '../presets/combine.ts';

/** How a client proves who it is. Reading the secret that the type does not have throws. */
export interface EndpointAuth {
  readonly type: AuthType;
  /** @throws ConfigError `invalid_option` unless the type is `key` */
  readonly apiKey: Secret<string>;
  /** @throws ConfigError `invalid_option` unless the type is `bearer` */
  readonly token: Secret<string>;
}

/** Where a model is, and how to ask it. Frozen, with secrets that print masked. A reload makes new ones, and
 *  changes none.
 *  @example
 *  new OpenAI({ baseURL: endpoint.baseURL, apiKey: reveal(endpoint.auth.apiKey), maxRetries: 0 }); */
export interface Endpoint
  extends Omit<
    EndpointData,
    'auth' | 'headers' | 'parameters' | 'limits' | 'supports' | 'retries' | 'quota'
  > {
  /** The name in the configuration. */
  readonly name: string;
  readonly auth: EndpointAuth;
  /** Parameters of each call, in the spelling of the client. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, Secret<string>>>;
  readonly supports: readonly string[];
  readonly timeoutMs: number;
  readonly idleMs: number;
}

/** What this library knows about an endpoint, and does not show. */
export interface Identity {
  /** Which credential: changes when it is rotated. */
  readonly credential: string;
  /** What a breaker is about. */
  readonly backend: string;
  /** What rests together. */
  readonly quota: string;
  /** Everything: a client made for one endpoint works for another of the same identity. */
  readonly whole: string;
  readonly retries: number;
  readonly limits: EndpointLimits;
  /** The texts that no error may show. */
  readonly secrets: readonly string[];
  /** What the endpoint was made of, and the parameters over its own. */
  readonly data: EndpointData;
  readonly layers: readonly Parameters[];
}

const identities = new WeakMap<Endpoint, Identity>();

/** The identity of an endpoint of ours. */
export function identityOf(endpoint: Endpoint): Identity {
  const identity = identities.get(endpoint);
  if (identity) return identity;
  throw new ConfigError('invalid_option', 'llm: this is not an endpoint of the configuration', {
    hint: 'Pass the endpoint that run, stream or model gave, not a copy',
  });
}

class Auth implements EndpointAuth {
  readonly type: AuthType;
  readonly #name: string;
  readonly #apiKey: Secret<string> | undefined;
  readonly #token: Secret<string> | undefined;

  constructor(name: string, { type, apiKey, token }: NonNullable<EndpointData['auth']>) {
    this.type = type;
    this.#name = name;
    this.#apiKey = apiKey === undefined ? undefined : secret(apiKey);
    this.#token = token === undefined ? undefined : secret(token);
    Object.freeze(this);
  }

  get apiKey(): Secret<string> {
    return this.#apiKey ?? this.#missing('apiKey');
  }

  get token(): Secret<string> {
    return this.#token ?? this.#missing('token');
  }

  #missing(field: string): never {
    throw new ConfigError('invalid_option', `llm: the endpoint "${this.#name}" has no ${field}`, {
      hint: `Its auth has the type ${this.type}`,
    });
  }
}

const processKey = randomBytes(32);
const digest = (...parts: readonly unknown[]): string =>
  createHmac('sha256', processKey).update(JSON.stringify(parts)).digest('base64url').slice(0, 22);

/** Makes the frozen value. `data` is valid, and in clear. `layers`: parameters over its own, the last one
 *  first in force. */
export function makeEndpoint(name: string, data: EndpointData, layers: readonly Parameters[] = []): Endpoint {
  const { auth = { type: 'ambient' as const }, headers = {}, limits = {} } = data;
  const parameters = parametersOf(data, layers);
  const { retries = 1, quota, supports = [], timeoutMs = 60_000, idleMs = 30_000, ...fields } = data;
  const { provider, baseURL, model, region, project, location, deployment, organization, apiVersion } = data;
  const endpoint: Endpoint = frozen({
    ...fields,
    name,
    auth: new Auth(name, auth),
    parameters,
    headers: Object.fromEntries(Object.entries(headers).map(([header, text]) => [header, secret(text)])),
    supports,
    timeoutMs,
    idleMs,
  });
  const credential = digest(auth, headers);
  const place = [provider, baseURL, region, project, location, organization];
  identities.set(endpoint, {
    credential,
    backend: digest(place, model, deployment, credential),
    quota: quota === undefined ? digest(place, credential) : `quota ${quota}`,
    whole: digest(place, model, deployment, apiVersion, credential, parameters, timeoutMs, idleMs),
    retries,
    limits,
    data,
    layers,
    secrets: [auth.apiKey, auth.token, ...Object.values(headers)].filter((text) => text !== undefined),
  });
  return endpoint;
}

/** The same endpoint with parameters of a call. Its identity does not change: a client made for the one works
 *  for the other. */
export function withParameters(endpoint: Endpoint, parameters: Parameters): Endpoint {
  const identity = identityOf(endpoint);
  const { data, layers } = identity;
  const made: Endpoint = frozen({ ...endpoint, parameters: parametersOf(data, [...layers, parameters]) });
  identities.set(made, identity);
  return made;
}

/** Those of an endpoint that is alone with its own are as they are written. */
function parametersOf(data: EndpointData, layers: readonly Parameters[]): Parameters {
  const { parameters = {} } = data;
  if (layers.length > 0)
    return (parts.presets.now as NonNullable<typeof parts.presets.now>).combined(data, layers);
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== null));
}

/** Whether a refused call may be made again with the endpoint of a newer generation: it must be the same
 *  place and model, with another credential. */
export function isRotated(before: Endpoint, after: Endpoint | undefined): after is Endpoint {
  return (
    after !== undefined &&
    after.provider === before.provider &&
    after.baseURL === before.baseURL &&
    after.model === before.model &&
    identityOf(after).credential !== identityOf(before).credential
  );
}
