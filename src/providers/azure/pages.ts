// Pages of a list, addressed by a cursor. Used by `source.ts`. Azure's client does not reveal the
// token of the next page, so its iterators are kept between requests, each one page ahead to know whether
// there is a next page.

/** A list of Azure's client. */
interface List {
  byPage(settings?: object): AsyncIterator<unknown>;
}

type Pages = AsyncIterator<readonly unknown[]>;

interface Walk {
  /** Undefined during a request, and after a failed one. */
  pages: Pages | undefined;
  /** Page `index`, if it has been fetched already. */
  ahead: readonly unknown[] | undefined;
  index: number;
}

/** A cursor is `WALK/PAGE`. After a failure a new iterator skips the pages before it. */
export class ListPages {
  readonly #walks = new Map<string, Walk>();
  #count = 0;

  /** `open` starts the list again. */
  async page(
    open: () => List,
    cursor: string | undefined,
    signal: AbortSignal,
  ): Promise<{ items: readonly unknown[]; next?: string }> {
    const id = cursor?.split('/')[0] ?? String(++this.#count);
    const walk = this.#walks.get(id) ?? {
      pages: undefined,
      ahead: undefined,
      index: Number(cursor?.split('/')[1] ?? 0),
    };
    this.#walks.set(id, walk);
    // the oldest iterator is probably abandoned; if not, it continues with a new iterator
    if (this.#walks.size > 64) this.#walks.delete(this.#walks.keys().next().value as string);
    let { pages, ahead } = walk;
    // a retry may start while this request is still in flight, and must not share its iterator
    walk.pages = undefined;
    walk.ahead = undefined;
    if (!pages) {
      pages = open().byPage({ maxPageSize: 25 }) as Pages;
      for (let i = 0; i < walk.index; i++) await pages.next();
    }
    if (!ahead) {
      const { done, value } = await pages.next();
      ahead = done ? [] : value;
    }
    const items = ahead as readonly unknown[];
    const after = await pages.next();
    if (after.done) {
      this.#walks.delete(id);
      return { items };
    }
    if (!signal.aborted) Object.assign(walk, { pages, ahead: after.value, index: walk.index + 1 });
    return { items, next: `${id}/${walk.index}` };
  }
}
