import { homedir } from 'node:os';
import path from 'node:path';
import { ConfigError } from '../../errors.ts';
import type { Clock } from '../../shelter/clock.ts';
import { addressOf, type TlsOptions, tlsOf } from './address.ts';
import { token, tokenFile } from './auth/token.ts';
import { type Asked, classify, denied, failure, notLoggedIn } from './classify.ts';
import type { VaultConnectionOptions } from './options.ts';
import { Session } from './session.ts';
import type { VaultAuth } from './tokens.ts';
import { type Answer, clientTransport, ownTransport, type Transport } from './transport.ts';

/** Requests in the name of a session: 2xx, and Vault's own 404, are answers; everything else is thrown. */
export class Connection {
  readonly session: Session;
  readonly #transport: Transport;
  readonly #namespace: string | undefined;
  /** For messages. */
  readonly #server: string | undefined;
  /** What a node of Vault Enterprise must have seen before it may answer: our last write. */
  #index: string | undefined;

  constructor(options: VaultConnectionOptions, clock: Clock) {
    const env = options.env ?? process.env;
    const said = (name: string): string | undefined =>
      env[`BAO_${name}`] || env[`VAULT_${name}`] || undefined;
    if (options.client) {
      const clash = (['address', 'namespace', 'tls'] as const).find((name) => options[name] !== undefined);
      if (clash)
        throw new ConfigError('invalid_option', `vault: ${clash} says nothing beside an injected client`, {
          hint: 'Configure the client',
        });
      this.#transport = clientTransport(options.client);
      this.session = new Session(this.#fresh(options.auth), this.#send, clock);
      return;
    }
    const address = addressOf(
      options.address ?? said('ADDR') ?? 'https://127.0.0.1:8200',
      options.allowInsecure === true,
    );
    this.#server = `the server at ${address.shown}`;
    this.#transport = ownTransport(address, tlsOf({ ...tlsFrom(said), ...options.tls }));
    this.#namespace = (options.namespace ?? said('NAMESPACE'))?.trim().replace(/^\/+|\/+$/g, '') || undefined;
    if (this.#namespace !== undefined && !/^[\x20-\x7e]+$/.test(this.#namespace))
      throw new ConfigError('invalid_option', 'vault: the namespace holds characters that cannot be sent', {
        hint: 'Write it as team/inference',
      });
    const auth = options.auth ?? defaultAuth(said('TOKEN'), env, address.socketPath !== undefined);
    this.session = new Session(this.#fresh(auth), this.#send, clock);
  }

  load(): Promise<void> {
    return this.#transport.load();
  }

  connect(signal: AbortSignal): Promise<boolean> {
    return this.session.connect(signal);
  }

  async ask(asked: Asked, signal: AbortSignal): Promise<Answer> {
    const used = await this.session.use();
    const answer = await this.#send(asked, used, signal);
    // a gateway's own 404 must not look like a secret that is not there
    if (!answer.json || (answer.status >= 400 && !isVaults(answer)))
      throw failure({ ...answer, json: false }, asked);
    if ((answer.status >= 200 && answer.status < 300) || answer.status === 404) return answer;
    if (answer.status === 403)
      throw (await this.session.alive(used, signal)) ? denied(asked) : this.session.refuse(used);
    const error = failure(answer, asked);
    if (error.code === 'unauthenticated') this.session.refuse(used);
    throw error;
  }

  /** Standby nodes answer too; no namespace has a health of its own. */
  async ping(signal: AbortSignal): Promise<void> {
    const asked: Asked = {
      method: 'GET',
      path: 'sys/health',
      query: 'standbyok=true&perfstandbyok=true',
      what: 'its health',
    };
    const answer = await this.#send(asked, undefined, signal);
    if (answer.status !== 200 || !answer.json)
      throw failure(answer.status === 503 ? { ...answer, body: { errors: ['sealed'] } } : answer, asked);
  }

  async close(): Promise<void> {
    await this.session.close();
    this.#transport.close();
  }

  /** Certificates may have been replaced since the last log-in. */
  #fresh(auth: VaultAuth | undefined): VaultAuth | undefined {
    if (!auth) return undefined;
    const logIn: VaultAuth = async (call) => {
      this.#transport.refresh();
      try {
        return await auth(call);
      } catch (error) {
        throw call.signal.aborted ? error : notLoggedIn(error);
      }
    };
    return Object.assign(logIn, auth.watch && { watch: auth.watch });
  }

  readonly #send = async (
    { method, path, query, body }: Asked,
    used: string | undefined,
    signal: AbortSignal,
  ): Promise<Answer> => {
    const search = [method === 'LIST' ? 'list=true' : '', query ?? ''].filter(Boolean).join('&');
    const headers = {
      'X-Vault-Request': 'true', // an agent may insist on it
      ...(used !== undefined && { 'X-Vault-Token': used }),
      ...(this.#index !== undefined && { 'X-Vault-Index': this.#index }),
      ...(this.#namespace !== undefined && path !== 'sys/health' && { 'X-Vault-Namespace': this.#namespace }),
    };
    try {
      const answer = await this.#transport.send({
        method: method === 'LIST' ? 'GET' : method,
        path: `/${encodePath(path)}${search && `?${search}`}`,
        headers,
        signal,
        ...(body && { json: body }),
      });
      if (method !== 'GET' && method !== 'LIST') this.#index = answer.index ?? this.#index;
      return answer;
    } catch (error) {
      throw classify(signal.aborted ? { name: 'AbortError' } : error, this.#server);
    }
  };
}

const isVaults = ({ body }: Answer): boolean => Array.isArray(body.errors) || 'data' in body;

/** A path that stays where it is put: nothing in a name can become a separator, a query, or a step upwards. */
export function encodePath(text: string): string {
  return text.split('/').map(encodeSegment).join('/');
}

function encodeSegment(segment: string): string {
  if (!isSegment(segment) && segment !== '')
    throw new ConfigError(
      'invalid_key',
      `vault: the path segment ${JSON.stringify(segment)} cannot be asked for`,
      { provider: 'vault' },
    );
  return encodeURIComponent(segment);
}

/** Whether Vault can have a name like that. */
export const isSegment = (segment: string): boolean =>
  segment !== '' && segment !== '.' && segment !== '..' && !/[/\p{Cc}\p{Cs}]/u.test(segment);

function tlsFrom(said: (name: string) => string | undefined): TlsOptions {
  const found = {
    ca: said('CACERT'),
    cert: said('CLIENT_CERT'),
    key: said('CLIENT_KEY'),
    serverName: said('TLS_SERVER_NAME'),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

function defaultAuth(
  given: string | undefined,
  env: NonNullable<VaultConnectionOptions['env']>,
  agent: boolean,
): VaultAuth | undefined {
  if (given !== undefined) return token(given);
  return agent ? undefined : tokenFile(path.join(env.HOME ?? homedir(), '.vault-token'));
}
