import { type ChildProcess, spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { ConfigError } from '../../errors.ts';
import { type Credential, type Keyring, locked } from './keyring.ts';
import { program } from './native-program.ts';

export type NativeBackend = 'keytar' | 'napi';

const packages: Readonly<Record<NativeBackend, string>> = { keytar: 'keytar', napi: '@napi-rs/keyring' };

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly failed?: 'missing' | 'broken' | 'unfit' | 'locked' | 'denied' | 'failed';
  readonly backend?: NativeBackend;
}

interface Waiting {
  readonly answer: (answer: Answer) => void;
  readonly fail: (error: unknown) => void;
}

/** A native keyring in a child process: code that hangs or crashes there harms nobody here. It is killed when a call is given up. */
export class NativeKeyring implements Keyring {
  readonly #service: string;
  readonly #setup: {
    readonly backends: readonly (readonly [NativeBackend, string])[];
    readonly bases: readonly string[];
  };
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | undefined;
  #id = 0;

  /** The first of `backends` that is installed, as seen from one of `bases`. */
  constructor(backends: readonly NativeBackend[], service: string, bases: readonly string[] = whereToLook()) {
    this.#service = service;
    this.#setup = { backends: backends.map((backend) => [backend, packages[backend]]), bases };
  }

  async get(account: string, signal: AbortSignal): Promise<string | undefined> {
    return ((await this.#ask('getPassword', [this.#service, account], signal)) as string | null) ?? undefined;
  }

  async find(signal: AbortSignal): Promise<readonly Credential[]> {
    const found = (await this.#ask('findCredentials', [this.#service], signal)) as {
      account: string;
      password: string;
    }[];
    return found.map(({ account, password }) => ({ account, value: password }));
  }

  async set(account: string, value: string, signal: AbortSignal): Promise<void> {
    await this.#ask('setPassword', [this.#service, account, value], signal);
  }

  async delete(account: string, signal: AbortSignal): Promise<void> {
    await this.#ask('deletePassword', [this.#service, account], signal);
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.get('llm-config-manager', signal);
  }

  close(): void {
    this.#child?.kill('SIGKILL');
    this.#lost();
  }

  #ask(method: string, args: readonly string[], signal: AbortSignal): Promise<unknown> {
    if (signal.aborted) return Promise.reject(signal.reason);
    this.#child ??= this.#start();
    const child = this.#child;
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      const give = (): void => {
        end();
        this.close();
        reject(signal.reason);
      };
      const end = (): void => {
        signal.removeEventListener('abort', give);
        this.#waiting.delete(id);
        if (this.#waiting.size === 0) rest(child);
      };
      this.#waiting.set(id, {
        answer: (said) => {
          end();
          if (said.failed === undefined) resolve(said.value);
          else reject(this.#failure(said));
        },
        fail: (error) => {
          end();
          reject(error);
        },
      });
      signal.addEventListener('abort', give, { once: true });
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
    const gone = (): void => {
      if (this.#child === child) this.#lost();
    };
    child.on('exit', gone).on('error', gone);
    child.on('message', (said: Answer) => this.#waiting.get(said.id)?.answer(said));
    return child;
  }

  #lost(): void {
    this.#child = undefined;
    for (const one of [...this.#waiting.values()])
      one.fail(
        new ConfigError(
          'unavailable',
          `the process that reads the keyring through ${this.#names()} ended unexpectedly`,
        ),
      );
  }

  #names(): string {
    return this.#setup.backends.map(([, name]) => name).join(' or ');
  }

  #failure({ failed, backend }: Answer): ConfigError {
    const name = backend ? packages[backend] : this.#names();
    switch (failed) {
      case 'missing':
      case 'broken':
        return new ConfigError(
          'missing_dependency',
          `KeyringProvider ${failed === 'broken' ? 'could not load' : 'needs'} the package ${name}${failed === 'broken' ? '' : ', which is not installed'}`,
          { hint: `Run: npm install ${name.split(' ')[0]}` },
        );
      case 'unfit':
        return new ConfigError('invalid_option', `${name} can hold neither an empty value nor a NUL in one`, {
          hint: 'Store another value, or delete the entry',
        });
      case 'locked':
        return locked();
      case 'denied':
        return new ConfigError('access_denied', `${name}: the keyring refuses this application`, {
          hint: 'Allow it to use the entry, where the system asks or in its keyring program',
        });
      default:
        return new ConfigError('unavailable', `${name} could not reach the keyring`, {
          hint: 'Look whether a keyring runs for this user',
        });
    }
  }
}

/** Between calls neither the child nor its channel keeps this process alive. */
function rest(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
}

/** Where this library is installed, and where the program is that runs. */
function whereToLook(): string[] {
  const [, main] = process.argv;
  return [own(), main === undefined ? `${process.cwd()}/` : resolved(main)];
}

/** In a `try`, as bundlers that make CommonJS of this would warn of an `import.meta` outside of one, though it is not reached there. */
function own(): string {
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
