// The package.json above the program, which may be a build or a symbolic link. Used by `--version`, `doctor`
// and `mcp`.

import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';

/** The program. While a module is loaded, the arguments of the process are those of the module. */
export const program = process.argv[1] ?? '.';

export interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly engines?: { readonly node?: string };
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** The manifest of this package. Empty if the program is somewhere else. */
export function ownManifest(): Manifest {
  for (let folder = realpathSync(program); folder !== dirname(folder); ) {
    folder = dirname(folder);
    const manifest = manifestIn(folder);
    if (manifest?.name === 'llm-config-manager') return manifest;
  }
  return {};
}

/** The manifest of a package that a file in `folder` would import. */
export function installed(name: string, folder: string): Manifest | undefined {
  const found = manifestIn(join(folder, 'node_modules', name));
  if (found?.version !== undefined) return found;
  return folder === dirname(folder) ? undefined : installed(name, dirname(folder));
}

function manifestIn(folder: string): Manifest | undefined {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}
