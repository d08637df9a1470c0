import path from 'node:path';
import { ConfigError } from '../errors.ts';
import { peer } from '../internal/lazy.ts';
import type { ConfigTree } from '../value.ts';
import type { Position } from './position.ts';
import type { SourceText } from './refusal.ts';

export type FormatName = 'json' | 'jsonc' | 'yaml' | 'toml';

/** A text that was read: its tree, frozen, and where in the text a path's value stands. */
export interface Parsed {
  readonly tree: ConfigTree;
  /** Worked out when first asked for. */
  readonly at: (path: readonly string[]) => Position | undefined;
}

/** A way to write a tree of values as a text. Both ways refuse, with a ConfigError, whatever would not come back the same. */
export interface Format {
  parse(source: SourceText): Promise<Parsed>;
  print(tree: ConfigTree, owner: string): Promise<string>;
}

/** A format whose code is loaded with the first text in it. */
function later(load: (owner: string) => Promise<Format>): Format {
  let loaded: Format | undefined;
  const format = async (owner: string): Promise<Format> => (loaded ??= await load(owner));
  return {
    parse: async (source) => (await format(source.provider)).parse(source),
    print: async (tree, owner) => (await format(owner)).print(tree, owner),
  };
}

export const formats: Readonly<Record<FormatName, Format>> = {
  json: later(async () => (await import('./json.ts')).json),
  jsonc: later(async () => (await import('./json.ts')).jsonc),
  yaml: later(async (owner) => (await peer(owner, 'yaml', () => import('./yaml.ts'))).yaml),
  toml: later(async (owner) => (await peer(owner, 'smol-toml', () => import('./toml.ts'))).toml),
};

const extensions: Readonly<Record<string, FormatName>> = {
  '.json': 'json',
  '.jsonc': 'jsonc',
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.toml': 'toml',
};

/** The format that a file's name tells. */
export function formatOf(file: string, owner: string): FormatName {
  const extension = path.extname(file).toLowerCase();
  const name = Object.hasOwn(extensions, extension) ? extensions[extension] : undefined;
  if (name) return name;
  throw new ConfigError('invalid_option', `${owner}: the name of ${file} does not tell its format`, {
    hint: `End it in ${Object.keys(extensions).join(', ')}, or say format: ${Object.keys(formats)
      .map((one) => `'${one}'`)
      .join(' or ')}`,
  });
}
