// One set of texts in each local source. Used by the hunts for leaks, which look at what each source shows.

import {
  ArgvProvider,
  BundleProvider,
  type ConfigProvider,
  DirectoryProvider,
  DotEnvProvider,
  EnvProvider,
  MemoryProvider,
} from '../../src/index.ts';
import type { folder } from './folder.ts';

type Folder = Awaited<ReturnType<typeof folder>>;

/** Texts by their keys: `open.port`. */
export type Texts = Readonly<Record<string, string>>;

/** The texts as environment variables. `between` divides segments. */
export const variables = (texts: Texts, prefix = '', between = '__', suffix = ''): Record<string, string> =>
  Object.fromEntries(
    Object.entries(texts).map(([key, text]) => {
      const name = key.replace(/[A-Z]/g, '_$&').toUpperCase().replaceAll('.', between);
      return [prefix + name + suffix, text];
    }),
  );

const tree = (texts: Texts): object => {
  const top: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(texts)) {
    const path = key.split('.');
    const name = path.pop() as string;
    const section = path.reduce((at, segment) => (at[segment] ??= {}) as typeof top, top);
    section[name] = text;
  }
  return top;
};

const file = async (dir: Folder, name: string, text: string): Promise<ConfigProvider> => {
  await dir.write({ [name]: text });
  return new BundleProvider(dir.at(name));
};

export const localSources = {
  memory: (texts) => new MemoryProvider(texts),
  env: (texts) => new EnvProvider({ prefix: 'APP', env: variables(texts, 'APP__') }),
  words: (texts) => new EnvProvider({ env: variables(texts, '', '_') }),
  argv: (texts) =>
    new ArgvProvider({ args: Object.entries(texts).flatMap(([key, text]) => [`--${key}`, text]) }),
  dotenv: async (texts, dir) => {
    const lines = Object.entries(variables(texts)).map(([name, text]) => `${name}='${text}'\n`);
    await dir.write({ 'x.env': lines.join('') });
    return new DotEnvProvider({ directory: dir.path, files: ['x.env'] });
  },
  directory: async (texts, dir) => {
    await dir.write(Object.fromEntries(Object.entries(texts).map(([key, text]) => [`mount/${key}`, text])));
    return new DirectoryProvider(dir.at('mount'));
  },
  json: (texts, dir) => file(dir, 'a.json', JSON.stringify(tree(texts))),
  toml: (texts, dir) => {
    const lines = Object.entries(texts).map(([key, text]) => `${key} = ${JSON.stringify(text)}\n`);
    return file(dir, 'a.toml', lines.join(''));
  },
} satisfies Readonly<Record<string, (texts: Texts, dir: Folder) => ConfigProvider | Promise<ConfigProvider>>>;
