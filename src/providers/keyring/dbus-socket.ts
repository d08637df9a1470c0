// The connection to the session bus: its address, and the log-in as the current user. Used by dbus.ts. Own
// code, like all of D-Bus here: native packages return `null` for a locked keyring, so locked looks absent.

import { connect, type Socket } from 'node:net';

/** A refusal by the bus or by a service on it. `code` is its D-Bus name. */
export class DBusError extends Error {
  override readonly name = 'DBusError';
  readonly code: string;

  constructor(code: string, message = code) {
    super(message);
    this.code = code;
  }
}

/** The path of the session bus's socket, from the environment. An abstract socket begins with NUL. */
export function sessionSocket(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const { DBUS_SESSION_BUS_ADDRESS: addresses, XDG_RUNTIME_DIR: runtime } = env;
  if (!addresses && runtime) return `${runtime}/bus`;
  for (const address of (addresses ?? '').split(';')) {
    const [, socket] = /^unix:(?:.*,)?(path=[^,]+|abstract=[^,]+)/.exec(address) ?? [];
    if (socket === undefined) continue;
    const [kind, name] = socket.split('=') as [string, string];
    const path = name.replace(/(?:%[0-9a-f]{2})+/gi, (escaped) =>
      Buffer.from(escaped.replaceAll('%', ''), 'hex').toString(),
    );
    return kind === 'path' ? path : `\0${path}`;
  }
  throw new DBusError(
    'no-bus',
    addresses
      ? 'DBUS_SESSION_BUS_ADDRESS does not name a unix socket'
      : 'no session bus: DBUS_SESSION_BUS_ADDRESS is not set',
  );
}

export const closed = (): DBusError =>
  new DBusError('closed', 'the connection to the session bus was closed');

/** More than an answer to the log-in takes. */
const maxLine = 1_024;

/** Connects and logs in as the user of this process. The bus verifies the user through the socket. */
export function openSocket(path: string, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ path });
  const user = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
  return new Promise((resolve, reject) => {
    let text = '';
    const cleanUp = (): void => {
      signal.removeEventListener('abort', onAbort);
      socket.off('data', onData).off('error', fail).off('close', onClose);
    };
    const fail = (error: unknown): void => {
      cleanUp();
      socket.on('error', () => {}).destroy();
      reject(error);
    };
    const onAbort = (): void => fail(signal.reason);
    const onClose = (): void => fail(closed());
    const onData = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      const isLine = text.includes('\r\n');
      if (!isLine && text.length < maxLine) return;
      if (isLine && text.startsWith('OK ')) {
        cleanUp();
        socket.write('BEGIN\r\n');
        resolve(socket);
      } else fail(new DBusError('auth', 'the session bus refuses this user'));
    };
    socket.on('data', onData).on('error', fail).on('close', onClose);
    socket.write(`\0AUTH EXTERNAL ${user}\r\n`);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
