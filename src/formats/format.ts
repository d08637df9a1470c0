// The formats by name and by file extension. Used by everything that reads or writes files. Each parser is
// imported with the first text, because an application seldom needs all of them.

import path from 'node:path';
import { ConfigError } from '../errors.ts';
import { lazy, lazyModule, peer } from '../internal/lazy.ts';
import { inTurns, type Wait, wait } from '../turns.ts';
import type { Format, FormatName, Parsed } from './parsed.ts';
import type { SourceText } from './refusal.ts';

export const loadJson = lazyModule(() => import('./json.ts'));
const loadYaml = lazy(() => import('./yaml.ts'));
const loadToml = lazy(() => import('./toml.ts'));

/** A format that loads its code with the first text. */
// The mark lets bundlers drop the parsers of an application that reads no files.
// @__NO_SIDE_EFFECTS__
function loadedOnUse<N extends FormatName>(
  name: N,
  load: (owner: string) => Wait<Readonly<Record<N, Format>>>,
): Format {
  return {
    name,
    *parse(source) {
      return yield* (yield* wait(load(source.provider)))[name].parse(source);
    },
    print: async (tree, owner) => (await load(owner).later())[name].print(tree, owner),
  };
}

/** A parser that a synchronous load gets as a value only. */
const parser = <T>(owner: string, name: FormatName, load: () => Promise<T>): Wait<T> => ({
  who: `the parser of ${name} in ${owner}`,
  later: load,
  hint: `Give the provider its parser: format: ${name}, from llm-config-manager/${name}`,
});

export const formats: Readonly<Record<FormatName, Format>> = {
  json: loadedOnUse('json', () => loadJson),
  jsonc: loadedOnUse('jsonc', () => loadJson),
  yaml: loadedOnUse('yaml', (owner) => parser(owner, 'yaml', () => peer(owner, 'yaml', loadYaml))),
  toml: loadedOnUse('toml', (owner) => parser(owner, 'toml', () => peer(owner, 'smol-toml', loadToml))),
};

/** Reads a text in a format.
 *  @throws ConfigError `parse` with line and column */
export const parseText = (format: FormatName, source: SourceText): Promise<Parsed> =>
  inTurns(formats[format].parse(source));

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
