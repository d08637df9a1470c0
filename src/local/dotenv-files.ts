import { setTimeout as delay } from 'node:timers/promises';
import { refusal, type SourceText } from '../formats/refusal.ts';
import { makeOrigin } from '../origin.ts';
import { type Assignment, readDotenv } from './dotenv-file.ts';
import { expander, type Template } from './expansion.ts';
import { missing, readBytes, savingMs, utf8 } from './file.ts';
import { lettersOf, type VariableNames } from './variable-names.ts';
import type { Variable } from './variables.ts';

interface Assigned extends Assignment {
  readonly secret: boolean;
  readonly source: SourceText;
}

export interface DotenvFilesOptions {
  readonly provider: string;
  /** The files as the user named them, and where they are; the first has the highest priority. */
  readonly shown: readonly string[];
  readonly paths: readonly string[];
  readonly optional: boolean;
  readonly names: VariableNames;
  readonly expand: boolean | Readonly<Record<string, string | undefined>>;
  readonly tainted: (name: string, value: string) => boolean;
}

/** `.env` files, the first the strongest, as one set of variables. */
export class DotenvFiles {
  readonly #options: DotenvFilesOptions;
  readonly #texts: (string | undefined)[] = [];

  constructor(options: DotenvFilesOptions) {
    this.#options = options;
  }

  /** Equal `print`s mean equal files. */
  async read(): Promise<{ readonly variables: readonly Variable[]; readonly print: string }> {
    const { names } = this.#options;
    const read = await Promise.all(this.#options.paths.map((_, i) => this.#assigned(i)));
    const found = this.#filled(shadowed(read, names), read.flat());
    return { variables: found.map(variable), print: JSON.stringify(this.#texts.map((text) => text ?? null)) };
  }

  async #assigned(i: number): Promise<Assigned[]> {
    const { provider, tainted } = this.#options;
    const text = await this.#text(i);
    this.#texts[i] = text;
    if (text === undefined) return [];
    const source = { provider, file: this.#options.shown[i] as string, text };
    return (await readDotenv(source)).map((one) => ({
      ...one,
      source,
      secret: tainted(one.name, one.value),
    }));
  }

  async #text(i: number): Promise<string | undefined> {
    const { provider, optional } = this.#options;
    const [file, shown] = [this.#options.paths[i] as string, this.#options.shown[i] as string];
    let bytes = await readBytes(file, shown, provider);
    if (!bytes?.content.length && this.#texts[i]) {
      await delay(savingMs); // an editor may be about to fill it, or to put the new file in its place
      bytes = await readBytes(file, shown, provider);
    }
    if (!bytes && !optional) throw missing(shown, provider);
    return bytes && utf8(bytes.content, shown, provider);
  }

  /** References filled in, from what was given first, then from all files by their priority. */
  #filled(variables: readonly Assigned[], all: readonly Assigned[]): readonly Assigned[] {
    const { expand, tainted } = this.#options;
    if (expand === false) return variables;
    const known = new Map<string, Template>([...all].reverse().map((one) => [one.name, one]));
    for (const [name, value] of Object.entries(expand === true ? {} : expand))
      if (value !== undefined) known.set(name, { name, value, literal: true, secret: tainted(name, value) });
    const fill = expander(
      (name) => known.get(name),
      (one, what, hint) => refusal((one as Assigned).source, one as Assigned, what, hint),
    );
    return variables.map((one) => ({ ...one, ...fill(one) }));
  }
}

function variable({ name, value, secret, source, line, column }: Assigned): Variable {
  const origin = makeOrigin({
    provider: source.provider,
    source: source.file,
    position: () => ({ line, column }),
  });
  return { name, value, secret, origin };
}

/** What files of higher priority leave of the others: names of the same letters are one. */
function shadowed(files: readonly (readonly Assigned[])[], names: VariableNames): Assigned[] {
  const taken = new Set<string>();
  const id = ({ name }: Assigned): string => {
    const key = names.keyOf(name);
    return key === undefined ? name : lettersOf(key);
  };
  return files.flatMap((file) => {
    const ids = file.map(id);
    const left = file.filter((_, i) => !taken.has(ids[i] as string));
    for (const one of ids) taken.add(one);
    return left;
  });
}
