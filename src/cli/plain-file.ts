import { stat } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError } from '../errors.ts';
import { type FormatName, formatOf, formats } from '../formats/format.ts';
import { dig } from '../internal/dig.ts';
import { keyOf } from '../key.ts';
import { readDotenv } from '../local/dotenv-file.ts';
import { writeAtomic } from '../local/durable.ts';
import { missing, readBytes, utf8 } from '../local/file.ts';
import { withLock } from '../local/lock.ts';
import { VariableNames } from '../local/variable-names.ts';
import { changed } from '../providers/encrypted-file/document.ts';
import type { ConfigValue, Key } from '../value.ts';
import { UsageError } from './arguments.ts';

const provider = 'llm-config';

/** A readable file in which single values may be sealed: JSON, YAML, TOML, or `.env`, where a key is a variable's name. */
export class PlainFile {
  readonly file: string;
  readonly #format: FormatName | 'env';

  constructor(file: string, format: FormatName | undefined) {
    this.file = file;
    this.#format =
      format ?? (/(?:^|\.)env(?:\.|$)/.test(path.basename(file)) ? 'env' : formatOf(file, provider));
  }

  async text(): Promise<string> {
    const bytes = await readBytes(this.file, this.file, provider);
    if (!bytes) throw missing(this.file, provider);
    return utf8(bytes.content, this.file, provider);
  }

  async value(text: string, name: string): Promise<ConfigValue | undefined> {
    const source = { provider, file: this.file, text };
    if (this.#format === 'env') return (await readDotenv(source)).find((one) => one.name === name)?.value;
    return dig((await formats[this.#format].parse(source)).tree, keyOf(name));
  }

  /** Replaces one value under the file's lock; comments and everything else stay. */
  async change(name: string, make: (value: ConfigValue | undefined) => Promise<ConfigValue>): Promise<void> {
    await withLock(this.file, async (guard) => {
      const text = await this.text();
      const value = await make(await this.value(text, name));
      const { mode } = await stat(this.file);
      const after =
        this.#format === 'env'
          ? await assigned({ provider, file: this.file, text }, name, value)
          : await changed({ provider, file: this.file, text }, this.#format, keyOf(name), value);
      await writeAtomic(this.file, after, { guard, mode: mode & 0o777 });
    });
  }

  /** The key by which whoever reads the file will know it. */
  keyFor(name: string, prefix: string | undefined): Key {
    if (this.#format !== 'env') return keyOf(name);
    const key = new VariableNames(provider, prefix === undefined ? {} : { prefix }).keyOf(name);
    if (key === undefined)
      throw new UsageError('the variable has not that prefix, or its name cannot be a key; say --for-key');
    return key;
  }
}

/** A `.env` text with one variable set. */
async function assigned(
  source: Parameters<typeof readDotenv>[0],
  name: string,
  value: ConfigValue,
): Promise<string> {
  const plain = typeof value === 'string' ? value : JSON.stringify(value);
  const before = await readDotenv(source);
  const others = before.filter((one) => one.name !== name).map((one) => [one.name, one.value]);
  const line = new RegExp(
    `^([^\\S\\n]*(?:export\\s+)?${name.replace(/\W/g, '\\$&')}[^\\S\\n]*=[^\\S\\n]*)("(?:[^"\\\\]|\\\\.)*"|'[^']*'|\`[^\`]*\`|[^\\n#]*?)([^\\S\\n]*(?:#[^\\n]*)?)$`,
    'm',
  );
  const ways = /^[\w.:/+@-]*$/.test(plain) ? [plain] : [`'${plain}'`, `"${plain}"`, `\`${plain}\``];
  for (const way of ways) {
    const { text } = source;
    const known = before.some((one) => one.name === name);
    const after = known
      ? text.replace(line, (_, head, __, tail) => head + way + tail)
      : `${text}${/[^\n]$/.test(text) ? '\n' : ''}${name}=${way}\n`;
    const read = await readDotenv({ ...source, text: after }).catch(() => []);
    const rest = read.filter((one) => one.name !== name).map((one) => [one.name, one.value]);
    if (
      read.find((one) => one.name === name)?.value === plain &&
      JSON.stringify(rest) === JSON.stringify(others)
    )
      return after;
  }
  throw new ConfigError('conflict', `${source.file}: ${name} cannot be set without touching other lines`, {
    hint: 'Change it by hand',
  });
}
