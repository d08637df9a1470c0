// `package.json` as data, and the folder of each subpath and file. Used by the other scripts and the tests.
import { existsSync, readFileSync } from 'node:fs';

/** The root of the project, with a trailing slash. */
export const root = new URL('../', import.meta.url);

interface Exported {
  readonly types: string;
  readonly default: string;
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly main: string;
  readonly types: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly engines: Readonly<Record<'node', string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string | Exported>>>>;
  readonly typesVersions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional: boolean }>>;
}

export const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as Manifest;

/** The subpaths that users import, `.` first. package.json is the only list of them. */
export const subpaths: readonly string[] = Object.keys(manifest.exports).filter(
  (name) => name !== './package.json',
);

/** `./vault` is built as `dist/vault.js`. */
export const built = (subpath: string): string => (subpath === '.' ? 'index' : subpath.slice(2));

/** The open sets: each member is a subpath, and has a page in the folder of the same name in docs/. */
export const openSets = ['providers', 'extensions', 'integrations'] as const;

/** The folders whose members may be subpaths. */
const sets = ['formats', ...openSets];

/** The folder of a subpath's source: `src/shelter` for `./shelter`, `src/providers/vault` for `./vault`. */
export function folderOf(subpath: string): string {
  if (subpath === '.') return 'src';
  const folders = [`src/${built(subpath)}`, ...sets.map((set) => `src/${set}/${built(subpath)}`)];
  const folder = folders.find((one) => existsSync(new URL(`${one}/index.ts`, root)));
  if (!folder)
    throw new Error(`package.json exports ${subpath}, but none of ${folders.join(', ')} has an index.ts`);
  return folder;
}

export const source = (subpath: string): string => `${folderOf(subpath)}/index.ts`;

/** A folder below one of these counts on its own; its entry point is the file with its name. */
const storeyed = ['shelter'];

/** The folder of a file in src/: `concepts`, `chain`, `shelter`, `shelter/cache`, `providers/vault`. */
export function folderOfFile(file: string): string {
  const [, outer = '', inner = '', rest] = file.split('/');
  if (inner === '') return 'concepts';
  const hasOwn = storeyed.includes(outer) || (openSets as readonly string[]).includes(outer);
  return hasOwn && rest !== undefined ? `${outer}/${inner}` : outer;
}
