// transitKey: a Transit key of Vault as a KeyWrapper for encrypted files. It is not a provider, but its
// requests get the retries and the breaker of the shelter.

import { checkWithinMs, closeWithinMs } from '../../closing.ts';
import { abortedBy, ConfigError } from '../../errors.ts';
import { Emitter } from '../../internal/listeners.ts';
import { aString, checkOptions } from '../../internal/options.ts';
import type { KeyWrapper } from '../../key-wrapper.ts';
import type { CloseOptions } from '../../provider.ts';
import { unlessAborted } from '../../shelter/abort.ts';
import { shownNow, steadied, systemClock } from '../../shelter/clock.ts';
import { type ShelterOptions, settingsOf, shelterOptionChecks } from '../../shelter/options.ts';
import { type Backend, ifTransient, Requests } from '../../shelter/request/request.ts';
import { classify, noEngine } from './classify.ts';
import { Connection } from './connection.ts';
import { connectionChecks, refuseToken, type VaultConnectionOptions } from './options.ts';
import { isSegment, trimSlashes } from './paths.ts';

/** Options of `transitKey`. */
export interface TransitKeyOptions
  extends VaultConnectionOptions,
    Pick<ShelterOptions, 'resilience' | 'clock'> {
  /** Name of the key in the Transit engine. */
  readonly key: string;
  /** Mount of the Transit engine. @default 'transit' */
  readonly mount?: string;
}

/** A Transit key of Vault. Close it to revoke its token. */
export interface TransitKey extends KeyWrapper {
  /** Encrypts the same content key under the newest version of the Transit key. The plain content key never
   *  leaves the server. */
  rewrap(wrapped: string, options?: { readonly signal?: AbortSignal }): Promise<string>;
  /** Revokes the token that this key's log-in created, for two seconds at most or `withinMs`, and closes the
   *  connection. */
  close(options?: CloseOptions): Promise<void>;
}

/** Wraps the content keys of encrypted files with a key that never leaves Vault.
 *  @throws ConfigError `crypto`, if the Transit key cannot decrypt a content key.
 *  @example
 *  const key = transitKey({ key: 'config-files' });
 *  const files = new EncryptedFileProvider({ path: 'secrets.yaml.jwe', keys: key });
 *  const password = await files.get('db.password'); // Vault decrypts the content key
 *  await key.close();
 */
export function transitKey(options: TransitKeyOptions): TransitKey {
  const { resilience, clock } = shelterOptionChecks;
  refuseToken('transitKey', options);
  checkOptions('transitKey', options, {
    ...connectionChecks,
    resilience,
    clock,
    key: aString,
    mount: aString,
  });
  const { key } = options;
  const mount = trimSlashes(options.mount ?? 'transit');
  if (key === undefined || !isSegment(key))
    throw new ConfigError('invalid_option', 'transitKey: the option key must be the name of a Transit key');
  const connection = new Connection(options, steadied(options.clock ?? systemClock));
  const requests = requestsOf(connection, options);

  /** Returns one text field of the reply. An empty one would make a file that nothing can decrypt. */
  const run = async (
    operation: 'encrypt' | 'decrypt' | 'rewrap',
    body: object,
    field: string,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<string> => {
    if (signal?.aborted) throw abortedBy('vault', 'the request');
    const path = `${mount}/${operation}/${key}`;
    const request = { method: 'POST', path, body, capability: 'update', subject: path } as const;
    let text: unknown;
    const sent = requests.send({ type: 'read', documents: 1, retryIf: ifTransient }, async (call) => {
      const reply = await connection.request(request, call.signal);
      if (reply.status === 404) throw noEngine(path);
      text = (reply.body as { data?: Record<string, unknown> }).data?.[field];
      return undefined;
    });
    const failure = await unlessAborted('vault', sent, signal);
    if (failure?.code === 'invalid_option' && operation !== 'encrypt')
      throw new ConfigError('crypto', `vault: ${mount}/${key} cannot decrypt the content key`, {
        provider: 'vault',
        hint: 'Check that this Transit key of this server has wrapped the content key',
        cause: failure,
      });
    if (failure) throw failure;
    if (typeof text !== 'string' || text === '')
      throw new ConfigError('crypto', `vault: the response of ${path} has no ${field}`, {
        provider: 'vault',
        hint: 'Check for a proxy in front of Vault',
      });
    return text;
  };

  return {
    kid: `${mount}/${key}`,
    algorithm: 'vault-transit',
    wrap: (contentKey, callOptions) =>
      run('encrypt', { plaintext: Buffer.from(contentKey).toString('base64') }, 'ciphertext', callOptions),
    unwrap: async (ciphertext, callOptions) =>
      new Uint8Array(Buffer.from(await run('decrypt', { ciphertext }, 'plaintext', callOptions), 'base64')),
    rewrap: (ciphertext, callOptions) => run('rewrap', { ciphertext }, 'ciphertext', callOptions),
    async close({ withinMs = closeWithinMs } = {}) {
      checkWithinMs('transitKey: close', withinMs);
      requests.close();
      await connection.close({ withinMs, left: () => undefined });
    },
  };
}

function requestsOf(connection: Connection, options: TransitKeyOptions): Requests {
  const { resilience, clock } = options;
  const settings = settingsOf(
    'transitKey',
    { ...(resilience !== undefined && { resilience }), ...(clock && { clock }) },
    undefined,
  );
  const backend: Backend = {
    name: 'vault',
    load: () => connection.load(),
    connect: (_refused, { signal }) => connection.connect(signal),
    get credentialVersion() {
      return connection.session.credentialVersion;
    },
    classify,
  };
  return new Requests(backend, settings, new Emitter('vault', 'shelter', () => shownNow(settings.clock)));
}
