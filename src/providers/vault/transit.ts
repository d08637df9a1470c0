import { ConfigError } from '../../errors.ts';
import { Emitter } from '../../internal/listeners.ts';
import { aString, checkOptions } from '../../internal/options.ts';
import type { KeyWrapper } from '../../key-wrapper.ts';
import { aborted, unlessAborted } from '../../shelter/abort.ts';
import { systemClock } from '../../shelter/clock.ts';
import { type ShelterOptions, settingsOf, shelterOptionChecks } from '../../shelter/options.ts';
import { ifTransient, Requests } from '../../shelter/request/requests.ts';
import { classify, missing } from './classify.ts';
import { Connection, isSegment } from './connection.ts';
import { connectionChecks, type VaultConnectionOptions } from './options.ts';

export interface TransitKeyOptions
  extends VaultConnectionOptions,
    Pick<ShelterOptions, 'resilience' | 'clock'> {
  /** The name of the key in the Transit engine. */
  readonly key: string;
  /** Where the engine is mounted. @default 'transit' */
  readonly mount?: string;
}

interface Once {
  readonly signal?: AbortSignal;
}

export interface TransitKey extends KeyWrapper {
  /** The same data key under the newest version of the Transit key; in the clear it never leaves the server. */
  rewrap(wrapped: string, options?: Once): Promise<string>;
  /** Revokes the token that was made here, and lets the connection go. */
  close(): Promise<void>;
}

/** Wraps data keys of encrypted files by a key that never leaves Vault. */
export function transitKey(options: TransitKeyOptions): TransitKey {
  const { resilience, clock } = shelterOptionChecks;
  checkOptions('transitKey', options, {
    ...connectionChecks,
    resilience,
    clock,
    key: aString,
    mount: aString,
  });
  const { key } = options;
  const mount = (options.mount ?? 'transit').replace(/^\/+|\/+$/g, '');
  if (key === undefined || !isSegment(key))
    throw new ConfigError('invalid_option', 'transitKey: the option key must be the name of a Transit key');
  const connection = new Connection(options, options.clock ?? systemClock);
  const requests = requestsOf(connection, options);

  const ask = async (
    operation: 'encrypt' | 'decrypt' | 'rewrap',
    body: object,
    field: string,
    { signal }: Once = {},
  ): Promise<string> => {
    if (signal?.aborted) throw aborted('vault');
    const path = `${mount}/${operation}/${key}`;
    const asked = { method: 'POST', path, body, capability: 'update', what: path } as const;
    let text: unknown;
    const answered = requests.send(
      { operation: 'read', documents: 1, repeats: ifTransient },
      async (call) => {
        const answer = await connection.ask(asked, call.signal);
        if (answer.status === 404) throw missing(asked.what);
        text = (answer.body as { data?: Record<string, unknown> }).data?.[field];
        return undefined;
      },
    );
    const failed = await unlessAborted('vault', answered, signal);
    if (failed?.code === 'invalid_option' && operation !== 'encrypt')
      throw new ConfigError('crypto', `vault: ${mount}/${key} cannot decrypt that data key`, {
        provider: 'vault',
        hint: 'Was it wrapped by this key of this server?',
        cause: failed,
      });
    if (failed) throw failed;
    if (typeof text !== 'string')
      throw new ConfigError('crypto', `vault: ${asked.what} answered no ${field}`, { provider: 'vault' });
    return text;
  };

  return {
    kid: `${mount}/${key}`,
    algorithm: 'vault-transit',
    wrap: (data, once) =>
      ask('encrypt', { plaintext: Buffer.from(data).toString('base64') }, 'ciphertext', once),
    unwrap: async (ciphertext, once) =>
      new Uint8Array(Buffer.from(await ask('decrypt', { ciphertext }, 'plaintext', once), 'base64')),
    rewrap: (ciphertext, once) => ask('rewrap', { ciphertext }, 'ciphertext', once),
    async close() {
      requests.close();
      await connection.close();
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
  const source = {
    name: 'vault',
    batch: 1,
    locate: () => [],
    read: async () => new Map(),
    load: () => connection.load(),
    connect: (_refused: ConfigError | undefined, call: { readonly signal: AbortSignal }) =>
      connection.connect(call.signal),
    classify,
  };
  return new Requests(
    source,
    settings,
    new Emitter('vault', 'shelter', () => settings.clock.now()),
    async () => undefined,
  );
}
