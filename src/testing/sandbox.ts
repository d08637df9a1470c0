import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, normalize, sep } from 'node:path';
import { ConfigError } from '../errors.ts';
import { anObject, aString, checkOptions, mapOf } from '../internal/options.ts';

/** Files by their literal content; `undefined` removes one. */
export type Files = Readonly<Record<string, string | Uint8Array | undefined>>;

/** What is in it at first. */
export interface SandboxOptions {
  /** A word in the directory's name. @default 'test' */
  readonly name?: string;
  /** Paths in the sandbox, folders made as needed. @default {} */
  readonly files?: Files;
  /** The whole environment: nothing of `process.env` is in it. @default {} */
  readonly env?: Readonly<Record<string, string>>;
}

/** A temporary directory and an environment. Nothing of the process is touched, so that nothing is to be restored. */
export interface Sandbox extends AsyncDisposable {
  /** Its full path. */
  readonly directory: string;
  /** To be given on: `new EnvProvider({ env: box.env })`. May be written to. */
  readonly env: Record<string, string>;
  /** The full path of a file in it. */
  path(file: string): string;
  write(files: Files): Promise<void>;
  /** Writes beside the file and renames, as careful editors do. */
  replace(file: string, content: string | Uint8Array): Promise<void>;
  /** A symbolic link, replaced in one step when it is there already, as Kubernetes does. */
  link(file: string, target: string): Promise<void>;
  read(file: string): Promise<string>;
  dispose(): Promise<void>;
}

/** `await using box = await sandbox({ files: { 'config.yaml': 'port: 80' }, env: { APP__PORT: '81' } });` */
export async function sandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  checkOptions('sandbox', options, {
    name: aString,
    files: anObject,
    env: mapOf((value) => (typeof value === 'string' ? undefined : 'a text')),
  });
  const directory = await mkdtemp(join(tmpdir(), `sandbox-${options.name ?? 'test'}-`));
  const path = (file: string): string => {
    const inside = normalize(file);
    if (isAbsolute(inside) || inside.split(sep)[0] === '..')
      throw new ConfigError('invalid_option', `sandbox: ${JSON.stringify(file)} lies outside of it`, {
        hint: 'Give a relative path',
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
