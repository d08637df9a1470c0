import { createCipheriv, createDecipheriv, getDiffieHellman, hkdfSync, randomBytes } from 'node:crypto';
import { Bus, DBusError, type Method } from './dbus.ts';
import { Variant } from './dbus-wire.ts';
import type { Credential, Keyring } from './keyring.ts';

const root = '/org/freedesktop/secrets';
const schema = { 'xdg:schema': 'org.freedesktop.Secret.Generic' };
const algorithm = 'dh-ietf1024-sha256-aes128-cbc-pkcs7';

type Attributes = Readonly<Record<string, string>>;
type Sealed = readonly [session: string, iv: Buffer, bytes: Buffer, type: string];

interface Session {
  readonly bus: Bus;
  readonly path: string;
  readonly key: Buffer;
}

/** The Secret Service of a Linux desktop over the session bus: what crosses it is encrypted, and no dialog is ever opened. */
export class SecretService implements Keyring {
  readonly #service: string;
  #session: Promise<Session> | undefined;

  constructor(service: string) {
    this.#service = service;
  }

  async get(account: string, signal: AbortSignal): Promise<string | undefined> {
    const session = await this.#open(signal);
    const [item] = await this.#search({ service: this.#service, account }, session, signal);
    if (item !== undefined) return (await this.#values([item], session, signal)).get(item);
    // an empty answer means nothing while the collection is locked
    if (await this.#locked(await this.#collection(session, signal), session, signal)) throw locked();
    return undefined;
  }

  async find(signal: AbortSignal): Promise<readonly Credential[]> {
    const session = await this.#open(signal);
    const items = await this.#search({ service: this.#service }, session, signal);
    if (items.length === 0 && (await this.#locked(await this.#collection(session, signal), session, signal))) throw locked();
    const values = await this.#values(items, session, signal);
    const attributes = await Promise.all(items.map((item) => this.#property<Attributes>(item, 'Item', 'Attributes', session, signal)));
    return items.flatMap((item, i) => {
      const { account } = attributes[i] as Attributes;
      return account === undefined ? [] : [{ account, value: values.get(item) as string }];
    });
  }

  async set(account: string, value: string, signal: AbortSignal): Promise<void> {
    const session = await this.#open(signal);
    const attributes = { service: this.#service, account };
    const [item] = await this.#search(attributes, session, signal);
    const sealed = seal(value, session);
    if (item !== undefined) {
      await call(session, item, 'Item', 'SetSecret', '(oayays)', [sealed], signal);
      return;
    }
    const collection = await this.#collection(session, signal);
    if (await this.#locked(collection, session, signal)) throw locked();
    const properties = {
      'org.freedesktop.Secret.Item.Label': new Variant('s', `${account} (${this.#service})`),
      'org.freedesktop.Secret.Item.Attributes': new Variant('a{ss}', { ...schema, ...attributes }),
    };
    const [, prompt] = await call(session, collection, 'Collection', 'CreateItem', 'a{sv}(oayays)b', [properties, sealed, true], signal);
    if (prompt !== '/') throw locked();
  }

  async delete(account: string, signal: AbortSignal): Promise<void> {
    const session = await this.#open(signal);
    for (const item of await this.#search({ service: this.#service, account }, session, signal)) {
      const [prompt] = await call(session, item, 'Item', 'Delete', '', [], signal);
      if (prompt !== '/') throw locked();
    }
  }

  async check(signal: AbortSignal): Promise<void> {
    const session = await this.#open(signal);
    if (await this.#locked(await this.#collection(session, signal), session, signal)) throw locked();
  }

  close(): void {
    this.#session?.then(
      ({ bus }) => bus.close(),
      () => {},
    );
    this.#session = undefined;
  }

  /** A daemon that was started anew knows no old session: after any failure the next request opens another. */
  forget(): void {
    this.close();
  }

  async #open(signal: AbortSignal): Promise<Session> {
    if (this.#session && (await this.#session.catch(() => undefined))?.bus.dead !== false) this.#session = undefined;
    this.#session ??= open(signal);
    const opening = this.#session;
    try {
      return await opening;
    } catch (error) {
      if (this.#session === opening) this.#session = undefined;
      throw error;
    }
  }

  async #search(attributes: Attributes, session: Session, signal: AbortSignal): Promise<readonly string[]> {
    const [unlocked, shut] = (await call(session, root, 'Service', 'SearchItems', 'a{ss}', [attributes], signal)) as [string[], string[]];
    if (shut.length > 0) throw locked();
    return unlocked;
  }

  async #values(items: readonly string[], session: Session, signal: AbortSignal): Promise<Map<string, string>> {
    if (items.length === 0) return new Map();
    const [sealed] = (await call(session, root, 'Service', 'GetSecrets', 'aoo', [items, session.path], signal)) as [Record<string, Sealed>];
    return new Map(Object.entries(sealed).map(([item, one]) => [item, unseal(one, session)]));
  }

  async #collection(session: Session, signal: AbortSignal): Promise<string> {
    const [path] = (await call(session, root, 'Service', 'ReadAlias', 's', ['default'], signal)) as [string];
    if (path === '/') throw new DBusError('no-collection', 'the secret service has no default collection');
    return path;
  }

  #locked(collection: string, session: Session, signal: AbortSignal): Promise<boolean> {
    return this.#property<boolean>(collection, 'Collection', 'Locked', session, signal);
  }

  async #property<T>(path: string, kind: string, name: string, { bus }: Session, signal: AbortSignal): Promise<T> {
    const method = { destination: 'org.freedesktop.secrets', path, interface: 'org.freedesktop.DBus.Properties', member: 'Get' };
    const [value] = await bus.call(method, 'ss', [`org.freedesktop.Secret.${kind}`, name], signal);
    return value as T;
  }
}

const locked = (): DBusError => new DBusError('locked', 'the keyring is locked');

function call(
  { bus }: Pick<Session, 'bus'>,
  path: string,
  kind: string,
  member: string,
  signature: string,
  values: readonly unknown[],
  signal: AbortSignal,
): Promise<unknown[]> {
  const method: Method = { destination: 'org.freedesktop.secrets', path, interface: `org.freedesktop.Secret.${kind}`, member };
  return bus.call(method, signature, values, signal);
}

async function open(signal: AbortSignal): Promise<Session> {
  const bus = await Bus.open(signal);
  try {
    const dh = getDiffieHellman('modp2');
    const own = new Variant('ay', dh.generateKeys());
    const [theirs, path] = (await call({ bus }, root, 'Service', 'OpenSession', 'sv', [algorithm, own], signal)) as [Buffer, string];
    const shared = dh.computeSecret(theirs);
    const padded = Buffer.concat([Buffer.alloc(128 - shared.length), shared]);
    return { bus, path, key: Buffer.from(hkdfSync('sha256', padded, Buffer.alloc(0), Buffer.alloc(0), 16)) };
  } catch (error) {
    bus.close();
    throw error;
  }
}

function seal(value: string, { path, key }: Session): Sealed {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-128-cbc', key, iv);
  return [path, iv, Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]), 'text/plain; charset=utf8'];
}

function unseal([, iv, bytes]: Sealed, { key }: Session): string {
  const decipher = createDecipheriv('aes-128-cbc', key, iv);
  return Buffer.concat([decipher.update(bytes), decipher.final()]).toString('utf8');
}
