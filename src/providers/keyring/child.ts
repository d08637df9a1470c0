import { type ChildProcess, spawn } from 'node:child_process';
import { ConfigError } from '../../errors.ts';
import type { Credential, Keyring } from './keyring.ts';

export type NativeBackend = 'keytar' | 'napi';

const packages: Readonly<Record<NativeBackend, string>> = { keytar: 'keytar', napi: '@napi-rs/keyring' };

/** Runs in the child: native code that hangs or crashes there harms nobody here. Errors cross by name alone. */
const program = `
const { createRequire } = require('node:module');
const pinned = { linux: { store: 'secret-service' } };
let keyring;
function load({ backend, name, bases }) {
  for (const base of bases) {
    let found;
    try { found = createRequire(base)(name); } catch (error) { if (error.code !== 'MODULE_NOT_FOUND') throw error; continue; }
    const { AsyncEntry: Entry, findCredentialsAsync: find } = found;
    keyring = backend === 'keytar' ? found : {
      getPassword: (service, account) => new Entry(service, account, pinned).getPassword(),
      setPassword: (service, account, value) => new Entry(service, account, pinned).setPassword(value),
      deletePassword: (service, account) => new Entry(service, account, pinned).deletePassword(),
      findCredentials: (service) => find(service),
    };
    return;
  }
  throw Object.assign(new Error(name), { name: 'MissingPackage' });
}
process.on('disconnect', () => process.exit(0));
process.on('message', async ({ id, method, args, setup }) => {
  try {
    if (!keyring) load(setup);
    process.send({ id, value: await keyring[method](...args) });
  } catch (error) {
    process.send({ id, failed: String(error && error.name), locked: /lock|denied/i.test(String(error && error.message)) });
  }
});
`;

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly failed?: string;
  readonly locked?: boolean;
}

/** A native keyring in a child process, which is killed when a call is given up. One call at a time. */
export class NativeKeyring implements Keyring {
  readonly #backend: NativeBackend;
  readonly #service: string;
  #child: ChildProcess | undefined;
  #id = 0;

  constructor(backend: NativeBackend, service: string) {
    this.#backend = backend;
    this.#service = service;
  }

  async get(account: string, signal: AbortSignal): Promise<string | undefined> {
    return ((await this.#ask('getPassword', [this.#service, account], signal)) as string | null) ?? undefined;
  }

  async find(signal: AbortSignal): Promise<readonly Credential[]> {
    const found = (await this.#ask('findCredentials', [this.#service], signal)) as { account: string; password: string }[];
    return found.map(({ account, password }) => ({ account, value: password }));
  }

  async set(account: string, value: string, signal: AbortSignal): Promise<void> {
    if (value === '' || value.includes('\0'))
      throw new ConfigError(
        'invalid_option',
        `${packages[this.#backend]} cannot hold ${value === '' ? 'an empty value' : 'a value with a NUL in it'}`,
        { hint: 'Store another value, or delete the entry' },
      );
    await this.#ask('setPassword', [this.#service, account, value], signal);
  }

  async delete(account: string, signal: AbortSignal): Promise<void> {
    await this.#ask('deletePassword', [this.#service, account], signal);
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.get('llm-config-manager', signal);
  }

  forget(): void {
    this.close();
  }

  close(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  #ask(method: string, args: readonly string[], signal: AbortSignal): Promise<unknown> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const child = (this.#child ??= start());
    const id = ++this.#id;
    const setup = {
      backend: this.#backend,
      name: packages[this.#backend],
      bases: [`${process.cwd()}/`, process.argv[1] ?? ''].filter(Boolean),
    };
    return new Promise((resolve, reject) => {
      const end = () => {
        signal.removeEventListener('abort', give);
        child.off('message', answer).off('exit', gone).off('error', gone);
        rest(child);
      };
      const give = () => {
        end();
        this.close();
        reject(signal.reason);
      };
      const gone = () => {
        end();
        if (this.#child === child) this.#child = undefined;
        reject(new ConfigError('unavailable', `the process that reads the keyring through ${packages[this.#backend]} ended unexpectedly`));
      };
      const answer = (said: Answer) => {
        if (said.id !== id) return;
        end();
        if (said.failed === undefined) resolve(said.value);
        else reject(this.#failure(said));
      };
      signal.addEventListener('abort', give, { once: true });
      child.on('message', answer).on('exit', gone).on('error', gone);
      child.ref();
      child.channel?.ref();
      child.send({ id, method, args, setup });
    });
  }

  #failure({ failed, locked }: Answer): ConfigError {
    const name = packages[this.#backend];
    if (failed === 'MissingPackage')
      return new ConfigError('missing_dependency', `KeyringProvider needs the package ${name}, which is not installed`, {
        hint: `Run: npm install ${name}`,
      });
    if (locked)
      return new ConfigError('unauthenticated', 'the keyring is locked', {
        hint: 'Unlock it: log in to the desktop, or run gnome-keyring-daemon --unlock',
      });
    return new ConfigError('unavailable', `${name} could not reach the keyring (${failed})`, {
      hint: 'Look whether a keyring runs for this user',
    });
  }
}

function start(): ChildProcess {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], windowsHide: true });
  rest(child);
  return child;
}

/** Between calls neither the child nor its channel keeps this process alive. */
function rest(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
}
