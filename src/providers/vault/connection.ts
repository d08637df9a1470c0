// Requests with the token of a session. Used by kv.ts, mounts.ts, leases.ts and transit.ts. Returns 2xx and
// Vault's own 404, and throws everything else. A 403 takes a second request to interpret: it may mean a
// missing policy or a dead token.

import { homedir } from 'node:os';
import path from 'node:path';
import { closeWithinMs } from '../../closing.ts';
import { ConfigError } from '../../errors.ts';
import { defined } from '../../internal/options.ts';
import type { Clock } from '../../shelter/clock.ts';
import type { Closing } from '../../shelter/port.ts';
import { addressOf } from './address.ts';
import type { ApiRequest } from './api-request.ts';
import { watchesOf, watchOf } from './auth/credential.ts';
import type { VaultAuth } from './auth/login.ts';
import { token, tokenFile } from './auth/token.ts';
import { classify, denied, loginFailure, refusalOf } from './classify.ts';
import type { VaultConnectionOptions } from './options.ts';
import { encodePath, trimSlashes } from './paths.ts';
import { Session } from './session.ts';
import { type TlsOptions, tlsOf } from './tls.ts';
import { clientTransport, type HttpReply, nodeVaultTransport, type Transport } from './transport.ts';

export class Connection {
  readonly session: Session;
  readonly #transport: Transport;
  readonly #namespace: string | undefined;
  readonly #address: string | undefined;
  /** The state after our last write. A node of Vault Enterprise must reach this state before it replies. */
  #stateIndex: string | undefined;

  constructor(options: VaultConnectionOptions, clock: Clock) {
    const env = options.env ?? process.env;
    const variable = (name: string): string | undefined =>
      env[`BAO_${name}`] || env[`VAULT_${name}`] || undefined;
    if (options.client) {
      const ignored = (['address', 'namespace', 'tls'] as const).find((name) => options[name] !== undefined);
      if (ignored)
        throw new ConfigError('invalid_option', `vault: ${ignored} has no effect with an injected client`, {
          hint: 'Configure the client instead',
        });
      this.#transport = clientTransport(options.client);
      this.session = new Session(this.#prepared(options.auth), this.#send, clock);
      return;
    }
    const address = addressOf(
      options.address ?? variable('ADDR') ?? 'https://127.0.0.1:8200',
      options.allowInsecure === true,
    );
    this.#address = address.shown;
    const tls = tlsOf({ ...tlsFrom(variable), ...options.tls });
    this.#transport = nodeVaultTransport(address, tls);
    this.#namespace = trimSlashes((options.namespace ?? variable('NAMESPACE') ?? '').trim()) || undefined;
    if (this.#namespace !== undefined && !/^[\x20-\x7e]+$/.test(this.#namespace))
      throw new ConfigError(
        'invalid_option',
        'vault: the namespace has characters that an HTTP header cannot carry',
        { hint: 'Write the namespace as team/inference' },
      );
    const auth = options.auth ?? defaultAuth(variable('TOKEN'), env, address.socketPath !== undefined);
    this.session = new Session(this.#prepared(auth, tls.files), this.#send, clock);
  }

  /** Where requests go, without credentials. Undefined with an injected client, which does not say. */
  get target(): { readonly address: string; readonly namespace: string | undefined } | undefined {
    return this.#address === undefined ? undefined : { address: this.#address, namespace: this.#namespace };
  }

  load(): Promise<void> {
    return this.#transport.load();
  }

  connect(signal: AbortSignal): Promise<boolean> {
    return this.session.connect(signal);
  }

  async request(request: ApiRequest, signal: AbortSignal): Promise<HttpReply> {
    const used = await this.session.tokenForRequest();
    const reply = await this.#send(request, used, signal);
    // a gateway's own 404 must not look like an absent secret
    if (!reply.json || (reply.status >= 400 && !isVaultBody(reply)))
      throw refusalOf({ ...reply, json: false }, request);
    if ((reply.status >= 200 && reply.status < 300) || reply.status === 404) return reply;
    if (reply.status === 403)
      throw (await this.session.isAlive(used, signal)) ? denied(request) : this.session.markDead(used);
    const error = refusalOf(reply, request);
    if (error.code === 'unauthenticated') this.session.markDead(used);
    throw error;
  }

  /** Standby nodes count as healthy. The health endpoint exists outside of namespaces only. */
  async ping(signal: AbortSignal): Promise<void> {
    const request: ApiRequest = {
      method: 'GET',
      path: 'sys/health',
      query: 'standbyok=true&perfstandbyok=true',
      subject: 'the health of the server',
    };
    const reply = await this.#send(request, undefined, signal);
    if (reply.status !== 200 || !reply.json)
      throw refusalOf(reply.status === 503 ? { ...reply, body: { errors: ['sealed'] } } : reply, request);
  }

  async close(closing: Closing = { withinMs: closeWithinMs, left: () => undefined }): Promise<void> {
    await this.session.close(closing);
    this.#transport.close();
  }

  /** Makes a log-in read certificate files again, which may have been replaced, and converts the errors of
   *  auth functions. */
  #prepared(auth: VaultAuth | undefined, files: readonly string[] = []): VaultAuth | undefined {
    if (!auth) return undefined;
    const logIn: VaultAuth = async (call) => {
      this.#transport.refresh();
      try {
        return await auth(call);
      } catch (error) {
        throw call.signal.aborted ? error : loginFailure(error);
      }
    };
    const certificates = files.length > 0 && { watch: watchesOf(files) };
    const credentials = auth.watchCredential && { watch: auth.watchCredential };
    return Object.assign(logIn, auth.watch && { watch: auth.watch }, watchOf(certificates, credentials));
  }

  readonly #send = async (
    { method, path, query, body }: ApiRequest,
    used: string | undefined,
    signal: AbortSignal,
  ): Promise<HttpReply> => {
    const search = [method === 'LIST' ? 'list=true' : '', query ?? ''].filter(Boolean).join('&');
    const headers = {
      'X-Vault-Request': 'true', // an agent may require this header
      ...(used !== undefined && { 'X-Vault-Token': used }),
      ...(this.#stateIndex !== undefined && { 'X-Vault-Index': this.#stateIndex }),
      ...(this.#namespace !== undefined && path !== 'sys/health' && { 'X-Vault-Namespace': this.#namespace }),
    };
    try {
      const reply = await this.#transport.send({
        method: method === 'LIST' ? 'GET' : method,
        path: `/${encodePath(path)}${search && `?${search}`}`,
        headers,
        signal,
        ...(body && { json: body }),
      });
      if (method !== 'GET' && method !== 'LIST') this.#stateIndex = reply.index ?? this.#stateIndex;
      return reply;
    } catch (error) {
      throw classify(
        signal.aborted ? { name: 'AbortError' } : error,
        this.#address && `the server at ${this.#address}`,
      );
    }
  };
}

/** A gateway's own JSON has neither. */
const isVaultBody = ({ body }: HttpReply): boolean => Array.isArray(body.errors) || 'data' in body;

function tlsFrom(variable: (name: string) => string | undefined): TlsOptions {
  const options = {
    ca: variable('CACERT'),
    cert: variable('CLIENT_CERT'),
    key: variable('CLIENT_KEY'),
    serverName: variable('TLS_SERVER_NAME'),
  };
  return defined(options);
}

/** The same default as the `vault` command. An agent on a socket adds its own token. */
function defaultAuth(
  tokenVariable: string | undefined,
  env: NonNullable<VaultConnectionOptions['env']>,
  isSocket: boolean,
): VaultAuth | undefined {
  if (tokenVariable !== undefined) return token(tokenVariable);
  return isSocket ? undefined : tokenFile(path.join(env.HOME ?? homedir(), '.vault-token'));
}
