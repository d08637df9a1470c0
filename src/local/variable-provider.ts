// The base of EnvProvider and DotEnvProvider: variables that are read as a whole and bound to keys by their
// letters.

import type { Entry, Unreadable } from '../entry.ts';
import { keyOf } from '../key.ts';
import type { Change, ListOptions } from '../provider.ts';
import type { Key } from '../value.ts';
import type { Content, ReloadableContent } from './content.ts';
import { ContentProvider, type Opener } from './content-provider.ts';
import type { VariableNames } from './variable-names.ts';
import type { Variables } from './variables.ts';

/** What `EnvProvider` and `DotEnvProvider` share. */
export class VariableProvider extends ContentProvider {
  readonly #content: ReloadableContent<Variables>;
  readonly #names: VariableNames;
  readonly #source: string;

  /** Calls `onChange` when files that hold values change. Absent if no values come from files. */
  readonly watch?: (onChange: (change: Change) => void) => Disposable;

  /** `source`: what precedes a variable's name in messages. `hasFiles`: values come from files, which can be
   *  watched.
   *  @internal */
  constructor(
    name: string,
    source: string,
    names: VariableNames,
    content: ReloadableContent<Variables>,
    hasFiles: boolean,
    opener?: () => Promise<Opener>,
  ) {
    super(name, content, opener);
    this.#content = content;
    this.#names = names;
    this.#source = source;
    if (hasFiles) this.watch = (onChange) => this.watchContent(onChange);
  }

  /** @internal */
  protected find({ value }: Content<Variables>, key: Key): Entry | undefined {
    return value.find(key);
  }

  async list(prefix: Key = '', options?: ListOptions): Promise<readonly (Entry | Unreadable)[]> {
    const at = keyOf(prefix);
    return this.opened((await this.#content.read(options)).value.list(at), options);
  }

  /** The variables to set for a key, one a line. Once the source has been read, with a remark on a variable
   *  that is set under another spelling. */
  where(key: Key): string {
    const names = this.#names.namesFor(keyOf(key));
    if (names.length === 0)
      return `${this.#source} (no variable name can spell this key: set the option variables)`;
    const spellings = this.#content.current?.value.spellings;
    return names.map((name) => `${this.#source} ${name}${spellings?.remarkOn(name) ?? ''}`).join('\n');
  }
}
