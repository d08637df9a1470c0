// A temporary directory and an environment for a test. Does not touch `process.env` or the working
// directory, so that tests can run in parallel and nothing has to be restored.

import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, normalize, sep } from 'node:path';
import { ConfigError } from '../errors.ts';
import { anObject, aString, checkOptions, mapOf } from '../internal/options.ts';

/** File contents by path. `undefined` removes the file. */
export type Files = Readonly<Record<string, string | Uint8Array | undefined>>;

/** The initial content of a sandbox. */
export interface SandboxOptions {
  /** A part of the name of the directory. @default 'test' */
  readonly name?: string;
  /** Files by path in the sandbox. Missing folders are created. @default {} */
  readonly files?: Files;
  /** The complete environment. `process.env` is not included. @default {} */
  readonly env?: Readonly<Record<string, string>>;
}

/** A temporary directory and an environment. `await using` removes the directory at the end of the scope. */
export interface Sandbox extends AsyncDisposable {
  /** The absolute path of the directory. */
  readonly directory: string;
  /** The environment to pass on: `new EnvProvider({ env: box.env })`. A test may change it. */
  readonly env: Record<string, string>;
  /** Returns the absolute path of a file in the sandbox.
   *  @throws ConfigError `invalid_option` for a path that leads out of the sandbox. */
  path(file: string): string;
  /** Writes files in place, and removes those whose content is `undefined`. */
  write(files: Files): Promise<void>;
  /** Replaces a file atomically: writes a new file beside it and renames that, as many editors do. */
  replace(file: string, content: string | Uint8Array): Promise<void>;
  /** Creates a symbolic link, or replaces it atomically, as Kubernetes does for mounted volumes. */
  link(file: string, target: string): Promise<void>;
  read(file: string): Promise<string>;
  /** Removes the directory. Calling it again has no effect. */
  dispose(): Promise<void>;
}

/** Creates a temporary directory with files, and an environment.
 *  @example
 *  await using box = await sandbox({ files: { 'base.yaml': 'port: 80' }, env: { APP_PORT: '81' } });
 *  const file = new BundleProvider(box.path('base.yaml'));
 *  const variables = new EnvProvider({ prefix: 'APP', env: box.env });
 *  await box.replace('base.yaml', 'port: 82'); */
export async function sandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  checkOptions('sandbox', options, {
    name: aString,
    files: anObject,
    env: mapOf((value) => (typeof value === 'string' ? undefined : 'a string')),
  });
  const directory = await mkdtemp(join(tmpdir(), `sandbox-${options.name ?? 'test'}-`));
  const path = (file: string): string => {
    const inside = normalize(file);
    if (isAbsolute(inside) || inside.split(sep)[0] === '..')
      throw new ConfigError('invalid_option', `sandbox: ${JSON.stringify(file)} is outside the sandbox`, {
        hint: 'Set a relative path without ..',
      });
    return join(directory, inside);
  };
  const dispose = (): Promise<void> => rm(directory, { recursive: true, force: true, maxRetries: 3 });

  const write = async (files: Files): Promise<void> => {
    for (const [file, content] of Object.entries(files)) {
      const full = path(file);
      if (content === undefined) await rm(full, { recursive: true, force: true });
      else {
        await mkdir(dirname(full), { recursive: true });
        await writeFile(full, content);
      }
    }
  };
  const swap = async (file: string, make: (beside: string) => Promise<void>): Promise<void> => {
    const full = path(file);
    await mkdir(dirname(full), { recursive: true });
    const beside = join(dirname(full), `.swap-${process.pid}-${swaps++}`);
    await make(beside);
    await rename(beside, full);
  };

  try {
    await write(options.files ?? {});
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    directory,
    env: { ...options.env },
    path,
    write,
    replace: (file, content) => swap(file, (beside) => writeFile(beside, content)),
    link: (file, target) => swap(file, (beside) => symlink(target, beside)),
    read: (file) => readFile(path(file), 'utf8'),
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

let swaps = 0;
