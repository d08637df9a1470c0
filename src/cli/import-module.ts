// Imports a module of the application, also one in TypeScript: as Node does, else through `jiti` or `tsx`
// of the application, which keep the classes of the library that this process has. Used by `module.ts`,
// `may` and `rotate`.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { ConfigError, isConfigError, nameAndCode } from '../errors.ts';
import { missing } from '../local/file.ts';
import { ReservedStdout } from './reserved-stdout.ts';

export type Exports = Readonly<Record<string, unknown>>;
type Import = (url: string) => Promise<Exports>;

const natively: Import = (url) => import(url) as Promise<Exports>;

/** How Node refuses TypeScript before it runs any of it: the extension, an `enum`, an import without an
 *  extension, or `import` in a CommonJS package. */
const refusals = [
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
  'ERR_INVALID_TYPESCRIPT_SYNTAX',
  'ERR_MODULE_NOT_FOUND',
];

/** Imports the module at `file`, an absolute path, which errors call `shown`. */
export async function importModule(file: string, shown: string, node = natively): Promise<Exports> {
  if (!existsSync(file)) throw missing(shown, 'llm-config');
  const url = pathToFileURL(file).href;
  using _ = new ReservedStdout();
  try {
    return await node(url);
  } catch (error) {
    if (isConfigError(error)) throw error;
    if (!/\.[cm]?ts$/i.test(file) || !isRefused(error)) throw failed(shown, error, `node ${shown}`);
    const loader = await loaderFor(file, node);
    if (!loader) throw noLoader(shown, error);
    return await loader.load(url).catch((cause: unknown) => {
      throw isConfigError(cause) ? cause : failed(shown, cause, `npx ${loader.name} ${shown}`);
    });
  }
}

const isRefused = (error: unknown): boolean =>
  error instanceof SyntaxError || refusals.includes((error as NodeJS.ErrnoException | undefined)?.code ?? '');

function failed(shown: string, cause: unknown, command: string): ConfigError {
  return new ConfigError('io', `cannot load the module ${shown} (${nameAndCode(cause)})`, {
    cause,
    hint: `Run \`${command}\` to see why`,
  });
}

const noLoader = (shown: string, cause: unknown): ConfigError =>
  new ConfigError('io', `Node ${process.version} cannot run ${shown} (${nameAndCode(cause)})`, {
    cause,
    hint: 'Install jiti or tsx: `npm install --save-dev tsx`',
  });

interface Jiti {
  readonly createJiti?: (parent: string) => { import(url: string): Promise<Exports> };
}

/** The first of `jiti` and `tsx` that the package of `file` can import. */
async function loaderFor(
  file: string,
  node: Import,
): Promise<{ readonly name: string; readonly load: Import } | undefined> {
  const { resolve } = createRequire(file);
  const found = async (name: string): Promise<Exports | undefined> => {
    try {
      return await node(pathToFileURL(resolve(name)).href);
    } catch {
      return undefined;
    }
  };
  const jiti = (await found('jiti')) as Jiti | undefined;
  if (jiti?.createJiti) {
    const { createJiti } = jiti;
    return { name: 'jiti', load: (url) => createJiti(url).import(url) };
  }
  // Node refuses a URL for good that it has refused once, so this one differs
  return (await found('tsx')) && { name: 'tsx', load: (url) => node(`${url}?tsx`) };
}
