// The module of an application that `explain`, `check` and `versions` load. Its own errors are not printed,
// because they may contain secrets.

import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { ProviderChain } from '../chain/chain.ts';
import type { LoadOptions } from '../config/plan.ts';
import { ConfigError, isConfigError, nameAndCode } from '../errors.ts';
import type { ConfigProvider } from '../provider.ts';
import { isSchema, type StandardSchemaV1 } from '../schema/schema.ts';
import type { Parsed } from './arguments.ts';
import type { CommandResult } from './command.ts';
import { type Io, withProgress } from './io.ts';

export interface Loaded {
  readonly chain: ProviderChain;
  readonly schema: StandardSchemaV1 | undefined;
  readonly options: Pick<LoadOptions, 'deprecated'>;
}

/** Imports a module that exports a chain, a provider or a list of providers as `chain` or by default,
 *  and optionally a `schema` and the option `deprecated`. */
async function load(file: string): Promise<Loaded> {
  let exported: Record<string, unknown>;
  try {
    exported = (await import(pathToFileURL(path.resolve(file)).href)) as Record<string, unknown>;
  } catch (error) {
    if (isConfigError(error)) throw error;
    throw new ConfigError('io', `cannot load the module ${file} (${nameAndCode(error)})`, {
      cause: error,
      hint: `Run \`node ${file}\` to see why`,
    });
  }
  const found = exported.chain ?? exported.default;
  const schema = isSchema(exported.schema) ? exported.schema : undefined;
  const { deprecated } = exported as Pick<LoadOptions, 'deprecated'>;
  const options = typeof deprecated === 'object' && deprecated !== null ? { deprecated } : {};
  if (found instanceof ProviderChain) return { chain: found, schema, options };
  const list = Array.isArray(found) ? (found as ConfigProvider[]) : [found as ConfigProvider];
  if (
    !list.every((item) => typeof item?.get === 'function' && typeof item.list === 'function') ||
    list.length === 0
  )
    throw new ConfigError('invalid_option', `the module ${file} does not export a chain`, {
      hint: 'Export a ProviderChain by default or as chain, and a schema as schema',
    });
  return { chain: new ProviderChain(list), schema, options };
}

/** Loads the chain of the module that is the first argument, and closes it afterwards. Meanwhile the process
 *  has the arguments after `--`, as if the module had been started with them. */
export async function withChain(
  { positionals: [file = ''], rest }: Parsed,
  io: Io,
  use: (loaded: Loaded) => Promise<CommandResult>,
): Promise<CommandResult> {
  const own = process.argv;
  process.argv = [process.execPath, path.resolve(file), ...rest];
  try {
    const loaded = await load(file);
    try {
      return await withProgress(io, 'Reading from the providers', use(loaded));
    } finally {
      await loaded.chain.close().catch(() => undefined);
    }
  } finally {
    process.argv = own;
  }
}
