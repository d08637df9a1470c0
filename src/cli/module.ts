// The module of the application that a command loads: which file it is, and what its exports mean. Its own
// errors are not printed, because they may contain secrets. docs/cli-modules.md describes what it may export.

import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { ProviderChain } from '../chain/chain.ts';
import type { Config } from '../config/config.ts';
import { loadedFrom } from '../config/load.ts';
import type { LoadOptions } from '../config/plan.ts';
import { ConfigError, isConfigError, nameAndCode } from '../errors.ts';
import { isProvider } from '../provider.ts';
import { isSchema, type StandardSchemaV1 } from '../schema/schema.ts';
import type { Key } from '../value.ts';
import { type Parsed, UsageError } from './arguments.ts';
import { type Exports, importModule } from './import-module.ts';
import { type Io, withProgress } from './io.ts';
import { ReservedStdout } from './reserved-stdout.ts';

/** What commands read of a `Config`. */
export type LoadedConfig = Pick<Config<unknown>, 'generation' | 'failure' | 'close'>;

/** What a module exports, in one form. */
export interface Loaded {
  /** The module as errors name it. */
  readonly file: string;
  readonly chain: ProviderChain;
  readonly schema: StandardSchemaV1 | undefined;
  /** The options of `loadConfig` that the module sets. */
  readonly options: Pick<LoadOptions, 'at' | 'deprecated' | 'unknown'>;
  /** The configuration that the module exports, if it is a `Config`. */
  readonly config?: LoadedConfig;
  /** Everything that the module exports, for commands with exports of their own. */
  readonly exports: Exports;
}

const extensions = ['ts', 'mts', 'mjs', 'js', 'cjs'];
const defaultModules = ['config', 'src/config'].flatMap((name) => extensions.map((one) => `${name}.${one}`));

/** The module in the working folder, if there is one. */
export const defaultModule = (io: Pick<Io, 'cwd'>): string | undefined =>
  defaultModules.find((name) => existsSync(path.join(io.cwd(), name)));

/** The file of the module, as the user writes it: the first argument, or the one in the working folder. */
export function moduleFile(module: string | undefined, io: Io): string {
  const found = module ?? defaultModule(io);
  if (found !== undefined) return found;
  const file = `config.{${extensions.join(',')}}`;
  throw new UsageError(
    `MODULE is missing, and neither this folder nor src/ has a ${file}. Run \`llm-config init\` to begin`,
  );
}

/** The exports that lead to a chain, in the order in which they are tried. */
const names = ['chain', 'sources', 'config', 'load', 'default'] as const;

/** Imports the module of a command and finds the chain and the schema in its exports. The caller closes it
 *  with `close`. */
export async function loadModule(
  file: string,
  io: Io,
): Promise<Loaded & { readonly close: () => Promise<void> }> {
  const exported = await importModule(path.resolve(io.cwd(), file), file);
  const found = await foundIn(exported, file);
  if (!found) throw noChain(file);
  const { schema: own, deprecated } = { ...exported, ...found.beside };
  const schema = [own, exported.Schema, found.beside.Schema].find(isSchema);
  const options = isObject(deprecated) ? { deprecated: deprecated as Readonly<Record<Key, Key>> } : {};
  const from = isObject(found.value) ? loadedFrom.get(found.value) : undefined;
  if (from) {
    const { source, at, deprecated, schema } = from.plan;
    const { unknown } = from.options;
    const set = { at, ...(unknown && { unknown }), ...(deprecated && { deprecated }) };
    const config = found.value as LoadedConfig;
    const close = async () => {
      await config.close();
      await source.close();
    };
    return { file, chain: source, schema, options: set, config, exports: exported, close };
  }
  const list = [found.value].flat();
  if (!list.every(isProvider) || list.length === 0) throw noChain(file);
  const [only] = list;
  const chain = list.length === 1 && only instanceof ProviderChain ? only : new ProviderChain(list);
  return { file, chain, schema, options, exports: exported, close: () => chain.close() };
}

interface Found {
  readonly value: unknown;
  /** The exports beside it. */
  readonly beside: Exports;
}

/** Looks for a chain, or what makes one, in the exports of a module or in what a function of it returns. */
async function foundIn(exported: Exports, file: string, depth = 0): Promise<Found | undefined> {
  for (const name of names) {
    const value = await called(exported[name], file);
    if (isObject(value) && (Array.isArray(value) || isProvider(value) || loadedFrom.has(value)))
      return { value, beside: exported };
    const inside =
      isObject(value) && depth < 2 ? await foundIn(value as Exports, file, depth + 1) : undefined;
    if (inside) return inside;
  }
  return undefined;
}

/** The value, or what a function returns. A class and a schema that can be called are values. */
async function called(value: unknown, file: string): Promise<unknown> {
  if (typeof value !== 'function' || isSchema(value)) return value;
  using _ = new ReservedStdout();
  try {
    return await (value as () => unknown)();
  } catch (cause) {
    if (isConfigError(cause)) throw cause;
    throw new ConfigError('io', `a function of the module ${file} failed (${nameAndCode(cause)})`, {
      cause,
      hint: 'A function that the module exports is called without arguments',
    });
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const noChain = (file: string): ConfigError =>
  new ConfigError('invalid_option', `the module ${file} does not export a chain`, {
    hint: 'Export a ProviderChain as chain or a list of providers as sources, and a schema as schema',
  });

/** The schema, for a command that needs one. */
export function schemaOf({ schema, file }: Loaded): StandardSchemaV1 {
  if (schema) return schema;
  throw new ConfigError('invalid_option', `the module ${file} exports no schema`, {
    hint: 'Export a schema as schema',
  });
}

/** Runs a command on the module that its arguments name, and closes the module afterwards. Meanwhile the
 *  process has the arguments after `--`, as if the module had been started with them. `progress`: what takes
 *  long; false for a command that shows it itself. */
export async function withChain<T>(
  { module, rest }: Pick<Parsed, 'module' | 'rest'>,
  io: Io,
  use: (loaded: Loaded) => Promise<T>,
  progress: string | false = 'Reading from the providers',
): Promise<T> {
  const file = moduleFile(module, io);
  const own = process.argv;
  process.argv = [process.execPath, path.resolve(io.cwd(), file), ...rest];
  try {
    const loaded = await withProgress(io, `Loading ${file}`, loadModule(file, io));
    try {
      return await (progress === false ? use(loaded) : withProgress(io, progress, use(loaded)));
    } finally {
      await loaded.close().catch(() => undefined);
    }
  } finally {
    process.argv = own;
  }
}
