// Readable files with single sealed values: JSON, YAML, TOML and `.env`. Used by `seal`, `unseal`, `get`
// and `import`, and by `encrypt` and `decrypt` of a `.env` file. A change keeps comments and all other
// lines.

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError } from '../errors.ts';
import { formatOf, parseText } from '../formats/format.ts';
import type { FormatName } from '../formats/parsed.ts';
import { dig } from '../internal/dig.ts';
import { keyFrom, keyOf } from '../key.ts';
import { readDotenv } from '../local/dotenv-file.ts';
import { missing, readBytes, utf8 } from '../local/file.ts';
import { withLock } from '../local/lock.ts';
import { type LooseKey, looseKeyOf } from '../local/loose-keys.ts';
import { VariableNames } from '../local/variable-names.ts';
import { writeAtomic } from '../local/write-atomic.ts';
import { changedDocument } from '../providers/encrypted-file/document.ts';
import { encryptedExtension } from '../providers/encrypted-file/file.ts';
import { type ConfigTree, type ConfigValue, isTree } from '../value.ts';
import { UsageError } from './arguments.ts';

const provider = 'llm-config';

/** A key, and how a variable binds to it. */
export type FoundAt = Pick<LooseKey, 'key'> & Partial<LooseKey>;

/** Whether a file is named like `.env`, `.env.local` or `prod.env`, and is not encrypted as a whole. */
export const isDotenvFile = (file: string): boolean =>
  /(?:^|\.)env(?:\.|$)/.test(path.basename(file)) && !encryptedExtension.test(file);

/** A readable file in which single values can be sealed. In a `.env` file, the name of a value is a
 *  variable. */
export class PlainFile {
  readonly file: string;
  readonly #format: FormatName | 'env';

  constructor(file: string, format: FormatName | undefined) {
    this.file = file;
    this.#format = format ?? (isDotenvFile(file) ? 'env' : formatOf(file, provider));
  }

  get isDotenv(): boolean {
    return this.#format === 'env';
  }

  async text(): Promise<string> {
    const bytes = await readBytes(this.file, this.file, provider);
    if (!bytes) throw missing(this.file, provider);
    return utf8(bytes.content, this.file, provider);
  }

  async value(text: string, name: string): Promise<ConfigValue | undefined> {
    const source = { provider, file: this.file, text };
    if (this.#format === 'env') return readDotenv(source).find((variable) => variable.name === name)?.value;
    return dig((await parseText(this.#format, source)).tree, keyOf(name));
  }

  /** The names of all values. */
  async names(text: string): Promise<readonly string[]> {
    const source = { provider, file: this.file, text };
    if (this.#format === 'env') return readDotenv(source).map(({ name }) => name);
    const namesIn = (tree: ConfigTree, path: readonly string[]): readonly string[] =>
      Object.entries(tree).flatMap(([name, value]) =>
        isTree(value) ? namesIn(value, [...path, name]) : [keyFrom([...path, name])],
      );
    return namesIn((await parseText(this.#format, source)).tree, []);
  }

  /** Replaces one value while holding the lock of the file. Keeps comments and everything else. */
  async change(name: string, make: (value: ConfigValue | undefined) => Promise<ConfigValue>): Promise<void> {
    await this.#rewrite(async (text) => this.changed(text, name, await make(await this.value(text, name))));
  }

  /** Replaces each value for which `make` returns another one, all at once. */
  async changeEach(make: (name: string, value: ConfigValue) => Promise<ConfigValue>): Promise<void> {
    await this.#rewrite((text) => this.changedEach(text, make));
  }

  /** The text of the file with other values. */
  async changedEach(
    text: string,
    make: (name: string, value: ConfigValue) => Promise<ConfigValue>,
  ): Promise<string> {
    let after = text;
    for (const name of await this.names(text)) {
      const before = (await this.value(text, name)) as ConfigValue;
      const value = await make(name, before);
      if (value !== before) after = await this.changed(after, name, value);
    }
    return after;
  }

  async changed(text: string, name: string, value: ConfigValue): Promise<string> {
    const source = { provider, file: this.file, text };
    return this.#format === 'env'
      ? withVariable(source, name, value)
      : changedDocument(source, this.#format, keyOf(name), value);
  }

  async #rewrite(change: (text: string) => Promise<string>): Promise<void> {
    await withLock(this.file, async (guard) => {
      const after = await change(await this.text());
      const { mode } = await stat(this.file);
      await writeAtomic(this.file, after, { guard, mode: mode & 0o777 });
    });
  }

  /** The key under which the reader of the file finds the value. `forKey`: the key that the user gives. */
  keyFor(name: string, prefix: string | undefined, forKey: string | undefined): FoundAt {
    const found = forKey === undefined ? this.findKey(name, prefix) : { key: keyOf(forKey) };
    if (!found)
      throw new UsageError(
        `the reader of ${this.file} does not read ${name}: it lacks the prefix, or is not a valid key. ` +
          'Set --prefix or --for-key',
      );
    return found;
  }

  /** The same, or `undefined` if the reader does not read the name. */
  findKey(name: string, prefix: string | undefined): FoundAt | undefined {
    if (this.#format !== 'env') return { key: keyOf(name) };
    return looseKeyOf(name, new VariableNames(provider, prefix === undefined ? {} : { prefix }));
  }
}

function readIfSound(source: Parameters<typeof readDotenv>[0]): ReturnType<typeof readDotenv> {
  try {
    return readDotenv(source);
  } catch {
    return [];
  }
}

/** Sets one variable in a `.env` text. Tries each way of quoting until the text reads back unchanged. */
function withVariable(source: Parameters<typeof readDotenv>[0], name: string, value: ConfigValue): string {
  const plain = typeof value === 'string' ? value : JSON.stringify(value);
  const before = readDotenv(source);
  const others = before
    .filter((variable) => variable.name !== name)
    .map((variable) => [variable.name, variable.value]);
  const assignment = `[^\\S\\n]*(?:export\\s+)?${name.replace(/\W/g, '\\$&')}[^\\S\\n]*=[^\\S\\n]*`;
  const oldValue = `"(?:[^"\\\\]|\\\\.)*"|'[^']*'|\`[^\`]*\`|[^\\n#]*?`;
  const line = new RegExp(`^(${assignment})(${oldValue})([^\\S\\n]*(?:#[^\\n]*)?)$`, 'm');
  const spellings = /^[\w.:/+@-]*$/.test(plain) ? [plain] : [`'${plain}'`, `"${plain}"`, `\`${plain}\``];
  for (const spelling of spellings) {
    const { text } = source;
    const exists = before.some((variable) => variable.name === name);
    const after = exists
      ? text.replace(line, (_, head, __, tail) => head + spelling + tail)
      : `${text}${/[^\n]$/.test(text) ? '\n' : ''}${name}=${spelling}\n`;
    const read = readIfSound({ ...source, text: after });
    const rest = read
      .filter((variable) => variable.name !== name)
      .map((variable) => [variable.name, variable.value]);
    if (
      read.find((variable) => variable.name === name)?.value === plain &&
      JSON.stringify(rest) === JSON.stringify(others)
    )
      return after;
  }
  throw new ConfigError('conflict', `${source.file}: cannot set ${name} without changing other lines`, {
    hint: 'Change the file by hand',
  });
}
