import { existsSync, readFileSync } from 'node:fs';

/** The project's own folder, with a slash at its end. */
export const root = new URL('../', import.meta.url);

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly main: string;
  readonly types: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, { readonly types: string; readonly default: string }>>>>;
  readonly typesVersions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional: boolean }>>;
}

export const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as Manifest;

/** The subpaths that users import, `.` first: package.json is the one place that lists them. */
export const subpaths: readonly string[] = Object.keys(manifest.exports).filter((name) => name !== './package.json');

/** `./vault` is built as `dist/vault.js`. */
export const built = (subpath: string): string => (subpath === '.' ? 'index' : subpath.slice(2));

/** `./vault` comes from `src/providers/vault/index.ts`, `./shelter` from `src/shelter/index.ts`. */
export function source(subpath: string): string {
  if (subpath === '.') return 'src/index.ts';
  const own = `src/${built(subpath)}/index.ts`;
  return existsSync(new URL(own, root)) ? own : `src/providers/${built(subpath)}/index.ts`;
}
