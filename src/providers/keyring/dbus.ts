import type { Socket } from 'node:net';
import { closed, DBusError, openSocket, sessionSocket } from './dbus-socket.ts';
import { Reader, Variant, Writer } from './dbus-wire.ts';

export interface Method {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** The signature of its arguments, and of its answer. */
  readonly takes: string;
  readonly gives: string;
}

export const theBus = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
};

interface Waiting {
  readonly gives: string;
  resolve(answer: unknown[]): void;
  reject(error: unknown): void;
  /** Nobody waits any more. */
  end(): void;
}

const maxMessage = 64 * 1024 * 1024;

/** Method calls over one connection to the session bus, nothing else. It keeps the process alive only while somebody waits. */
export class Bus {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #serial = 0;
  #unread: Buffer[] = [];
  #unreadBytes = 0;
  #neededBytes = 16;
  #dead: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(closed()));
  }

  static async open(signal: AbortSignal, path: string = sessionSocket()): Promise<Bus> {
    const bus = new Bus(await openSocket(path, signal));
    try {
      await bus.call({ ...theBus, member: 'Hello', takes: '', gives: 's' }, [], signal);
    } catch (error) {
      bus.close();
      throw error;
    }
    return bus;
  }

  get dead(): boolean {
    return this.#dead !== undefined;
  }

  call(method: Method, values: readonly unknown[], signal: AbortSignal): Promise<unknown[]> {
    if (this.#dead) return Promise.reject(this.#dead);
    if (signal.aborted) return Promise.reject(signal.reason);
    const serial = ++this.#serial;
    return new Promise((resolve, reject) => {
      const give = (): void => {
        end();
        reject(signal.reason);
      };
      const end = (): void => {
        signal.removeEventListener('abort', give);
        this.#waiting.delete(serial);
        if (this.#waiting.size === 0) this.#socket.unref();
      };
      signal.addEventListener('abort', give, { once: true });
      this.#waiting.set(serial, { gives: method.gives, resolve, reject, end });
      this.#socket.ref();
      this.#socket.write(callMessage(serial, method, values));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #end(error: Error): void {
    this.#dead ??= error;
    for (const one of [...this.#waiting.values()]) {
      one.end();
      one.reject(this.#dead);
    }
  }

  #take(bytes: Buffer): void {
    this.#unread.push(bytes);
    this.#unreadBytes += bytes.length;
    if (this.#unreadBytes < this.#neededBytes) return;
    let all = Buffer.concat(this.#unread);
    try {
      for (;;) {
        this.#neededBytes = all.length < 16 ? 16 : messageLength(all);
        if (all.length < this.#neededBytes) break;
        this.#answer(all.subarray(0, this.#neededBytes));
        all = all.subarray(this.#neededBytes);
      }
    } catch {
      this.#socket.destroy(
        new DBusError('protocol', 'the session bus sent a message that is not understood'),
      );
    }
    this.#unread = [all];
    this.#unreadBytes = all.length;
  }

  #answer(message: Buffer): void {
    const [named] = new Reader(message, 12).all('a(yv)') as [[number, unknown][]];
    const fields = new Map(named);
    const one = this.#waiting.get(fields.get(5) as number);
    if (!one) return;
    if (message[1] === 3) {
      one.end();
      one.reject(new DBusError(nameIn(fields.get(4))));
      return;
    }
    if ((fields.get(8) ?? '') !== one.gives) throw new TypeError('another answer than the method gives');
    const answer = new Reader(message.subarray(message.length - message.readUInt32LE(4))).all(one.gives);
    one.end();
    one.resolve(answer);
  }
}

const nameIn = (name: unknown): string =>
  typeof name === 'string' && /^[\w.]{1,255}$/.test(name) ? name : 'an error without a name';

function messageLength(head: Buffer): number {
  const length = Math.ceil((16 + head.readUInt32LE(12)) / 8) * 8 + head.readUInt32LE(4);
  if (head[0] !== 0x6c || length > maxMessage) throw new RangeError('no message of this bus');
  return length;
}

function callMessage(
  serial: number,
  { path, interface: kind, member, destination, takes }: Method,
  values: readonly unknown[],
): Buffer {
  const body = new Writer();
  body.all(takes, values);
  const head = new Writer();
  const fields = [
    [1, new Variant('o', path)],
    [2, new Variant('s', kind)],
    [3, new Variant('s', member)],
    [6, new Variant('s', destination)],
    ...(takes ? [[8, new Variant('g', takes)]] : []),
  ];
  head.all('yyyyuua(yv)', [0x6c, 1, 0, 1, body.length, serial, fields]);
  head.align(8);
  return Buffer.concat([head.bytes(), body.bytes()]);
}
