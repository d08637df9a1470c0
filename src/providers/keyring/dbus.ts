import { connect, type Socket } from 'node:net';
import { Reader, Variant, Writer } from './dbus-wire.ts';

/** A refusal by the bus or by who answered on it, by its D-Bus name. */
export class DBusError extends Error {
  override readonly name = 'DBusError';
  readonly code: string;

  constructor(code: string, message = code) {
    super(message);
    this.code = code;
  }
}

/** The session bus's socket, as the environment names it. */
export function sessionSocket(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const { DBUS_SESSION_BUS_ADDRESS: addresses, XDG_RUNTIME_DIR: runtime } = env;
  for (const address of (addresses ?? '').split(';')) {
    if (!address.startsWith('unix:')) continue;
    const parts = new Map(
      address
        .slice(5)
        .split(',')
        .map((part) => part.split('=').map(decodeURIComponent) as [string, string]),
    );
    const abstract = parts.get('abstract');
    const path = parts.get('path') ?? (abstract && `\0${abstract}`);
    if (path) return path;
  }
  if (!addresses && runtime) return `${runtime}/bus`;
  throw new DBusError('no-bus', 'there is no session bus: DBUS_SESSION_BUS_ADDRESS is not set');
}

export interface Method {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
}

interface Waiting {
  resolve(answer: unknown[]): void;
  reject(error: unknown): void;
  forget(): void;
}

const maxMessage = 64 * 1024 * 1024;

/** Method calls over one connection to the session bus, nothing else. It keeps the process alive only while somebody waits. */
export class Bus {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #serial = 0;
  #unread: Buffer = Buffer.alloc(0);
  #dead: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(new DBusError('closed', 'the connection to the session bus was closed')));
  }

  static async open(signal: AbortSignal, path: string = sessionSocket()): Promise<Bus> {
    const socket = connect({ path });
    await authenticate(socket, signal);
    const bus = new Bus(socket);
    try {
      await bus.call(
        { destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus', member: 'Hello' },
        '',
        [],
        signal,
      );
    } catch (error) {
      bus.close();
      throw error;
    }
    return bus;
  }

  get dead(): boolean {
    return this.#dead !== undefined;
  }

  call(method: Method, signature: string, values: readonly unknown[], signal: AbortSignal): Promise<unknown[]> {
    if (this.#dead) return Promise.reject(this.#dead);
    if (signal.aborted) return Promise.reject(signal.reason);
    const serial = ++this.#serial;
    const message = callMessage(serial, method, signature, values);
    return new Promise((resolve, reject) => {
      const give = () => {
        this.#waiting.delete(serial);
        this.#rest();
        reject(signal.reason);
      };
      signal.addEventListener('abort', give, { once: true });
      this.#waiting.set(serial, { resolve, reject, forget: () => signal.removeEventListener('abort', give) });
      this.#socket.ref();
      this.#socket.write(message);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #rest(): void {
    if (this.#waiting.size === 0) this.#socket.unref();
  }

  #end(error: Error): void {
    this.#dead ??= error;
    for (const one of this.#waiting.values()) {
      one.forget();
      one.reject(this.#dead);
    }
    this.#waiting.clear();
  }

  #take(bytes: Buffer): void {
    let all = this.#unread.length > 0 ? Buffer.concat([this.#unread, bytes]) : bytes;
    while (all.length >= 16) {
      const bodyLength = all.readUInt32LE(4);
      const headEnd = Math.ceil((16 + all.readUInt32LE(12)) / 8) * 8;
      if (all[0] !== 0x6c || headEnd + bodyLength > maxMessage)
        return void this.#socket.destroy(new DBusError('protocol', 'the session bus sent a broken message'));
      if (all.length < headEnd + bodyLength) break;
      this.#answer(all.subarray(0, headEnd), all.subarray(headEnd, headEnd + bodyLength));
      all = all.subarray(headEnd + bodyLength);
    }
    this.#unread = Buffer.from(all);
  }

  #answer(head: Buffer, body: Buffer): void {
    const fields = new Map(new Reader(head, 12).read('a(yv)') as [number, unknown][]);
    const serial = fields.get(5) as number;
    const one = this.#waiting.get(serial);
    if (!one) return;
    this.#waiting.delete(serial);
    one.forget();
    this.#rest();
    try {
      const values = new Reader(body).all((fields.get(8) as string | undefined) ?? '');
      if (head[1] === 3) one.reject(new DBusError(String(fields.get(4))));
      else one.resolve(values);
    } catch (error) {
      one.reject(error);
    }
  }
}

function callMessage(serial: number, method: Method, signature: string, values: readonly unknown[]): Buffer {
  const body = new Writer();
  body.all(signature, values);
  const head = new Writer();
  head.raw(Buffer.from([0x6c, 1, 0, 1]));
  head.u32(body.length);
  head.u32(serial);
  const fields: [number, Variant][] = [
    [1, new Variant('o', method.path)],
    [2, new Variant('s', method.interface)],
    [3, new Variant('s', method.member)],
    [6, new Variant('s', method.destination)],
  ];
  if (signature) fields.push([8, new Variant('g', signature)]);
  head.write('a(yv)', fields);
  head.align(8);
  return Buffer.concat([head.bytes(), body.bytes()]);
}

/** As the user who runs this process, which the bus reads off the socket. */
function authenticate(socket: Socket, signal: AbortSignal): Promise<void> {
  const user = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
  return new Promise((resolve, reject) => {
    let text = '';
    const done = (error?: unknown) => {
      signal.removeEventListener('abort', give);
      socket.off('data', read).off('error', done);
      if (error === undefined) return resolve();
      socket.on('error', () => {}).destroy();
      reject(error);
    };
    const give = () => done(signal.reason);
    const read = (bytes: Buffer) => {
      text += bytes.toString('latin1');
      if (!text.includes('\r\n')) return;
      if (!text.startsWith('OK ')) return done(new DBusError('auth', 'the session bus refuses this user'));
      socket.write('BEGIN\r\n');
      done();
    };
    socket.on('data', read).once('error', done);
    socket.once('connect', () => socket.write(`\0AUTH EXTERNAL ${user}\r\n`));
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}
