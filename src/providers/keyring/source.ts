// The document source behind KeyringProvider: one entry is one document, its account is the prefix and the
// key. Used by provider.ts; the shelter adds cache, retries and the rest. Chooses how to reach the keyring.

import { hostname, userInfo } from 'node:os';
import { ConfigError } from '../../errors.ts';
import { textOf } from '../../formats/json-text.ts';
import { keyOf } from '../../key.ts';
import { quoted } from '../../redact.ts';
import { identityOf } from '../../remote/identity.ts';
import { ancestors, asDocument } from '../../shelter/places.ts';
import type {
  Call,
  Document,
  DocumentSource,
  DocumentWrite,
  Outcome,
  Page,
  Place,
  Scope,
  SourceIdentity,
} from '../../shelter/port.ts';
import type { ConfigValue, Key } from '../../value.ts';
import { classify } from './classify.ts';
import { sessionSocket } from './dbus-socket.ts';
import type { Credential, Keyring } from './keyring.ts';
import { type NativeBackend, NativeKeyring } from './native.ts';
import type { KeyringOptions } from './options.ts';
import { SecretService } from './secret-service.ts';

/** A lone surrogate. All of them are the same in UTF-8, so two keys would share one account. */
const loneSurrogate = /\p{Surrogate}/u;

export class KeyringSource implements DocumentSource {
  readonly name: string;
  /** Accounts per request. They are read one after the other, which is fast: the keyring is local. */
  readonly batch = 16;
  readonly limits = { concurrency: 1 };
  readonly #prefix: string;
  readonly #store: { readonly service: string; readonly backend: string; readonly bus?: string | undefined };
  readonly #keyring: Keyring;
  /** Asked before each native call on Linux, where the native packages report a locked keyring as an
   *  empty one. */
  readonly #guard: SecretService | undefined;

  constructor({ service, backend = 'auto', prefix = '', name = 'keyring' }: KeyringOptions) {
    this.name = name;
    this.#prefix = prefix;
    const linux = process.platform === 'linux';
    const direct = backend === 'secret-service' || (backend === 'auto' && linux);
    this.#store = direct ? { service, backend: 'secret-service', bus: bus() } : { service, backend };
    if (direct) {
      this.#keyring = new SecretService(service);
    } else {
      const backends: readonly NativeBackend[] = backend === 'auto' ? ['keytar', 'napi'] : [backend];
      this.#keyring = new NativeKeyring(backends, service);
      if (linux) this.#guard = new SecretService(service);
    }
  }

  locate(key: Key): readonly Place[] {
    return loneSurrogate.test(key) ? [] : ancestors(key, (at) => this.#prefix + at);
  }

  async read(accounts: readonly string[], { signal }: Call): Promise<ReadonlyMap<string, Outcome>> {
    return this.#use(signal, async () => {
      const outcomes = new Map<string, Outcome>();
      for (const account of accounts) {
        const value = await this.#keyring.get(account, signal);
        outcomes.set(account, value === undefined ? 'absent' : documentOf(value));
      }
      return outcomes;
    });
  }

  async page(scope: Scope, _cursor: string | undefined, call: Call): Promise<Page> {
    const { signal } = call;
    const all = await this.#use(signal, () => this.#keyring.find(signal));
    const found = all.flatMap(({ account, value }) => {
      const key = this.#keyOf(account, call);
      return key !== undefined && scope.reaches(key)
        ? [{ place: { key, document: account, field: '' }, outcome: documentOf(value) }]
        : [];
    });
    return { found, next: [] };
  }

  async write(
    account: string,
    value: ConfigValue | undefined,
    _options: DocumentWrite,
    { signal }: Call,
  ): Promise<undefined> {
    if (value === undefined)
      return this.#use(signal, () => this.#keyring.delete(account, signal)) as Promise<undefined>;
    const text = textOf(value, this.name);
    if (loneSurrogate.test(text))
      throw new ConfigError(
        'invalid_option',
        `${this.name}: the value is not valid Unicode: it has a lone surrogate`,
        { provider: this.name, hint: 'Write complete characters, or encode bytes as base64' },
      );
    return this.#use(signal, () => this.#keyring.set(account, text, signal)) as Promise<undefined>;
  }

  async ping({ signal }: Call): Promise<void> {
    await this.#use(signal, () => this.#keyring.check(signal));
  }

  /** A keyring belongs to a user of a machine. Accounts have the prefix, so it makes no difference. */
  identity(): SourceIdentity {
    const user = process.getuid?.() ?? userInfo().username;
    return identityOf({ kind: 'keyring', host: hostname(), user, ...this.#store });
  }

  classify(error: unknown): ConfigError {
    return classify(error, this.name);
  }

  async close(): Promise<void> {
    this.#drop();
  }

  async #use<T>(signal: AbortSignal, request: () => Promise<T>): Promise<T> {
    try {
      await this.#guard?.check(signal);
      return await request();
    } catch (thrown) {
      const error = this.classify(thrown);
      if (error.transient) this.#drop();
      throw error;
    }
  }

  #drop(): void {
    this.#keyring.close();
    this.#guard?.close();
  }

  #keyOf(account: string, call: Call): Key | undefined {
    if (!account.startsWith(this.#prefix)) return undefined;
    const text = account.slice(this.#prefix.length);
    try {
      if (text !== '' && keyOf(text) === text) return text;
    } catch {
      // reported below
    }
    call.notice(`${this.name}: ${quoted(account)} is skipped: the account is not a key`, 'invalid_key');
    return undefined;
  }
}

/** The socket of the session bus: a user may have several, each with its own keyring. */
function bus(): string | undefined {
  try {
    return sessionSocket();
  } catch {
    return undefined; // a read reports it
  }
}

function documentOf(value: Credential['value']): Document {
  const attributes = { secret: true, text: true };
  if (typeof value === 'string') return asDocument(value, attributes);
  return { ...attributes, value: Buffer.from(value).toString('base64'), metadata: { type: 'binary' } };
}
