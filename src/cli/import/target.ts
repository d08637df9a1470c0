// Where `import` writes: an encrypted file, a readable file with sealed secrets, or a provider of a module.
// commands/import.ts chooses one. Each writes all values, or none where it can.

import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ProviderChain } from '../../chain/chain.ts';
import { ConfigError } from '../../errors.ts';
import { formatOf, parseText } from '../../formats/format.ts';
import type { FormatName } from '../../formats/parsed.ts';
import { dig } from '../../internal/dig.ts';
import { readBytes, utf8 } from '../../local/file.ts';
import { withLock } from '../../local/lock.ts';
import { writeAtomic } from '../../local/write-atomic.ts';
import type { WritableProvider } from '../../provider.ts';
import { changedDocument } from '../../providers/encrypted-file/document.ts';
import { seal } from '../../sealing/seal.ts';
import type { ConfigTree, ConfigValue, Key } from '../../value.ts';
import { type Parsed, UsageError } from '../arguments.ts';
import type { Io } from '../io.ts';
import { encryptedFile, formatOption, keysOf } from '../keys.ts';

export interface ImportedValue {
  readonly key: Key;
  readonly value: ConfigValue;
  readonly secret: boolean;
}

export interface Target {
  /** The value that the target has. */
  current(key: Key): Promise<ConfigValue | undefined>;
  /** Throws if the values cannot be written. */
  check(values: readonly ImportedValue[]): void;
  write(values: readonly ImportedValue[]): Promise<void>;
  /** The provider that reads a file. */
  readonly reader?: string;
}

const anything = (): void => undefined;
const quote = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;
const contextOf = (args: Parsed): string => {
  const context = args.text('context');
  return context === undefined ? '' : `, context: ${quote(context)}`;
};

const provider = 'llm-config';

/** An encrypted file. All values are written at once. */
export async function encryptedTarget(args: Parsed, io: Io, file: string): Promise<Target> {
  const isNew = !existsSync(file);
  const encrypted = encryptedFile(args, io, file, keysOf(args, io, isNew));
  const before = await encrypted.read();
  const tree: ConfigTree = before ? (await encrypted.parse(before)).tree : {};
  return {
    current: async (key) => dig(tree, key),
    check: anything,
    write: async (values) => {
      await encrypted.rewrite((text, format) => changedText(text, format, file, values));
    },
    reader: `new EncryptedFileProvider({ path: ${quote(file)}${contextOf(args)} })`,
  };
}

/** A readable file. Secrets are sealed, unless `--plain` writes them as they are. */
export async function readableTarget(args: Parsed, io: Io, file: string): Promise<Target> {
  const format = formatOption(args) ?? formatOf(file, provider);
  const read = async (): Promise<string | undefined> => {
    const bytes = await readBytes(file, file, provider);
    return bytes && utf8(bytes.content, file, provider);
  };
  const text = await read();
  const tree = text === undefined ? {} : (await parseText(format, { provider, file, text })).tree;
  const keys = args.is('plain') ? [] : (await keysOf(args, io).find()).keys;
  if (keys.length > 1) throw new UsageError('a sealed value has one recipient. Name one key');
  const [to] = keys;
  const context = args.text('context');
  const sealed = async ({ key, value, secret }: ImportedValue): Promise<ImportedValue> =>
    secret && to
      ? { key, secret, value: await seal(value, { key, to, ...(context !== undefined && { context }) }) }
      : { key, value, secret };
  return {
    current: async (key) => dig(tree, key),
    check: (values) => {
      if (to || args.is('plain') || !values.some((one) => one.secret)) return;
      throw new UsageError(
        'no key found to seal secrets with. Run `llm-config keygen`, or use --plain for unencrypted ones',
      );
    },
    write: async (values) => {
      const written = await Promise.all(values.map(sealed));
      await withLock(file, async (guard) => {
        const mode = await stat(file).then(
          (stats) => stats.mode & 0o777,
          () => 0o600,
        );
        await writeAtomic(file, await changedText(await read(), format, file, written), { guard, mode });
      });
    },
    reader: `new BundleProvider({ path: ${quote(file)}${to ? `, sealed: ${sealedOf(args)}` : ''} })`,
  };
}

/** The option with which a provider opens sealed values. */
const sealedOf = (args: Parsed): string => {
  const context = contextOf(args);
  return context === '' ? 'true' : `{ ${context.slice(2)} }`;
};

async function changedText(
  before: string | undefined,
  format: FormatName,
  file: string,
  values: readonly ImportedValue[],
): Promise<string> {
  let text = before ?? (format === 'toml' ? '# values\n' : '{}\n');
  for (const { key, value } of values)
    text = await changedDocument({ provider, file, text }, format, key, value);
  return text;
}

/** The provider of a chain that can write, or the one that `--provider` names. */
export function providerTarget(chain: ProviderChain, name: string | undefined): Target {
  const writable = chain.providers.filter(
    (one): one is WritableProvider => typeof (one as Partial<WritableProvider>).set === 'function',
  );
  const names = writable.map((one) => one.name).join(', ');
  const [found, ...more] = name === undefined ? writable : writable.filter((one) => one.name === name);
  if (!found || more.length > 0)
    throw new ConfigError(
      'invalid_option',
      found ? 'several providers of the chain can write' : 'no such provider of the chain can write',
      { hint: names === '' ? 'Import into a file' : `Set --provider to one of ${names}` },
    );
  return {
    current: async (key) => (await found.get(key))?.value,
    check: anything,
    write: async (values) => {
      for (const [i, one] of values.entries())
        await found.set(one.key, one.value).catch((error: unknown) => {
          throw error instanceof ConfigError
            ? new ConfigError(error.code, `${i} of ${values.length} values are written: ${error.message}`)
            : error;
        });
    },
  };
}
