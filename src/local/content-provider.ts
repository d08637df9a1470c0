// The base of all providers that read a local source as a whole: BundleProvider, DirectoryProvider,
// EncryptedFileProvider, EnvProvider, DotEnvProvider. A subclass finds keys in the content. The answers of a
// content are kept, so that a repeated read is one look-up in a Map.

import { type Entry, isUnreadable, type Unreadable } from '../entry.ts';
import { isConfigError } from '../errors.ts';
import type { Health } from '../health.ts';
import { keyOf } from '../key.ts';
import type { Need } from '../needs.ts';
import {
  type Change,
  type ConfigProvider,
  InSteps,
  type Known,
  type ListOptions,
  type ReadOptions,
} from '../provider.ts';
import { holdsSealed, sealedText } from '../sealed.ts';
import { inTurns, type Steps, wait } from '../turns.ts';
import type { Key } from '../value.ts';
import type { Content, ReloadableContent } from './content.ts';

interface Answer extends Known {
  readonly promise: Promise<Entry | undefined>;
}

/** Content of any type. */
type AnyContent = Pick<
  ReloadableContent<unknown>,
  'cached' | 'close' | 'current' | 'health' | 'reading' | 'refresh' | 'watch'
>;

type Items = readonly (Entry | Unreadable)[];

/** Opens the sealed values of a provider. */
export interface Opener {
  /** Throws if a value cannot be opened. */
  leaf(entry: Entry): Promise<Entry>;
  items(items: Items): Promise<Items>;
  needs(): Promise<readonly Need[]>;
}

const maxAnswers = 10_000;

/** A provider of content that is read as a whole and kept in memory. */
export abstract class ContentProvider implements ConfigProvider {
  readonly name: string;
  readonly local = true;
  readonly #content: AnyContent;
  readonly #opener: (() => Promise<Opener>) | undefined;
  /** By key, of one content. */
  #answers = new Map<Key, Answer>();
  #answered: Content<unknown> | undefined;

  /** The content has no type parameter here: it would show in the declarations of every public subclass.
   *  `opener`: opens sealed values, except for a caller that opens them itself.
   *  @internal */
  constructor(name: string, content: AnyContent, opener?: () => Promise<Opener>) {
    this.name = name;
    this.#content = content;
    this.#opener = opener;
  }

  get(key: Key, options?: ReadOptions): Promise<Entry | undefined> {
    const content = this.#content.cached(options);
    const answer = content && this.#answersOf(content).get(key);
    if (!answer || (answer.entry?.openedWith && options?.[sealedText])) return this.#read(key, options);
    return answer.promise;
  }

  /** @internal */
  known(key: Key): Known | undefined {
    const content = this.#content.current;
    return content && this.#answersOf(content).get(key);
  }

  /** @internal */
  async needs(): Promise<readonly Need[]> {
    return (await this.#opener?.())?.needs() ?? [];
  }

  /** Reads the source again. */
  async renew(key: Key, options?: ReadOptions): Promise<Entry | undefined> {
    return this.#read(key, { ...options, maxAgeMs: 0 });
  }

  /** Reads everything at or below `prefix`. Of a file, one entry holds the whole section; those of its values
   *  that cannot be opened are holes. */
  list(prefix: Key = '', options?: ListOptions): Promise<readonly (Entry | Unreadable)[]> {
    return inTurns(this.#list(prefix, options));
  }

  /** @internal */
  get inSteps(): InSteps {
    const { list } = ContentProvider.prototype;
    return new InSteps([list], { list: (prefix, options) => this.#list(prefix, options) });
  }

  *#list(prefix: Key, options?: ListOptions): Steps<Items> {
    return yield* this.listing(keyOf(prefix), options);
  }

  async #read(spelling: Key, options: ReadOptions | undefined): Promise<Entry | undefined> {
    const key = keyOf(spelling);
    const content = await inTurns(readFor(this.#content, key, options));
    const preparing = this.prepare?.(content, key);
    if (preparing) await inTurns(preparing);
    const found = this.find(content, key);
    const isClosed = this.#opener && found && holdsSealed(found.value);
    if (isClosed && options?.[sealedText]) return found;
    const entry = isClosed ? await (await this.#opener()).leaf(found) : found;
    const answers = this.#answersOf(content);
    if (answers.size >= maxAnswers) answers.clear();
    answers.set(key, { entry, promise: Promise.resolve(entry) });
    return entry;
  }

  #answersOf(content: Content<unknown>): Map<Key, Answer> {
    if (content !== this.#answered) {
      this.#answered = content;
      this.#answers = new Map();
    }
    return this.#answers;
  }

  /** The items of a list, without sealed text if the provider opens it.
   *  @internal */
  protected *opened<T extends Items>(items: T, options: ListOptions | undefined): Steps<T> {
    const isClosed = (item: Entry | Unreadable): boolean => !isUnreadable(item) && holdsSealed(item.value);
    const opener = this.#opener;
    if (!opener || options?.[sealedText] || !items.some(isClosed)) return items;
    const later = async (): Promise<T> => (await (await opener()).items(items)) as T;
    return yield* wait({ who: `the sealed values of ${this.name}`, later });
  }

  /** Reads what the content lacks for a key, if it lacks anything.
   *  @internal */
  protected prepare?(content: Content<unknown>, key: Key): Steps<unknown> | undefined;
  /** Finds the leaf at a key. Throws for a hole and for a section.
   *  @internal */
  protected abstract find(content: Content<unknown>, key: Key): Entry | undefined;
  /** What is at or below a canonical key.
   *  @internal */
  protected abstract listing(prefix: Key, options?: ListOptions): Steps<Items>;
  abstract where(key: Key): string;

  /** Reads the source without keeping the result. Never throws because the source cannot be read. */
  health(options?: ReadOptions): Promise<Health> {
    return this.#content.health(options);
  }

  /** Reads the source again. Throws if that fails and keeps the last good content. */
  refresh(): Promise<void> {
    return this.#content.refresh();
  }

  /** Ends every watch. Reads still work. */
  async close(): Promise<void> {
    this.#content.close();
  }

  /** @internal */
  protected watchContent(onChange: (change: Change) => void): Disposable {
    return this.#content.watch(onChange);
  }
}

/** A ContentProvider that can always be watched, because its content is in files. */
export abstract class FileProvider extends ContentProvider {
  /** Calls `onChange` when the content changes, and when it becomes unreadable or readable again. */
  watch(onChange: (change: Change) => void): Disposable {
    return this.watchContent(onChange);
  }
}

/** Reads the content for one key and adds the key to an error. */
export function* readFor<T>(
  content: Pick<ReloadableContent<T>, 'reading'>,
  key: Key,
  options: ReadOptions | undefined,
): Steps<Content<T>> {
  try {
    return yield* content.reading(options);
  } catch (error) {
    throw key !== '' && isConfigError(error) ? error.with({ key }) : error;
  }
}
