// The formats by name and by file extension. Used by everything that reads or writes files. Each parser is
// imported with the first text, because an application seldom needs all of them.

import path from 'node:path';
import { ConfigError } from '../errors.ts';
import { peer } from '../internal/lazy.ts';
import type { Format } from './parsed.ts';

export type FormatName = 'json' | 'jsonc' | 'yaml' | 'toml';

/** A format that loads its code with the first text. */
function loadedOnUse(load: (owner: string) => Promise<Format>): Format {
  let loaded: Format | undefined;
  const format = async (owner: string): Promise<Format> => (loaded ??= await load(owner));
  return {
    parse: async (source) => (await format(source.provider)).parse(source),
    print: async (tree, owner) => (await format(owner)).print(tree, owner),
  };
}

export const formats: Readonly<Record<FormatName, Format>> = {
  json: loadedOnUse(async () => (await import('./json.ts')).json),
  jsonc: loadedOnUse(async () => (await import('./json.ts')).jsonc),
  yaml: loadedOnUse(async (owner) => (await peer(owner, 'yaml', () => import('./yaml.ts'))).yaml),
  toml: loadedOnUse(async (owner) => (await peer(owner, 'smol-toml', () => import('./toml.ts'))).toml),
};

const extensions: Readonly<Record<string, FormatName>> = {
  '.json': 'json',
  '.jsonc': 'jsonc',
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.toml': 'toml',
};

/** The format that belongs to the extension of a file.
 *  @throws ConfigError `invalid_option` */
export function formatOf(file: string, owner: string): FormatName {
  const extension = path.extname(file).toLowerCase();
  const name = Object.hasOwn(extensions, extension) ? extensions[extension] : undefined;
  if (name) return name;
  throw new ConfigError('invalid_option', `${owner}: the extension of ${file} does not name a format`, {
    hint: `Use ${Object.keys(extensions).join(', ')}, or set format: ${Object.keys(formats)
      .map((format) => `'${format}'`)
      .join(' or ')}`,
  });
}
