// Several `.env` files as one set of variables. Used by DotEnvProvider. A file of higher priority hides a
// variable of a lower one if their names have the same letters, not only if they are equal; references see
// the variables of all files.

import { setTimeout as delay } from 'node:timers/promises';
import { refusal, type SourceText } from '../formats/refusal.ts';
import { makeOrigin, type Place, type QuotedText } from '../origin.ts';
import { type Assignment, readDotenv } from './dotenv-file.ts';
import { expander, type Template } from './expansion.ts';
import { missing, readBytes, savingMs, utf8 } from './file.ts';
import { lettersOf, type VariableNames } from './variable-names.ts';
import type { Variable } from './variables.ts';

interface FileVariable extends Assignment {
  readonly source: SourceText;
  readonly quoted: QuotedText;
}

export interface DotenvFilesOptions {
  readonly provider: string;
  /** The files as the user named them. The first has the highest priority. */
  readonly shown: readonly string[];
  /** The same files as absolute paths. */
  readonly paths: readonly string[];
  readonly optional: boolean;
  /** `absent`: an empty variable hides none of a file below. */
  readonly empty?: 'value' | 'absent' | undefined;
  readonly names: VariableNames;
  readonly expand: boolean | Readonly<Record<string, string | undefined>>;
  readonly tainted: (name: string, value: string) => boolean;
}

/** A list of `.env` files, read together. */
export class DotenvFiles {
  readonly #options: DotenvFilesOptions;
  readonly #texts: (string | undefined)[] = [];

  constructor(options: DotenvFilesOptions) {
    this.#options = options;
  }

  /** Reads all files. Equal fingerprints mean equal files. `isAbsent`: there are no files. */
  async read(): Promise<{
    readonly variables: readonly Variable[];
    readonly fingerprint: string;
    readonly isAbsent: boolean;
  }> {
    const { names, empty = 'value' } = this.#options;
    const files = await Promise.all(this.#options.paths.map((_, i) => this.#variablesOf(i)));
    const variables = this.#expanded(visible(files, names, empty), files.flat());
    const fingerprint = JSON.stringify(this.#texts.map((text) => text ?? null));
    const isAbsent = this.#texts.every((text) => text === undefined);
    return { variables, fingerprint, isAbsent };
  }

  async #variablesOf(i: number): Promise<FileVariable[]> {
    const text = await this.#textOf(i);
    this.#texts[i] = text;
    if (text === undefined) return [];
    const { provider, tainted } = this.#options;
    const source = { provider, file: this.#options.shown[i] as string, text };
    const assignments = await readDotenv(source);
    const quoted: QuotedText = {
      text: text.replace(/\r\n?/g, '\n'),
      // judged when a line of the file is quoted
      values: () => assignments.map((found) => ({ ...found, secret: tainted(found.name, found.value) })),
    };
    return assignments.map((assignment) => ({ ...assignment, source, quoted }));
  }

  async #textOf(i: number): Promise<string | undefined> {
    const { provider, optional } = this.#options;
    const [file, shown] = [this.#options.paths[i] as string, this.#options.shown[i] as string];
    let bytes = await readBytes(file, shown, provider);
    if (!bytes?.content.length && this.#texts[i]) {
      await delay(savingMs); // an editor may be writing or replacing the file
      bytes = await readBytes(file, shown, provider);
    }
    if (!bytes && !optional) throw missing(shown, provider, undefined, file);
    return bytes && utf8(bytes.content, shown, provider);
  }

  /** Replaces references: by the variables of the option first, then by those of all files in their
   *  priority. */
  #expanded(variables: readonly FileVariable[], all: readonly FileVariable[]): readonly Variable[] {
    const { expand, tainted } = this.#options;
    if (expand === false) return variables.map(variable);
    const judged = new Map(
      all.map((found) => [found, { ...found, secret: tainted(found.name, found.value) }]),
    );
    const templates = new Map<string, Template>(
      [...judged.values()].reverse().map((found) => [found.name, found]),
    );
    for (const [name, value] of Object.entries(expand === true ? {} : expand))
      if (value !== undefined)
        templates.set(name, { name, value, literal: true, secret: tainted(name, value) });
    const expanded = expander(
      (name) => templates.get(name),
      (template, what, hint) => {
        const at = template as Template & FileVariable; // variables of the option are literal and never fail
        return refusal(at.source, at, what, hint);
      },
    );
    return variables.map((found) => {
      const { value, secret } = expanded(judged.get(found) as Template);
      return { ...variable(found), value, secret };
    });
  }
}

function variable({ name, value, source, line, column, valueColumn, quoted }: FileVariable): Variable {
  const place: Place = { line, column, valueColumn, quoted };
  const origin = makeOrigin({
    provider: source.provider,
    source: source.file,
    position: () => place,
  });
  return { name, value, origin };
}

/** The variables that no file of higher priority hides. Variables with the same letters within one file are
 *  all kept. */
function visible(
  files: readonly (readonly FileVariable[])[],
  names: VariableNames,
  empty: 'value' | 'absent',
): readonly FileVariable[] {
  if (files.filter((file) => file.length > 0).length < 2) return files.flat();
  const taken = new Set<string>();
  const idOf = ({ name }: FileVariable): string => {
    const key = names.keyOf(name);
    return key === undefined ? name : lettersOf(key);
  };
  return files.flatMap((file) => {
    const ids = file.map(idOf);
    const left = file.filter((_, i) => !taken.has(ids[i] as string));
    for (const [i, id] of ids.entries()) if (empty === 'value' || file[i]?.value !== '') taken.add(id);
    return left;
  });
}
