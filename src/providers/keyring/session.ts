import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { agreement } from './agreement.ts';
import { Bus, theBus } from './dbus.ts';
import { DBusError } from './dbus-socket.ts';
import { Variant } from './dbus-wire.ts';
import { type Credential, locked } from './keyring.ts';

const service = 'org.freedesktop.secrets';
const root = '/org/freedesktop/secrets';
const algorithm = 'dh-ietf1024-sha256-aes128-cbc-pkcs7';

/** What is asked of a secret service: of which interface, and the signatures of arguments and answer. */
const methods = {
  OpenSession: ['Secret.Service', 'sv', 'vo'],
  SearchItems: ['Secret.Service', 'a{ss}', 'aoao'],
  GetSecrets: ['Secret.Service', 'aoo', 'a{o(oayays)}'],
  ReadAlias: ['Secret.Service', 's', 'o'],
  CreateItem: ['Secret.Collection', 'a{sv}(oayays)b', 'oo'],
  SetSecret: ['Secret.Item', '(oayays)', ''],
  Delete: ['Secret.Item', '', 'o'],
  Get: ['DBus.Properties', 'ss', 'v'],
} as const;

export type Attributes = Readonly<Record<string, string>>;
type Sealed = readonly [session: string, iv: Buffer, bytes: Buffer, type: string];

/** A conversation with one secret service, whose secrets cross the bus encrypted. Its paths are the service's own. */
export class Session {
  readonly #bus: Bus;
  /** The very process that agreed on the key: one that is started anew has another name, and knows no old session. */
  readonly #peer: string;
  readonly #path: string;
  readonly #key: Buffer;

  private constructor(bus: Bus, peer: string, path: string, key: Buffer) {
    this.#bus = bus;
    this.#peer = peer;
    this.#path = path;
    this.#key = key;
  }

  static async open(signal: AbortSignal): Promise<Session> {
    const bus = await Bus.open(signal);
    try {
      const { publicKey, sharedKey } = agreement();
      const hello = [algorithm, new Variant('ay', publicKey)];
      const [theirs, path] = (await call(bus, service, root, 'OpenSession', hello, signal)) as [
        Buffer,
        string,
      ];
      const owner = { ...theBus, member: 'GetNameOwner', takes: 's', gives: 's' };
      const [peer] = (await bus.call(owner, [service], signal)) as [string];
      return new Session(bus, peer, path, sharedKey(theirs));
    } catch (error) {
      bus.close();
      throw error;
    }
  }

  get dead(): boolean {
    return this.#bus.dead;
  }

  /** The items with these attributes, and whether some of them are locked. */
  async search(
    attributes: Attributes,
    signal: AbortSignal,
  ): Promise<{ readonly items: readonly string[]; readonly shut: boolean }> {
    const [items, shut] = (await this.#call(root, 'SearchItems', [attributes], signal)) as [
      string[],
      string[],
    ];
    return { items, shut: shut.length > 0 };
  }

  /** The values of those that are there and open. */
  async values(
    items: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Credential['value']>> {
    if (items.length === 0) return new Map();
    const [sealed] = (await this.#call(root, 'GetSecrets', [items, this.#path], signal)) as [
      Record<string, Sealed>,
    ];
    return new Map(Object.entries(sealed).map(([item, one]) => [item, this.#unseal(one)]));
  }

  async attributes(item: string, signal: AbortSignal): Promise<Attributes> {
    return (await this.#property(item, 'Item', 'Attributes', signal)) as Attributes;
  }

  /** Where new items go. Throws while nothing can be read there: an empty answer means nothing then. */
  async openCollection(signal: AbortSignal): Promise<string> {
    const [path] = (await this.#call(root, 'ReadAlias', ['default'], signal)) as [string];
    if (path === '/') throw new DBusError('no-collection', 'the secret service has no default collection');
    if ((await this.#property(path, 'Collection', 'Locked', signal)) !== false) throw locked();
    return path;
  }

  async create(attributes: Attributes, label: string, value: string, signal: AbortSignal): Promise<void> {
    const properties = {
      'org.freedesktop.Secret.Item.Label': new Variant('s', label),
      'org.freedesktop.Secret.Item.Attributes': new Variant('a{ss}', attributes),
    };
    const collection = await this.openCollection(signal);
    const [, prompt] = await this.#call(
      collection,
      'CreateItem',
      [properties, this.#seal(value), true],
      signal,
    );
    if (prompt !== '/') throw locked();
  }

  async replace(item: string, value: string, signal: AbortSignal): Promise<void> {
    await this.#call(item, 'SetSecret', [this.#seal(value)], signal);
  }

  async delete(item: string, signal: AbortSignal): Promise<void> {
    const [prompt] = await this.#call(item, 'Delete', [], signal);
    if (prompt !== '/') throw locked();
  }

  close(): void {
    this.#bus.close();
  }

  async #property(path: string, kind: string, name: string, signal: AbortSignal): Promise<unknown> {
    const [value] = await this.#call(path, 'Get', [`org.freedesktop.Secret.${kind}`, name], signal);
    return value;
  }

  #call(
    path: string,
    member: keyof typeof methods,
    values: readonly unknown[],
    signal: AbortSignal,
  ): Promise<unknown[]> {
    return call(this.#bus, this.#peer, path, member, values, signal);
  }

  #seal(value: string): Sealed {
    const iv = randomBytes(16);
    const cipher = createCipheriv('aes-128-cbc', this.#key, iv);
    return [
      this.#path,
      iv,
      Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]),
      'text/plain; charset=utf8',
    ];
  }

  #unseal([, iv, bytes]: Sealed): Credential['value'] {
    const decipher = createDecipheriv('aes-128-cbc', this.#key, iv);
    const plain = Buffer.concat([decipher.update(bytes), decipher.final()]);
    const text = plain.toString('utf8');
    return Buffer.from(text).equals(plain) ? text : plain;
  }
}

function call(
  bus: Bus,
  destination: string,
  path: string,
  member: keyof typeof methods,
  values: readonly unknown[],
  signal: AbortSignal,
): Promise<unknown[]> {
  const [kind, takes, gives] = methods[member];
  return bus.call(
    { destination, path, interface: `org.freedesktop.${kind}`, member, takes, gives },
    values,
    signal,
  );
}
