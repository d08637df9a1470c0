// Values above all sources of a configuration, for tests: layers that a load puts on top. `Config` adds and
// removes them, and then validates the layers that it has, without reading a source.

import { type Entry, makeEntry } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { digPath } from '../internal/dig.ts';
import { append, keyOf, segments } from '../key.ts';
import { makeOrigin } from '../origin.ts';
import { valueToWrite } from '../plain-value.ts';
import type { Layer } from '../provider.ts';
import { taint } from '../redact.ts';
import { isPlain, type Key } from '../value.ts';

/** Values by name. Names at the top level may be dotted keys. A part may be a `secret()`. */
export type OverrideValues = Readonly<Record<string, unknown>>;

const provider = 'override';
const isTainted = taint();

export class Overrides {
  /** The newest first. */
  #layers: readonly Layer[] = [];
  readonly #known = new WeakSet<Layer>();

  /** Puts values, whose keys are below `at`, above all others until the result is disposed of. `load` makes a
   *  generation with them; if it fails, they are removed. */
  async apply(values: OverrideValues, at: Key, load: () => Promise<void>): Promise<AsyncDisposable> {
    if (!isPlain(values)) throw new ConfigError('invalid_option', 'override: the values must be an object');
    const entries = Object.entries(values).map(([name, value]) => entryOf(append(at, keyOf(name)), value));
    const layer: Layer = { name: provider, local: true, entries, holes: [] };
    const remove = (): boolean => {
      const had = this.#layers.includes(layer);
      this.#layers = this.#layers.filter((one) => one !== layer);
      return had;
    };
    this.#known.add(layer);
    this.#layers = [layer, ...this.#layers];
    try {
      await load();
    } catch (error) {
      remove();
      throw error;
    }
    return {
      [Symbol.asyncDispose]: async () => {
        if (remove()) await load();
      },
    };
  }

  /** Removes all. What disposes of one later has nothing to do. */
  clear(): void {
    this.#layers = [];
  }

  has(layer: Layer): boolean {
    return this.#known.has(layer);
  }

  /** Layers with the current overrides on top, instead of those of an earlier load. */
  over(layers: readonly Layer[]): readonly Layer[] {
    return [...this.#layers, ...layers.filter((layer) => !this.#known.has(layer))];
  }
}

function entryOf(key: Key, given: unknown): Entry {
  const { value, marked } = valueToWrite(given, key);
  const leaf = (inside: Key): Pick<Entry, 'origin' | 'secret'> => {
    const at = append(key, inside);
    return {
      origin: makeOrigin({ provider, source: `${provider} ${at}` }),
      secret: marked || isTainted(at, digPath(value, segments(inside)) ?? null),
    };
  };
  return makeEntry({ key, value, ...leaf(''), leaf });
}
