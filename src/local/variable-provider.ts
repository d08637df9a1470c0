// The base of EnvProvider and DotEnvProvider: variables that are read as a whole and bound to keys by their
// letters.

import type { Entry, Unreadable } from '../entry.ts';
import { keyOf } from '../key.ts';
import type { Change, ListOptions, Wanted } from '../provider.ts';
import type { Steps } from '../turns.ts';
import type { Key } from '../value.ts';
import type { Content, ReloadableContent } from './content.ts';
import { ContentProvider, type Opener } from './content-provider.ts';
import { joined, lettersOf, sharedLetters, type VariableNames } from './variable-names.ts';
import type { Variables } from './variables.ts';

/** What `EnvProvider` and `DotEnvProvider` share. */
export class VariableProvider extends ContentProvider {
  readonly #content: ReloadableContent<Variables>;
  readonly #names: VariableNames;
  readonly #source: string;
  /** What the last load reads, and the letters that two of these keys share. */
  #wanted: Wanted | undefined;
  #shared: ReadonlySet<string> | undefined;

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

  /** @internal */
  protected override prepare({ value }: Content<Variables>, key: Key): Steps<unknown> | undefined {
    return value.prepare({ keys: [key], prefixes: [], namesOf: (at) => this.#namesOf(at) });
  }

  /** @internal */
  protected *listing(at: Key, options?: ListOptions): Steps<readonly (Entry | Unreadable)[]> {
    if (options?.wanted && options.wanted !== this.#wanted) {
      this.#wanted = options.wanted;
      this.#shared = undefined;
    }
    const { value } = yield* this.#content.reading(options);
    const asked = options?.wanted ?? { keys: [], prefixes: [at] };
    const preparing = value.prepare({ ...asked, namesOf: (key) => this.#namesOf(key) });
    if (preparing) yield* preparing;
    return yield* this.opened(value.list(at), options);
  }

  /** The variables to set for a key, one a line: the exact name if a conventional one can mean two keys of
   *  the last load. Once the source has been read, with a remark on a variable that is set under another
   *  spelling. */
  where(key: Key): string {
    const at = keyOf(key);
    const spellings = this.#content.current?.value.spellings;
    const names = spellings?.setNames(at) ?? this.#namesOf(at);
    if (names.length === 0)
      return `${this.#source} (no variable name can spell this key: set the option variables)`;
    return names.map((name) => `${this.#source} ${name}${spellings?.remarkOn(name, at) ?? ''}`).join('\n');
  }

  #namesOf(key: Key): string[] {
    this.#shared ??= sharedLetters(this.#wanted?.keys ?? []);
    return this.#names.namesFor(key, this.#shared.has(joined(lettersOf(key))));
  }
}
