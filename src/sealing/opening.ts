// Opens the sealed values of a source. Used by `unsealed`, and by providers of readable files for their
// option `sealed`. Opened values are cached by key and text, because opening one may ask a key service.

import type { Entry, Unreadable } from '../entry.ts';
import type { Need } from '../needs.ts';
import type { Layer } from '../provider.ts';
import { asConfigError, type Open, type Opened, openItems, openLayer, openLeaf } from '../sealed-values.ts';
import { frozen } from '../value.ts';
import { type FoundKeys, type KeySource, KeySources } from './key-sources.ts';
import { unseal } from './seal.ts';

/** How a provider of readable files opens sealed values. */
export interface SealedOptions {
  /** The keys that open sealed values; several during a rotation. @default the key in LLM_CONFIG_KEY or in
   *  the file LLM_CONFIG_KEY_FILE */
  readonly keys?: KeySource | readonly KeySource[];
  /** The context that was given to `seal`. Values of another context are refused. @default none */
  readonly context?: string;
}

/** Number of opened values after which the cache is emptied. */
const maxCached = 1_000;

export class Opening {
  readonly #keys: KeySources;
  readonly #context: string | undefined;
  readonly #opened = new Map<string, Opened>();
  /** The entries without sealed text, by those with it. */
  readonly #entries = new WeakMap<Entry, Entry>();

  constructor(keys: KeySources, context: string | undefined) {
    this.#keys = keys;
    this.#context = context;
  }

  needs(): Promise<readonly Need[]> {
    return this.#keys.needs();
  }

  /** The entry without sealed text, if it has been opened before. */
  known(entry: Entry): Entry | undefined {
    return this.#entries.get(entry);
  }

  /** Opens a leaf. Throws if that fails. */
  async leaf(entry: Entry, open = this.operation()): Promise<Entry> {
    const known = this.#entries.get(entry);
    if (known) return known;
    const opened = await openLeaf(entry, open);
    this.#entries.set(entry, opened);
    return opened;
  }

  /** Opens the items of a list. Those that cannot be opened become holes. */
  async items(items: readonly (Entry | Unreadable)[]): Promise<readonly (Entry | Unreadable)[]> {
    return Object.freeze(await openItems(items, this.operation()));
  }

  /** Opens the values of a layer, as `items`. */
  layer(layer: Layer): Promise<Layer> {
    return openLayer(layer, this.operation());
  }

  /** Reads the key sources once per operation, and only when a value is sealed. */
  operation(): Open {
    let found: Promise<FoundKeys> | undefined;
    return async (text, key, origin, loose) => {
      const id = `${loose === 'words'} ${key} ${text}`;
      const known = this.#opened.get(id);
      if (known) return known;
      const where = `the sealed value of "${key}" (${origin})`;
      const opened = await unseal(
        text,
        { key, loose, context: this.#context, where },
        () => (found ??= this.#keys.find()),
      ).catch((error: unknown) => {
        throw asConfigError(error).with({ key, origin, provider: origin.provider });
      });
      if (this.#opened.size >= maxCached) this.#opened.clear();
      const kept = { ...opened, value: frozen(opened.value) };
      this.#opened.set(id, kept);
      return kept;
    };
  }
}

/** The opening of a provider's option `sealed`. */
export function openingOf(owner: string, options: boolean | SealedOptions): Opening {
  const { keys = keysOfEnvironment(), context } = typeof options === 'object' ? options : {};
  return new Opening(new KeySources(keys, owner), context);
}

/** Keys of our own only: neither a password nor a key service, so that opening a value makes no request. */
function keysOfEnvironment(): KeySource[] {
  const { LLM_CONFIG_KEY_FILE: file } = process.env;
  return [{ env: 'LLM_CONFIG_KEY' }, ...(file ? [{ file }] : [])];
}
