// A session bus with a Secret Service on it, over a unix socket: the same messages and encryption as the real
// one, everything in memory. Used by the keyring's tests, which set faults and states on it.
import { createCipheriv, createDecipheriv, getDiffieHellman, hkdfSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Reader, Variant, Writer } from '../../../src/providers/keyring/dbus-wire.ts';

/** Fault of a method: no reply, a cut connection, a malformed message, raw bytes, or a refusal by name. */
export type Fault = 'hang' | 'cut' | 'garbage' | Uint8Array | { readonly error: string };

interface Item {
  readonly attributes: Record<string, string>;
  value: Buffer;
  locked?: boolean;
}

interface Message {
  readonly serial: number;
  readonly path: string;
  readonly member: string;
  readonly destination: string;
  readonly values: unknown[];
}

type EncryptedSecret = [session: string, iv: Buffer, bytes: Buffer, type: string];

const collection = '/org/freedesktop/secrets/collection/fake';
// made once, because checking its prime is slow
const group = getDiffieHellman('modp2');
const quiet = new Variant('s', '');

export class FakeKeyring implements AsyncDisposable {
  readonly items = new Map<string, Item>();
  /** The member names of all calls, in order. */
  readonly calls: string[] = [];
  /** Number of logged-in connections so far. */
  connections = 0;
  locked = false;
  collection = true;
  running = true;
  /** Whether writes require a dialog. */
  asks = false;
  logIn = 'OK 0123456789abcdef\r\n';
  fault: (member: string) => Fault | undefined = () => undefined;
  readonly folder = mkdtempSync(join(tmpdir(), 'fake-keyring-'));
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #keys = new Map<string, Buffer>();
  #generation = 1;
  #number = 0;

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(): Promise<FakeKeyring> {
    const fake = new FakeKeyring();
    await new Promise<void>((resolve) => fake.#server.listen(join(fake.folder, 'bus'), resolve));
    return fake;
  }

  get address(): string {
    return `unix:path=${join(this.folder, 'bus')},guid=0123456789abcdef`;
  }

  put(service: string, account: string, value: string | Uint8Array | undefined): void {
    const [path] =
      [...this.items].find(
        ([, { attributes }]) => attributes.service === service && attributes.account === account,
      ) ?? [];
    if (value !== undefined) this.add({ service, account }, value, path);
    else if (path !== undefined) this.items.delete(path);
  }

  add(
    attributes: Record<string, string>,
    value: string | Uint8Array,
    path = `${collection}/${++this.#number}`,
  ): Item {
    const item = { attributes, value: Buffer.from(value) };
    this.items.set(path, item);
    return item;
  }

  /** Makes the service another process, which does not know old sessions. */
  restart(): void {
    this.#generation++;
    this.#keys.clear();
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.folder, { recursive: true });
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let unread = Buffer.alloc(0);
    let begun = false;
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (bytes: Buffer) => {
      unread = Buffer.concat([unread, bytes]);
      while (!begun) {
        const end = unread.indexOf('\r\n');
        if (end < 0) return;
        const line = unread.toString('latin1', 0, end);
        unread = unread.subarray(end + 2);
        if (line === 'BEGIN') begun = true;
        else if (line === `\0AUTH EXTERNAL ${Buffer.from(String(process.getuid?.())).toString('hex')}`) {
          this.connections++;
          if (this.logIn) socket.write(this.logIn);
          else socket.destroy();
        } else socket.end('REJECTED EXTERNAL\r\n');
      }
      while (unread.length >= 16) {
        const head = Math.ceil((16 + unread.readUInt32LE(12)) / 8) * 8;
        const size = head + unread.readUInt32LE(4);
        if (unread.length < size) return;
        this.#receive(socket, unread.subarray(0, size), head);
        unread = unread.subarray(size);
      }
    });
  }

  #receive(socket: Socket, bytes: Buffer, head: number): void {
    const fields = new Map((new Reader(bytes, 12).all('a(yv)') as [[number, string][]])[0]);
    const values = new Reader(bytes.subarray(head)).all(fields.get(8) ?? '');
    const [path, member, destination] = [1, 3, 6].map((field) => fields.get(field) as string) as [
      string,
      string,
      string,
    ];
    this.calls.push(member);
    const serial = bytes.readUInt32LE(8);
    const fault = this.fault(member);
    if (fault === 'hang') return;
    if (fault === 'cut') socket.destroy();
    // the real values, in a malformed message
    else if (fault === 'garbage')
      socket.write(
        message(serial, 2, 'as', [
          [...this.items.values()].map(({ value }) => value.toString('latin1')),
        ]).fill(0xff, 12, 40),
      );
    else if (fault instanceof Uint8Array) socket.write(fault);
    else if (fault) socket.write(message(serial, 3, 's', ['fake words'], fault.error));
    else this.#reply(socket, { serial, path, member, destination, values });
  }

  #reply(socket: Socket, { serial, path, member, destination, values }: Message): boolean {
    const refuse = (error: string): boolean => socket.write(message(serial, 3, '', [], error));
    const reply = (signature: string, ...results: unknown[]): boolean =>
      socket.write(message(serial, 2, signature, results));
    if (destination === 'org.freedesktop.DBus')
      return member === 'Hello' ? reply('s', ':1.7') : reply('s', `:9.${this.#generation}`);
    if (
      !this.running ||
      (destination !== 'org.freedesktop.secrets' && destination !== `:9.${this.#generation}`)
    )
      return refuse('org.freedesktop.DBus.Error.ServiceUnknown');
    const item = this.items.get(path);
    const isLocked = (each: Item): boolean => this.locked || each.locked === true;
    switch (member) {
      case 'OpenSession': {
        const own = group.generateKeys();
        const shared = group.computeSecret(values[1] as Buffer);
        const session = `/org/freedesktop/secrets/session/${this.#keys.size + 1}`;
        this.#keys.set(
          session,
          Buffer.from(hkdfSync('sha256', shared, Buffer.alloc(0), Buffer.alloc(0), 16)),
        );
        return reply('vo', new Variant('ay', own), session);
      }
      case 'SearchItems': {
        const wanted = Object.entries(values[0] as Record<string, string>);
        const found = [...this.items].filter(([, { attributes }]) =>
          wanted.every(([name, value]) => attributes[name] === value),
        );
        const paths = (locked: boolean): string[] =>
          found.filter(([, each]) => isLocked(each) === locked).map(([at]) => at);
        return reply('aoao', paths(false), paths(true));
      }
      case 'GetSecrets': {
        const [paths, session] = values as [string[], string];
        const key = this.#keys.get(session);
        if (!key) return refuse('org.freedesktop.Secret.Error.NoSession');
        const there = paths.flatMap((at) => {
          const found = this.items.get(at);
          return found && !isLocked(found) ? [[at, encrypt(session, key, found.value)] as const] : [];
        });
        return reply('a{o(oayays)}', Object.fromEntries(there));
      }
      case 'ReadAlias':
        return reply('o', this.collection ? collection : '/');
      case 'Get':
        return reply(
          'v',
          path === collection
            ? new Variant('b', this.locked)
            : item
              ? new Variant('a{ss}', item.attributes)
              : quiet,
        );
      case 'CreateItem': {
        if (this.asks) return reply('oo', '/', '/org/freedesktop/secrets/prompt/1');
        const [properties, secret] = values as [Record<string, Record<string, string>>, EncryptedSecret];
        this.add(
          properties['org.freedesktop.Secret.Item.Attributes'] as Record<string, string>,
          this.#decrypt(secret),
        );
        return reply('oo', [...this.items.keys()].at(-1), '/');
      }
      case 'SetSecret':
        if (this.asks || !item) return refuse('org.freedesktop.Secret.Error.IsLocked');
        item.value = this.#decrypt(values[0] as EncryptedSecret);
        return reply('');
      default:
        if (this.asks) return reply('o', '/org/freedesktop/secrets/prompt/1');
        this.items.delete(path);
        return reply('o', '/');
    }
  }

  #decrypt([session, iv, bytes]: EncryptedSecret): Buffer {
    const decipher = createDecipheriv('aes-128-cbc', this.#keys.get(session) as Buffer, iv);
    return Buffer.concat([decipher.update(bytes), decipher.final()]);
  }
}

function encrypt(session: string, key: Buffer, value: Buffer): EncryptedSecret {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-128-cbc', key, iv);
  return [session, iv, Buffer.concat([cipher.update(value), cipher.final()]), 'text/plain'];
}

/** A reply (2) or an error (3) to the call with this serial. */
export function message(
  to: number,
  kind: number,
  signature: string,
  values: readonly unknown[],
  error?: string,
): Buffer {
  const body = new Writer();
  body.all(signature, values);
  const head = new Writer();
  const fields: [number, Variant][] = [
    [5, new Variant('u', to)],
    [7, new Variant('s', ':9.1')],
  ];
  if (error !== undefined) fields.push([4, new Variant('s', error)]);
  if (signature) fields.push([8, new Variant('g', signature)]);
  head.all('yyyyuua(yv)', [0x6c, kind, 1, 1, body.length, 1, fields]);
  head.align(8);
  return Buffer.concat([head.bytes(), body.bytes()]);
}
