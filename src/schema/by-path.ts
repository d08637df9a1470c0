// Paths as ids, and an index of items by their paths. Used by texts.ts, report/ and config/.

import type { Path } from './dialects/dialect.ts';

/** A path as a string. The id of an outer path is a prefix of the ids of the paths inside it. */
export const idOf = (path: Path): string => path.map((step) => `${JSON.stringify(String(step))},`).join('');

/** The ids of a path and of every path around it. */
const idsAround = (path: Path): string[] => ['', ...path].map((_, depth) => idOf(path.slice(0, depth)));

/** Items by their paths: finds what is inside or around a path without a look at all of them. */
export class PathIndex<T extends { readonly path: Path }> {
  readonly #byPath = new Map<string, T[]>();
  readonly #byOuterPath = new Map<string, T[]>();

  constructor(items: readonly T[]) {
    for (const item of items) {
      add(this.#byPath, idOf(item.path), item);
      for (const id of idsAround(item.path)) add(this.#byOuterPath, id, item);
    }
  }

  /** The items at a path or inside it. */
  inside(path: Path): readonly T[] {
    return this.#byOuterPath.get(idOf(path)) ?? [];
  }

  /** The items at a path or around it. */
  around(path: Path): readonly T[] {
    return idsAround(path).flatMap((id) => this.#byPath.get(id) ?? []);
  }

  touches(path: Path): boolean {
    return this.inside(path).length > 0 || this.around(path).length > 0;
  }
}

function add<T>(index: Map<string, T[]>, id: string, item: T): void {
  const items = index.get(id);
  if (items) items.push(item);
  else index.set(id, [item]);
}
