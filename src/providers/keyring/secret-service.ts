import { setMaxListeners } from 'node:events';
import { type Credential, type Keyring, locked } from './keyring.ts';
import { Session } from './session.ts';

const schema = { 'xdg:schema': 'org.freedesktop.Secret.Generic' };

/** The Secret Service of a Linux desktop over the session bus. No dialog is ever opened. */
export class SecretService implements Keyring {
  readonly #service: string;
  #session: Promise<Session> | undefined;

  constructor(service: string) {
    this.#service = service;
  }

  async get(account: string, signal: AbortSignal): Promise<Credential['value'] | undefined> {
    const session = await this.#open(signal);
    const { items, shut } = await session.search({ service: this.#service, account }, signal);
    const [value] = (await session.values(items.slice(0, 1), signal)).values();
    if (value !== undefined) return value;
    if (shut) throw locked();
    await session.openCollection(signal);
    return undefined;
  }

  async find(signal: AbortSignal): Promise<readonly Credential[]> {
    setMaxListeners(0, signal); // one for each entry
    const session = await this.#open(signal);
    const { items, shut } = await session.search({ service: this.#service }, signal);
    if (shut) throw locked();
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
    const session = await this.#open(signal);
    const attributes = { service: this.#service, account };
    const { items, shut } = await session.search(attributes, signal);
    if (items[0] !== undefined) return session.replace(items[0], value, signal);
    if (shut) throw locked();
    await session.create({ ...schema, ...attributes }, `${account} (${this.#service})`, value, signal);
  }

  async delete(account: string, signal: AbortSignal): Promise<void> {
    const session = await this.#open(signal);
    const { items, shut } = await session.search({ service: this.#service, account }, signal);
    if (shut) throw locked();
    for (const item of items) await session.delete(item, signal);
  }

  async check(signal: AbortSignal): Promise<void> {
    await (await this.#open(signal)).openCollection(signal);
  }

  close(): void {
    this.#session?.then(
      (session) => session.close(),
      () => {},
    );
    this.#session = undefined;
  }

  async #open(signal: AbortSignal): Promise<Session> {
    const standing = await this.#session?.catch(() => undefined);
    if (standing?.dead !== false) this.#session = undefined;
    this.#session ??= Session.open(signal);
    return this.#session;
  }
}
