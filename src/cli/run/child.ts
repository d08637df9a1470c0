// Runs a command as a child, in place of this process as far as anything outside can see: signals, terminal
// and exit code are its own. Used by `run`.

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { constants } from 'node:os';
import process from 'node:process';
import type { Readable, Writable } from 'node:stream';
import { ConfigError } from '../../errors.ts';
import { maskStream, type SecretBytes } from './mask-stream.ts';

export interface Ended {
  readonly exit: number;
  readonly signal?: NodeJS.Signals;
}

/** Signals for a service, which only this process gets. */
const forwarded: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];
/** Signals that a terminal sends to each process in the foreground: to the child, too. */
const typed: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
/** Signals after which this process ends in the same way, for the shell that has started it. */
const repeated: readonly (NodeJS.Signals | undefined)[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const killAfterMs = 10_000;

/** A command that runs. */
export class Child {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;

  /** Starts a command. `secrets` are masked in its output, which is then a pipe. */
  constructor(
    [command = '', ...args]: readonly string[],
    options: {
      readonly env: NodeJS.ProcessEnv;
      readonly cwd: string;
      readonly secrets?: SecretBytes | undefined;
    },
  ) {
    const { env, cwd, secrets } = options;
    const stdio: StdioOptions = secrets ? ['inherit', 'pipe', 'pipe'] : 'inherit';
    try {
      this.#child = spawn(command, args, { env, cwd, stdio });
    } catch (error) {
      throw new StartError(command, error as NodeJS.ErrnoException);
    }
    const { stdout, stderr } = this.#child;
    const passed =
      secrets && stdout && stderr
        ? [passOn(stdout, secrets, process.stdout), passOn(stderr, secrets, process.stderr)]
        : [];
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', (error) => reject(new StartError(command, error)));
      this.#child.once('close', async (code, signal) => {
        await Promise.all(passed);
        if (signal) resolve({ exit: 128 + constants.signals[signal], signal });
        else resolve({ exit: code ?? 0 });
      });
    });
    const end = (): void => this.signal('SIGTERM'); // an error that nothing catches ends this process
    process.once('exit', end);
    this.ended.finally(() => process.off('exit', end)).catch(() => undefined);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends the command: asks it first, and kills it if it takes too long. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), killAfterMs);
    await this.ended.catch(() => undefined);
    clearTimeout(timer);
  }
}

/** A command that cannot be started: 127 if it is not found, 126 otherwise, as shells do. */
export class StartError extends ConfigError {
  readonly exit: number;
  constructor(command: string, { code = '' }: NodeJS.ErrnoException) {
    super('io', `cannot run ${command} (${code})`, { hint: hints[code] ?? 'Check that it is a program' });
    this.exit = code === 'ENOENT' ? 127 : 126;
  }
}

const hints: Readonly<Record<string, string>> = {
  ENOENT: 'Check its name and PATH',
  E2BIG: 'Its variables and arguments are too long. Pass fewer keys with --only',
};

/** Pipes the output of a child. If nothing reads ours any more, the child learns of it. Resolves when all of
 *  it is written. */
function passOn(from: Readable, secrets: SecretBytes, to: Writable): Promise<void> {
  const masked = maskStream(secrets);
  const stop = (): void => {
    from.destroy();
    masked.destroy();
  };
  to.once('error', stop);
  from.pipe(masked).pipe(to, { end: false });
  return new Promise((resolve) => {
    masked.once('close', () => {
      to.off('error', stop);
      resolve();
    });
  });
}

/** Calls `pass` for the signals of this process while `use` runs, instead of ending. `isKnown`: the terminal
 *  has sent the signal to the command, too. */
export async function withSignals<T>(
  pass: (signal: NodeJS.Signals, isKnown: boolean) => void,
  use: () => Promise<T>,
): Promise<T> {
  const isOnTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  const onSignal = (signal: NodeJS.Signals): void => pass(signal, isOnTerminal && typed.includes(signal));
  const isUnix = process.platform !== 'win32';
  const signals = [...typed, ...forwarded].filter(
    (signal) => isUnix || repeated.includes(signal), // Windows has no others
  );
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await use();
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}

/** Ends this process by the signal that has ended its command, so that a shell sees the same. */
export async function endLike({ exit, signal }: Ended): Promise<number> {
  if (!repeated.includes(signal)) return exit;
  process.kill(process.pid, signal);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  return exit;
}
