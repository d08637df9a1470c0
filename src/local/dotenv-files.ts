// Several `.env` files as one set of variables. Used by DotEnvProvider. A file of higher priority hides a
// variable of a lower one if their names have the same letters, not only if they are equal; references see
// the variables of all files.

import { joinedLetters, spells } from '../conventional-name.ts';
import type { Loose } from '../entry.ts';
import { refusal, type SourceText } from '../formats/refusal.ts';
import { makeOrigin, type Place, type QuotedText } from '../origin.ts';
import { type Steps, together } from '../turns.ts';
import type { Key } from '../value.ts';
import { type Assignment, readDotenv } from './dotenv-file.ts';
import { expander, type Template } from './expansion.ts';
import { missing, readBytesSteps, savingPause, utf8 } from './file.ts';
import { type LooseKey, looseKeyOf } from './loose-keys.ts';
import { lettersOf, type VariableNames } from './variable-names.ts';
import type { Variable } from './variables.ts';

interface FileVariable extends Assignment {
  readonly source: SourceText;
  readonly quoted: QuotedText;
}

/** A variable of the set: its name, and the assignment that has its value. */
interface Visible {
  readonly name: string;
  readonly found: FileVariable;
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
  *read(): Steps<{
    readonly variables: readonly Variable[];
    readonly fingerprint: string;
    readonly isAbsent: boolean;
  }> {
    const { names, empty = 'value' } = this.#options;
    const files = yield* together(this.#options.paths.map((_, i) => this.#variablesOf(i)));
    const variables = this.#expanded(visible(files, names, empty), files.flat());
    const fingerprint = JSON.stringify(this.#texts.map((text) => text ?? null));
    const isAbsent = this.#texts.every((text) => text === undefined);
    return { variables, fingerprint, isAbsent };
  }

  *#variablesOf(i: number): Steps<FileVariable[]> {
    const text = yield* this.#textOf(i);
    this.#texts[i] = text;
    if (text === undefined) return [];
    const { provider, tainted } = this.#options;
    const source = { provider, file: this.#options.shown[i] as string, text };
    const assignments = readDotenv(source);
    const quoted: QuotedText = {
      text: text.replace(/\r\n?/g, '\n'),
      // judged when a line of the file is quoted
      values: () => assignments.map((found) => ({ ...found, secret: tainted(found.name, found.value) })),
    };
    // by name, since a spread of a thousand objects takes longer than reading the file
    return assignments.map(({ name, value, literal, line, column, valueColumn }) => {
      return { name, value, literal, line, column, valueColumn, source, quoted };
    });
  }

  *#textOf(i: number): Steps<string | undefined> {
    const { provider, optional } = this.#options;
    const [file, shown] = [this.#options.paths[i] as string, this.#options.shown[i] as string];
    let bytes = yield* readBytesSteps(file, shown, provider);
    if (!bytes?.content.length && this.#texts[i]) {
      yield* savingPause(); // an editor may be writing or replacing the file
      bytes = yield* readBytesSteps(file, shown, provider);
    }
    if (!bytes && !optional) throw missing(shown, provider, undefined, file);
    return bytes && utf8(bytes.content, shown, provider);
  }

  /** Replaces references: by the variables of the option first, then by those of all files in their
   *  priority. */
  #expanded(variables: readonly Visible[], all: readonly FileVariable[]): readonly Variable[] {
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
    return variables.map((one) => {
      const { value, secret } = expanded(judged.get(one.found) as Template);
      return { ...variable(one), value, secret };
    });
  }
}

function variable({ name, found }: Visible): Variable {
  const { value, source } = found;
  const origin = makeOrigin({
    provider: source.provider,
    source: source.file,
    position: (): Place => {
      const { line, column, valueColumn, quoted } = found;
      return { line, column, valueColumn, quoted };
    },
  });
  return { name, value, origin };
}

/** The variables that no file of higher priority hides. Variables with the same letters within one file are
 *  all kept. */
function visible(
  files: readonly (readonly FileVariable[])[],
  names: VariableNames,
  empty: 'value' | 'absent',
): readonly Visible[] {
  if (files.filter((file) => file.length > 0).length < 2)
    return files.flat().map((found) => ({ name: found.name, found }));
  const taken = new Set<string>();
  const higher = new Map<string, (LooseKey & { readonly found: FileVariable })[]>();
  return files.flatMap((file) => {
    const bound = file.map((found) => ({ found, ...looseKeyOf(found.name, names) }));
    const left = bound.flatMap(({ found, key, loose }): Visible[] => {
      const { name } = found;
      if (taken.has(idOf(name, key, loose))) return [];
      // `APP_DB_HOST` and `APP__DB__HOST` can set one key: they are one variable with two names
      const own = key !== undefined && loose !== undefined ? { key, loose } : undefined;
      const other = own && higher.get(joinedLetters(own.key))?.find((one) => canMeanOneKey(one, own));
      return [{ name, found: other?.found ?? found }];
    });
    for (const { found, key, loose } of bound) {
      if (empty === 'absent' && found.value === '') continue;
      taken.add(idOf(found.name, key, loose));
      if (key === undefined || loose === undefined) continue;
      const letters = joinedLetters(key);
      higher.set(letters, [...(higher.get(letters) ?? []), { key, loose, found }]);
    }
    return left;
  });
}

const idOf = (name: string, key: Key | undefined, loose: Loose | undefined): string =>
  key === undefined ? name : loose === 'words' ? `words ${key}` : lettersOf(key);

function canMeanOneKey(a: LooseKey, b: LooseKey): boolean {
  if (a.loose === 'words') return b.loose === 'words' || spells(a.key, b.key);
  return b.loose === 'words' && spells(b.key, a.key);
}
