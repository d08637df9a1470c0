import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bus, busDaemon } from '../../src/providers/keyring/dbus.ts';

/** A private session bus with an unlocked gnome-keyring, which a test can lock and freeze. */
export class KeyringSession implements AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  readonly #folder: string;
  readonly #shell: ChildProcess;
  readonly #frozen = new Set<number>();

  private constructor(folder: string, shell: ChildProcess, address: string) {
    this.#folder = folder;
    this.#shell = shell;
    this.env = { ...places(folder), DBUS_SESSION_BUS_ADDRESS: address };
  }

  /** Starts a bus with an unlocked keyring, with a service without a keyring, or without a service. */
  static async start(kind: 'unlocked' | 'new' | 'bare' = 'unlocked'): Promise<KeyringSession> {
    const folder = mkdtempSync(join(tmpdir(), 'live-keyring-'));
    const unlock =
      kind === 'unlocked'
        ? 'printf fake | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1;'
        : '';
    const config = join(folder, 'bus.conf');
    writeFileSync(config, withoutServices);
    const own = kind === 'bare' ? [`--config-file=${config}`] : [];
    const shell = spawn(
      'dbus-run-session',
      [...own, '--', 'sh', '-c', `${unlock} echo "$DBUS_SESSION_BUS_ADDRESS"; cat`],
      {
        env: { ...process.env, ...places(folder) },
        stdio: ['pipe', 'pipe', 'ignore'],
      },
    );
    const [address] = (await once(shell.stdout, 'data')) as [Buffer];
    return new KeyringSession(folder, shell, String(address).trim());
  }

  /** Locks the default collection. */
  async lock(): Promise<void> {
    const service = {
      destination: 'org.freedesktop.secrets',
      path: '/org/freedesktop/secrets',
      interface: 'org.freedesktop.Secret.Service',
    };
    await this.#withBus(async (bus, signal) => {
      const [path] = await bus.call(
        { ...service, member: 'ReadAlias', takes: 's', gives: 'o' },
        ['default'],
        signal,
      );
      await bus.call({ ...service, member: 'Lock', takes: 'ao', gives: 'aoo' }, [[path]], signal);
    });
  }

  /** Stops the process that owns a bus name, or the bus itself. Returns a function that resumes it. */
  async freeze(name: 'org.freedesktop.secrets' | 'org.freedesktop.DBus'): Promise<() => void> {
    const [pid] = (await this.#withBus((bus, signal) =>
      bus.call(
        { ...busDaemon, member: 'GetConnectionUnixProcessID', takes: 's', gives: 'u' },
        [name],
        signal,
      ),
    )) as [number];
    process.kill(pid, 'SIGSTOP');
    this.#frozen.add(pid);
    return () => {
      process.kill(pid, 'SIGCONT');
      this.#frozen.delete(pid);
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.#frozen) process.kill(pid, 'SIGCONT');
    const gone = once(this.#shell, 'exit');
    this.#shell.stdin?.end();
    await gone;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #withBus<T>(work: (bus: Bus, signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = AbortSignal.timeout(10_000);
    const bus = await Bus.open(
      signal,
      this.env.DBUS_SESSION_BUS_ADDRESS?.replace(/^unix:path=([^,]*).*$/, '$1'),
    );
    try {
      return await work(bus, signal);
    } finally {
      bus.close();
    }
  }
}

const places = (folder: string): Record<string, string> => ({
  HOME: folder,
  XDG_DATA_HOME: folder,
  XDG_RUNTIME_DIR: folder,
});

const withoutServices = `<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>
<policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`;
