import { createRequire } from 'node:module';
import type { ConfigValue } from '../../entry.ts';
import { ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';
import { type Key, keyOf } from '../../key.ts';
import { ancestors, asDocument } from '../../shelter/places.ts';
import type { Call, DocumentSource, DocumentWrite, Outcome, Page, Place, Scope } from '../../shelter/port.ts';
import { NativeKeyring } from './child.ts';
import { DBusError } from './dbus.ts';
import type { Keyring } from './keyring.ts';
import type { KeyringOptions } from './provider.ts';
import { SecretService } from './secret-service.ts';

const held = { secret: true, text: true };

/** One entry of the keyring is one document; its account is the prefix and the key. */
export class KeyringSource implements DocumentSource {
  readonly name: string;
  readonly batch = 1;
  readonly limits = { concurrency: 1 };
  readonly #prefix: string;
  readonly #keyring: Keyring;
  /** A locked keyring looks like an empty one to the native packages: on Linux the Secret Service is asked first. */
  readonly #lock: SecretService | undefined;
  #leftOut = new Set<string>();
  #notice: (message: string, outcome?: ErrorCode) => void = () => {};

  constructor({ service, backend = 'auto', prefix = '', name = 'keyring' }: KeyringOptions) {
    this.name = name;
    this.#prefix = prefix;
    const chosen = backend === 'auto' ? automatic() : backend;
    this.#keyring = chosen === 'secret-service' ? new SecretService(service) : new NativeKeyring(chosen, service);
    if (chosen !== 'secret-service' && process.platform === 'linux') this.#lock = new SecretService(service);
  }

  onNotice(tell: (message: string, outcome?: ErrorCode) => void): void {
    this.#notice = tell;
  }

  locate(key: Key): readonly Place[] {
    return ancestors(key, (at) => this.#prefix + at);
  }

  async read([account]: readonly [string], { signal }: Call): Promise<ReadonlyMap<string, Outcome>> {
    const value = await this.#use(signal, () => this.#keyring.get(account, signal));
    return new Map([[account, value === undefined ? 'absent' : asDocument(value, held)]]);
  }

  async page(scope: Scope, _cursor: string | undefined, { signal }: Call): Promise<Page> {
    const all = await this.#use(signal, () => this.#keyring.find(signal));
    const found = all.flatMap(({ account, value }) => {
      const key = this.#keyOf(account);
      return key !== undefined && scope.reaches(key)
        ? [{ place: { key, document: account, field: '' }, outcome: asDocument(value, held) }]
        : [];
    });
    return { found, next: [] };
  }

  async write(account: string, value: ConfigValue | undefined, _options: DocumentWrite, { signal }: Call): Promise<undefined> {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    await this.#use(signal, () => (value === undefined ? this.#keyring.delete(account, signal) : this.#keyring.set(account, text, signal)));
  }

  async ping({ signal }: Call): Promise<void> {
    await this.#use(signal, () => this.#keyring.check(signal));
  }

  classify(error: unknown): ConfigError {
    if (isConfigError(error)) return error;
    const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
    const provider = this.name;
    if (code === 'locked')
      return new ConfigError('unauthenticated', `${provider}: the keyring is locked`, {
        provider,
        hint: 'Unlock it: log in to the desktop, or run gnome-keyring-daemon --unlock',
      });
    if (name === 'TimeoutError' || name === 'AbortError')
      return new ConfigError('timeout', `${provider}: the keyring does not answer`, {
        provider,
        hint: 'Look whether the keyring daemon hangs or waits for a dialog',
      });
    const why =
      error instanceof DBusError && ['no-bus', 'no-collection', 'auth', 'closed'].includes(error.code)
        ? error.message
        : typeof code === 'string'
          ? code
          : 'no answer';
    return new ConfigError('unavailable', `${provider}: no keyring can be reached: ${why}`, {
      provider,
      hint: 'Start a session bus with a secret service, such as gnome-keyring, for this user',
    });
  }

  async close(): Promise<void> {
    this.#keyring.close();
    this.#lock?.close();
  }

  async #use<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    try {
      await this.#lock?.check(signal);
      return await ask();
    } catch (error) {
      if (!isConfigError(error) && (error as { code?: unknown }).code !== 'locked') {
        this.#keyring.forget();
        this.#lock?.forget();
      }
      throw this.classify(error);
    }
  }

  #keyOf(account: string): Key | undefined {
    if (!account.startsWith(this.#prefix)) return undefined;
    const text = account.slice(this.#prefix.length);
    try {
      if (text !== '' && keyOf(text) === text) return text;
    } catch {
      // told below
    }
    if (!this.#leftOut.has(account)) this.#notice(`${this.name}: an entry is left out of lists: its account is no key as it stands`);
    this.#leftOut.add(account);
    return undefined;
  }
}

function automatic(): 'secret-service' | 'keytar' | 'napi' {
  if (process.platform === 'linux') return 'secret-service';
  try {
    createRequire(`${process.cwd()}/`).resolve('keytar');
    return 'keytar';
  } catch {
    return 'napi';
  }
}
