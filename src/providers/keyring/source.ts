import { ConfigError, type ErrorCode } from '../../errors.ts';
import { textOf } from '../../formats/json-text.ts';
import { keyOf } from '../../key.ts';
import { quoted } from '../../redact.ts';
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
} from '../../shelter/port.ts';
import type { ConfigValue, Key } from '../../value.ts';
import { classify } from './classify.ts';
import type { Credential, Keyring } from './keyring.ts';
import { type NativeBackend, NativeKeyring } from './native.ts';
import type { KeyringOptions } from './options.ts';
import { SecretService } from './secret-service.ts';

/** Half a letter: as bytes it is the same as any other, and two keys would be one account. */
const halfLetter = /\p{Surrogate}/u;

/** One entry of the keyring is one document; its account is the prefix and the key. */
export class KeyringSource implements DocumentSource {
  readonly name: string;
  /** One by one, and yet one request: nothing of it is far away. */
  readonly batch = 16;
  readonly limits = { concurrency: 1 };
  readonly #prefix: string;
  readonly #keyring: Keyring;
  /** A locked keyring looks like an empty one to the native packages: on Linux the Secret Service is asked first. */
  readonly #guard: SecretService | undefined;
  #notice: (message: string, outcome?: ErrorCode) => void = () => {};

  constructor({ service, backend = 'auto', prefix = '', name = 'keyring' }: KeyringOptions) {
    this.name = name;
    this.#prefix = prefix;
    const linux = process.platform === 'linux';
    if (backend === 'secret-service' || (backend === 'auto' && linux)) {
      this.#keyring = new SecretService(service);
    } else {
      const backends: readonly NativeBackend[] = backend === 'auto' ? ['keytar', 'napi'] : [backend];
      this.#keyring = new NativeKeyring(backends, service);
      if (linux) this.#guard = new SecretService(service);
    }
  }

  onNotice(tell: (message: string, outcome?: ErrorCode) => void): void {
    this.#notice = tell;
  }

  locate(key: Key): readonly Place[] {
    return halfLetter.test(key) ? [] : ancestors(key, (at) => this.#prefix + at);
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

  async page(scope: Scope, _cursor: string | undefined, { signal }: Call): Promise<Page> {
    const all = await this.#use(signal, () => this.#keyring.find(signal));
    const found = all.flatMap(({ account, value }) => {
      const key = this.#keyOf(account);
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
    if (halfLetter.test(text))
      throw new ConfigError(
        'invalid_option',
        `${this.name}: the value is no text: half of a letter is missing`,
        { provider: this.name },
      );
    return this.#use(signal, () => this.#keyring.set(account, text, signal)) as Promise<undefined>;
  }

  async ping({ signal }: Call): Promise<void> {
    await this.#use(signal, () => this.#keyring.check(signal));
  }

  classify(error: unknown): ConfigError {
    return classify(error, this.name);
  }

  async close(): Promise<void> {
    this.#drop();
  }

  async #use<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    try {
      await this.#guard?.check(signal);
      return await ask();
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

  #keyOf(account: string): Key | undefined {
    if (!account.startsWith(this.#prefix)) return undefined;
    const text = account.slice(this.#prefix.length);
    try {
      if (text !== '' && keyOf(text) === text) return text;
    } catch {
      // told below
    }
    this.#notice(
      `${this.name}: the entry ${quoted(account)} is left out of lists: its account is no key as it stands`,
      'invalid_key',
    );
    return undefined;
  }
}

function documentOf(value: Credential['value']): Document {
  const held = { secret: true, text: true };
  if (typeof value === 'string') return asDocument(value, held);
  return { ...held, value: Buffer.from(value).toString('base64'), metadata: { type: 'binary' } };
}
