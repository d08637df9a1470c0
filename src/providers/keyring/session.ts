// A session with the Secret Service: secrets cross the bus encrypted, with a key agreed for this session.
// Used by secret-service.ts. Own code, because native packages return `null` for a locked keyring instead of
// an error.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Bus, busDaemon } from './dbus.ts';
import { DBusError } from './dbus-socket.ts';
import { Variant } from './dbus-wire.ts';
import { keyAgreement } from './key-agreement.ts';
import { type Credential, lockedError } from './keyring.ts';

const service = 'org.freedesktop.secrets';
const root = '/org/freedesktop/secrets';
const algorithm = 'dh-ietf1024-sha256-aes128-cbc-pkcs7';

/** The methods in use: interface, signature of the arguments, signature of the reply. */
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
type EncryptedSecret = readonly [session: string, iv: Buffer, bytes: Buffer, type: string];

/** One session. Item and collection paths are the service's own. */
export class Session {
  readonly #bus: Bus;
  /** The unique bus name of the process that agreed on the key. A restarted service has another name, and
   *  does not know old sessions. */
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
      const { publicKey, sharedKey } = keyAgreement();
      const request = [algorithm, new Variant('ay', publicKey)];
      const [peerKey, path] = (await call(bus, service, root, 'OpenSession', request, signal)) as [
        Buffer,
        string,
      ];
      const owner = { ...busDaemon, member: 'GetNameOwner', takes: 's', gives: 's' };
      const [peer] = (await bus.call(owner, [service], signal)) as [string];
      return new Session(bus, peer, path, sharedKey(peerKey));
    } catch (error) {
      bus.close();
      throw error;
    }
  }

  get dead(): boolean {
    return this.#bus.dead;
  }

  /** Finds the unlocked items with these attributes, and whether there are locked ones too. */
  async search(
    attributes: Attributes,
    signal: AbortSignal,
  ): Promise<{ readonly items: readonly string[]; readonly someLocked: boolean }> {
    const [items, lockedItems] = (await this.#call(root, 'SearchItems', [attributes], signal)) as [
      string[],
      string[],
    ];
    return { items, someLocked: lockedItems.length > 0 };
  }

  /** The values of the items that exist and are unlocked. */
  async values(
    items: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Credential['value']>> {
    if (items.length === 0) return new Map();
    const [secrets] = (await this.#call(root, 'GetSecrets', [items, this.#path], signal)) as [
      Record<string, EncryptedSecret>,
    ];
    return new Map(Object.entries(secrets).map(([item, secret]) => [item, this.#decrypt(secret)]));
  }

  async attributes(item: string, signal: AbortSignal): Promise<Attributes> {
    return (await this.#property(item, 'Item', 'Attributes', signal)) as Attributes;
  }

  /** The path of the default collection. Throws when it is missing or locked, because an empty search
   *  result is then no proof of absence. */
  async openCollection(signal: AbortSignal): Promise<string> {
    const [path] = (await this.#call(root, 'ReadAlias', ['default'], signal)) as [string];
    if (path === '/') throw new DBusError('no-collection', 'the secret service has no default collection');
    if ((await this.#property(path, 'Collection', 'Locked', signal)) !== false) throw lockedError();
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
      [properties, this.#encrypt(value), true],
      signal,
    );
    if (prompt !== '/') throw lockedError();
  }

  async replace(item: string, value: string, signal: AbortSignal): Promise<void> {
    await this.#call(item, 'SetSecret', [this.#encrypt(value)], signal);
  }

  async delete(item: string, signal: AbortSignal): Promise<void> {
    const [prompt] = await this.#call(item, 'Delete', [], signal);
    if (prompt !== '/') throw lockedError();
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

  #encrypt(value: string): EncryptedSecret {
    const iv = randomBytes(16);
    const cipher = createCipheriv('aes-128-cbc', this.#key, iv);
    return [
      this.#path,
      iv,
      Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]),
      'text/plain; charset=utf8',
    ];
  }

  #decrypt([, iv, bytes]: EncryptedSecret): Credential['value'] {
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
