// A native keyring package (keytar or @napi-rs/keyring) in a child process. Used by source.ts, mostly outside
// Linux. In a child, because the packages may block for good or crash: the child is killed when a call is
// aborted.

import { type ChildProcess, spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { ConfigError } from '../../errors.ts';
import { type Credential, type Keyring, lockedError } from './keyring.ts';
import { program } from './native-program.ts';

export type NativeBackend = 'keytar' | 'napi';

const packages: Readonly<Record<NativeBackend, string>> = { keytar: 'keytar', napi: '@napi-rs/keyring' };

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly failed?: 'missing' | 'broken' | 'unfit' | 'locked' | 'denied' | 'failed';
  readonly backend?: NativeBackend;
}

interface PendingCall {
  readonly settle: (reply: Reply) => void;
  readonly fail: (error: unknown) => void;
}

/** A keyring behind a native package. Code that hangs or crashes stays in the child process. */
export class NativeKeyring implements Keyring {
  readonly #service: string;
  readonly #setup: {
    readonly backends: readonly (readonly [NativeBackend, string])[];
    readonly bases: readonly string[];
  };
  readonly #pending = new Map<number, PendingCall>();
  #child: ChildProcess | undefined;
  #id = 0;

  /** Uses the first of `backends` that is installed, as resolved from one of `bases`. */
  constructor(
    backends: readonly NativeBackend[],
    service: string,
    bases: readonly string[] = installBases(),
  ) {
    this.#service = service;
    this.#setup = { backends: backends.map((backend) => [backend, packages[backend]]), bases };
  }

  async get(account: string, signal: AbortSignal): Promise<string | undefined> {
    return (
      ((await this.#request('getPassword', [this.#service, account], signal)) as string | null) ?? undefined
    );
  }

  async find(signal: AbortSignal): Promise<readonly Credential[]> {
    const found = (await this.#request('findCredentials', [this.#service], signal)) as {
      account: string;
      password: string;
    }[];
    return found.map(({ account, password }) => ({ account, value: password }));
  }

  async set(account: string, value: string, signal: AbortSignal): Promise<void> {
    await this.#request('setPassword', [this.#service, account, value], signal);
  }

  async delete(account: string, signal: AbortSignal): Promise<void> {
    await this.#request('deletePassword', [this.#service, account], signal);
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.get('llm-config-manager', signal);
  }

  close(): void {
    this.#child?.kill('SIGKILL');
    this.#onExit();
  }

  #request(method: string, args: readonly string[], signal: AbortSignal): Promise<unknown> {
    if (signal.aborted) return Promise.reject(signal.reason);
    this.#child ??= this.#start();
    const child = this.#child;
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        cleanUp();
        this.close();
        reject(signal.reason);
      };
      const cleanUp = (): void => {
        signal.removeEventListener('abort', onAbort);
        this.#pending.delete(id);
        if (this.#pending.size === 0) unref(child);
      };
      this.#pending.set(id, {
        settle: (reply) => {
          cleanUp();
          if (reply.failed === undefined) resolve(reply.value);
          else reject(this.#failure(reply));
        },
        fail: (error) => {
          cleanUp();
          reject(error);
        },
      });
      signal.addEventListener('abort', onAbort, { once: true });
      child.ref();
      child.channel?.ref();
      child.send({ id, method, args, setup: this.#setup }, () => {});
    });
  }

  #start(): ChildProcess {
    const child = spawn(process.execPath, ['-e', program], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      windowsHide: true,
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    });
    const onGone = (): void => {
      if (this.#child === child) this.#onExit();
    };
    child.on('exit', onGone).on('error', onGone);
    child.on('message', (reply: Reply) => this.#pending.get(reply.id)?.settle(reply));
    return child;
  }

  #onExit(): void {
    this.#child = undefined;
    for (const call of [...this.#pending.values()])
      call.fail(
        new ConfigError(
          'unavailable',
          `the process that reads the keyring through ${this.#names()} ended unexpectedly`,
        ),
      );
  }

  #names(): string {
    return this.#setup.backends.map(([, name]) => name).join(' or ');
  }

  #failure({ failed, backend }: Reply): ConfigError {
    const name = backend ? packages[backend] : this.#names();
    switch (failed) {
      case 'missing':
      case 'broken':
        return new ConfigError(
          'missing_dependency',
          failed === 'broken'
            ? `KeyringProvider: the package ${name} cannot be loaded`
            : `KeyringProvider: the package ${name} is not installed`,
          { hint: `Run: npm install ${name.split(' ')[0]}` },
        );
      case 'unfit':
        return new ConfigError(
          'invalid_option',
          `${name} can store neither an empty value nor a value with NUL`,
          {
            hint: 'Store another value, or delete the entry',
          },
        );
      case 'locked':
        return lockedError();
      case 'denied':
        return new ConfigError('access_denied', `${name}: the keyring refuses this application`, {
          hint: 'Allow this application in the dialog, or in the keyring program of the system',
        });
      default:
        return new ConfigError('unavailable', `${name} could not reach the keyring`, {
          hint: 'Check that a keyring runs for this user',
        });
    }
  }
}

/** Lets this process end while no call is pending. */
function unref(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
}

/** The places from which packages are resolved: this library, and the running program. */
function installBases(): string[] {
  const [, main] = process.argv;
  return [libraryPath(), main === undefined ? `${process.cwd()}/` : resolved(main)];
}

/** In a `try`: bundlers that output CommonJS warn about an `import.meta` outside of one, though it is not
 *  reached. */
function libraryPath(): string {
  try {
    return typeof __filename === 'string' ? __filename : import.meta.url;
  } catch {
    return `${process.cwd()}/`;
  }
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
