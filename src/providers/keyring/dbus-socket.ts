import { connect, type Socket } from 'node:net';

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
  if (!addresses && runtime) return `${runtime}/bus`;
  for (const address of (addresses ?? '').split(';')) {
    const [, said] = /^unix:(?:.*,)?(path=[^,]+|abstract=[^,]+)/.exec(address) ?? [];
    if (said === undefined) continue;
    const [kind, name] = said.split('=') as [string, string];
    const path = name.replace(/(?:%[0-9a-f]{2})+/gi, (escaped) =>
      Buffer.from(escaped.replaceAll('%', ''), 'hex').toString(),
    );
    return kind === 'path' ? path : `\0${path}`;
  }
  throw new DBusError(
    'no-bus',
    addresses
      ? 'DBUS_SESSION_BUS_ADDRESS names no unix socket'
      : 'there is no session bus: DBUS_SESSION_BUS_ADDRESS is not set',
  );
}

export const closed = (): DBusError =>
  new DBusError('closed', 'the connection to the session bus was closed');

/** A connection that is logged in as the user who runs this process, whom the bus reads off the socket. */
export function openSocket(path: string, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ path });
  const user = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
  return new Promise((resolve, reject) => {
    let text = '';
    const end = (): void => {
      signal.removeEventListener('abort', give);
      socket.off('data', read).off('error', fail).off('close', gone);
    };
    const fail = (error: unknown): void => {
      end();
      socket.on('error', () => {}).destroy();
      reject(error);
    };
    const give = (): void => fail(signal.reason);
    const gone = (): void => fail(closed());
    const read = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      if (!text.includes('\r\n')) return;
      if (text.startsWith('OK ')) {
        end();
        socket.write('BEGIN\r\n');
        resolve(socket);
      } else fail(new DBusError('auth', 'the session bus refuses this user'));
    };
    socket.on('data', read).on('error', fail).on('close', gone);
    socket.write(`\0AUTH EXTERNAL ${user}\r\n`);
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}
