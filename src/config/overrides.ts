// Values above all sources of a configuration: layers that a load puts on top, for `config.override` and for
// candidates. A load adds its own when it succeeds; one that is removed is missing from the next load.

import { type Entry, makeEntry } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { digPath } from '../internal/dig.ts';
import { append, keyOf, segments } from '../key.ts';
import type { Placement } from '../merge/placement.ts';
import { makeOrigin } from '../origin.ts';
import { valueToWrite } from '../plain-value.ts';
import type { Layer } from '../provider.ts';
import { taint } from '../redact.ts';
import type { Steps } from '../turns.ts';
import { isPlain, type Key } from '../value.ts';

/** Values by name. Names at the top level may be dotted keys. A part may be a `secret()`. */
export type OverrideValues = Readonly<Record<string, unknown>>;

const provider = 'override';
const isTainted = taint();

/** Values for a load to put above the sources. */
export interface Patch {
  readonly layer: Layer;
  /** Looks at what would change. What it throws is the failure of the load. */
  readonly check?: (before: Placing, after: Placing) => Steps<void>;
}

/** What a load reads. */
export interface Placing {
  readonly placement: Placement;
}

export class Overrides {
  /** The newest first. */
  #layers: readonly Layer[] = [];
  readonly #known = new WeakSet<Layer>();

  /** A layer of values, whose keys are below `at`. `isSecret`: whether another layer has a secret there. */
  layerOf(values: OverrideValues, at: Key, name: string = provider, isSecret?: (key: Key) => boolean): Layer {
    if (!isPlain(values)) throw new ConfigError('invalid_option', `${name}: the values must be an object`);
    const entries = Object.entries(values).map(([key, value]) =>
      entryOf(append(at, keyOf(key)), value, name, isSecret),
    );
    const layer: Layer = { name, local: true, entries, holes: [] };
    this.#known.add(layer);
    return layer;
  }

  /** The result removes a layer, and loads without it. `load` makes a generation with the layer first. */
  async apply(layer: Layer, load: (patch?: Patch) => Promise<void>): Promise<AsyncDisposable> {
    await load({ layer });
    return {
      [Symbol.asyncDispose]: async () => {
        if (this.remove(layer)) await load();
      },
    };
  }

  add(layer: Layer): void {
    this.#layers = [layer, ...this.#layers];
  }

  /** False if the layer is not in use. */
  remove(layer: Layer): boolean {
    const had = this.isActive(layer);
    this.#layers = this.#layers.filter((one) => one !== layer);
    return had;
  }

  /** Removes all but those among `layers`. What disposes of one later has nothing to do. */
  retain(layers: readonly Layer[]): void {
    this.#layers = this.#layers.filter((one) => layers.includes(one));
  }

  isActive(layer: Layer): boolean {
    return this.#layers.includes(layer);
  }

  /** Whether a layer is an override, in use or not. */
  has(layer: Layer): boolean {
    return this.#known.has(layer);
  }

  /** Layers without the overrides of an earlier load. */
  below(layers: readonly Layer[]): readonly Layer[] {
    return layers.filter((layer) => !this.#known.has(layer));
  }

  /** The current overrides, and a patch, on top of layers. */
  on(below: readonly Layer[], patch?: Patch): readonly Layer[] {
    return [...(patch ? [patch.layer] : []), ...this.#layers, ...below];
  }

  /** The same, instead of the overrides of an earlier load. */
  over(layers: readonly Layer[], patch?: Patch): readonly Layer[] {
    return this.on(this.below(layers), patch);
  }
}

function entryOf(key: Key, given: unknown, name: string, isSecret?: (key: Key) => boolean): Entry {
  const { value, marked } = valueToWrite(given, key);
  const leaf = (inside: Key): Pick<Entry, 'origin' | 'secret'> => {
    const at = append(key, inside);
    return {
      origin: makeOrigin({ provider: name, source: `${name} ${at}` }),
      secret: marked || isTainted(at, digPath(value, segments(inside)) ?? null) || isSecret?.(at) === true,
    };
  };
  return makeEntry({ key, value, ...leaf(''), leaf });
}
