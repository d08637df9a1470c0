// A Keyring over the Secret Service of a Linux desktop (GNOME Keyring, KWallet, KeePassXC). Used by
// source.ts. Talks D-Bus itself: native packages return `null` for a locked keyring, so a locked secret would
// look absent.

import { setMaxListeners } from 'node:events';
import { type Credential, type Keyring, lockedError } from './keyring.ts';
import { Session } from './session.ts';

const schema = { 'xdg:schema': 'org.freedesktop.Secret.Generic' };

/** The Secret Service over the session bus. Never opens a dialog: a request that needs one is
 *  `unauthenticated`. */
export class SecretService implements Keyring {
  readonly #service: string;
  #session: Promise<Session> | undefined;

  constructor(service: string) {
    this.#service = service;
  }

  async get(account: string, signal: AbortSignal): Promise<Credential['value'] | undefined> {
    const session = await this.#openSession(signal);
    const { items, someLocked } = await session.search({ service: this.#service, account }, signal);
    const [value] = (await session.values(items.slice(0, 1), signal)).values();
    if (value !== undefined) return value;
    if (someLocked) throw lockedError();
    await session.openCollection(signal);
    return undefined;
  }

  async find(signal: AbortSignal): Promise<readonly Credential[]> {
    setMaxListeners(0, signal); // one listener for each entry
    const session = await this.#openSession(signal);
    const { items, someLocked } = await session.search({ service: this.#service }, signal);
    if (someLocked) throw lockedError();
    if (items.length === 0) await session.openCollection(signal);
    const values = [...(await session.values(items, signal))];
    const attributes = await Promise.all(values.map(([item]) => session.attributes(item, signal)));
    const found = new Map<string, Credential>();
    for (const [i, [, value]] of values.entries()) {
      const account = attributes[i]?.account;
      if (account !== undefined && !found.has(account)) found.set(account, { account, value });
    }
    return [...found.values()];
  }

  async set(account: string, value: string, signal: AbortSignal): Promise<void> {
    const session = await this.#openSession(signal);
    const attributes = { service: this.#service, account };
    const { items, someLocked } = await session.search(attributes, signal);
    if (items[0] !== undefined) return session.replace(items[0], value, signal);
    if (someLocked) throw lockedError();
    await session.create({ ...schema, ...attributes }, `${account} (${this.#service})`, value, signal);
  }

  async delete(account: string, signal: AbortSignal): Promise<void> {
    const session = await this.#openSession(signal);
    const { items, someLocked } = await session.search({ service: this.#service, account }, signal);
    if (someLocked) throw lockedError();
    for (const item of items) await session.delete(item, signal);
  }

  async check(signal: AbortSignal): Promise<void> {
    await (await this.#openSession(signal)).openCollection(signal);
  }

  close(): void {
    this.#session?.then(
      (session) => session.close(),
      () => {},
    );
    this.#session = undefined;
  }

  async #openSession(signal: AbortSignal): Promise<Session> {
    const current = await this.#session?.catch(() => undefined);
    if (current?.dead !== false) this.#session = undefined;
    this.#session ??= Session.open(signal);
    return this.#session;
  }
}
