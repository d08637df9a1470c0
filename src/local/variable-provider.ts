import type { Entry, Unreadable } from '../entry.ts';
import { keyOf } from '../key.ts';
import type { Change, ConfigProvider, Health, ListOptions, ReadOptions } from '../provider.ts';
import type { Key } from '../value.ts';
import type { ReloadableContent } from './content.ts';
import type { VariableNames } from './variable-names.ts';
import type { Variables } from './variables.ts';

/** What the environment and `.env` files have in common: variables that are read as a whole, held, and bound loosely. */
export class VariableProvider implements ConfigProvider {
  readonly name: string;
  readonly local = true;
  readonly #held: ReloadableContent<Variables>;
  readonly #names: VariableNames;
  readonly #source: string;

  /** Tells when there are files behind the variables, and they say something else. */
  readonly watch?: (onChange: (change: Change) => void) => Disposable;

  /** `source`: how the place of a variable is called in messages. `files`: there are files to be watched.
   *  @internal */
  constructor(
    name: string,
    source: string,
    names: VariableNames,
    held: ReloadableContent<Variables>,
    files: boolean,
  ) {
    this.name = name;
    this.#source = source;
    this.#names = names;
    this.#held = held;
    if (files) this.watch = (onChange) => held.watch(() => onChange({ provider: name, time: Date.now() }));
  }

  get(key: Key, options?: ReadOptions): Promise<Entry | undefined> {
    return this.#held.ready(options)?.value.known(key) ?? this.#read(key, options);
  }

  async #read(key: Key, options: ReadOptions | undefined): Promise<Entry | undefined> {
    const at = keyOf(key);
    return (await this.#held.read(options)).value.get(at);
  }

  async list(prefix: Key = '', options?: ListOptions): Promise<readonly (Entry | Unreadable)[]> {
    const at = keyOf(prefix);
    return (await this.#held.read(options)).value.list(at);
  }

  /** The variable to set for a key. */
  where(key: Key): string {
    const names = this.#names.of(keyOf(key));
    if (names.length === 0)
      return `${this.#source} (no name of a variable spells this key: name one in variables)`;
    return names.map((name) => `${this.#source} ${name}`).join('\n');
  }

  health(options?: ReadOptions): Promise<Health> {
    return this.#held.health(options);
  }

  /** Reads everything again. What cannot be read is told; what was read before stays. */
  refresh(): Promise<void> {
    return this.#held.refresh();
  }

  async close(): Promise<void> {
    this.#held.close();
  }
}
