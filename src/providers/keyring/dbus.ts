// A D-Bus client for method calls over one connection to the session bus; no signals, no objects of its own.
// Used by session.ts. Own code: native packages return `null` for a locked keyring, so locked looks absent.

import type { Socket } from 'node:net';
import { closed, DBusError, openSocket, sessionSocket } from './dbus-socket.ts';
import { Reader, Variant, Writer } from './dbus-wire.ts';

export interface Method {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** The signatures of the arguments and of the reply. */
  readonly takes: string;
  readonly gives: string;
}

/** The address of the bus itself. */
export const busDaemon = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
};

interface PendingCall {
  readonly gives: string;
  resolve(reply: unknown[]): void;
  reject(error: unknown): void;
  /** Removes the call from the pending ones. */
  settle(): void;
}

const maxMessage = 64 * 1024 * 1024;

/** A connection to the session bus. It keeps the process alive only while calls are pending. */
export class Bus {
  readonly #socket: Socket;
  readonly #pending = new Map<number, PendingCall>();
  #serial = 0;
  #unread: Buffer[] = [];
  #unreadBytes = 0;
  #neededBytes = 16;
  #dead: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(closed()));
  }

  static async open(signal: AbortSignal, path: string = sessionSocket()): Promise<Bus> {
    const bus = new Bus(await openSocket(path, signal));
    try {
      await bus.call({ ...busDaemon, member: 'Hello', takes: '', gives: 's' }, [], signal);
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
      const onAbort = (): void => {
        settle();
        reject(signal.reason);
      };
      const settle = (): void => {
        signal.removeEventListener('abort', onAbort);
        this.#pending.delete(serial);
        if (this.#pending.size === 0) this.#socket.unref();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#pending.set(serial, { gives: method.gives, resolve, reject, settle });
      this.#socket.ref();
      this.#socket.write(callMessage(serial, method, values));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#dead ??= error;
    for (const call of [...this.#pending.values()]) {
      call.settle();
      call.reject(this.#dead);
    }
  }

  #receive(bytes: Buffer): void {
    this.#unread.push(bytes);
    this.#unreadBytes += bytes.length;
    if (this.#unreadBytes < this.#neededBytes) return;
    let all = Buffer.concat(this.#unread);
    try {
      for (;;) {
        this.#neededBytes = all.length < 16 ? 16 : messageLength(all);
        if (all.length < this.#neededBytes) break;
        this.#dispatch(all.subarray(0, this.#neededBytes));
        all = all.subarray(this.#neededBytes);
      }
    } catch {
      this.#socket.destroy(new DBusError('protocol', 'the session bus sent a malformed message'));
    }
    this.#unread = [all];
    this.#unreadBytes = all.length;
  }

  #dispatch(message: Buffer): void {
    const [headerFields] = new Reader(message, 12).all('a(yv)') as [[number, unknown][]];
    const fields = new Map(headerFields);
    const call = this.#pending.get(fields.get(5) as number);
    if (!call) return;
    if (message[1] === 3) {
      call.settle();
      call.reject(new DBusError(errorName(fields.get(4))));
      return;
    }
    if ((fields.get(8) ?? '') !== call.gives) throw new TypeError('the reply has an unexpected signature');
    const reply = new Reader(message.subarray(message.length - message.readUInt32LE(4))).all(call.gives);
    call.settle();
    call.resolve(reply);
  }
}

const errorName = (name: unknown): string =>
  typeof name === 'string' && /^[\w.]{1,255}$/.test(name) ? name : 'an error without a name';

function messageLength(head: Buffer): number {
  const length = Math.ceil((16 + head.readUInt32LE(12)) / 8) * 8 + head.readUInt32LE(4);
  if (head[0] !== 0x6c || length > maxMessage) throw new RangeError('not a D-Bus message');
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
