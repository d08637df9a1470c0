import type { AzureClient } from './client.ts';

type Pages = AsyncIterator<readonly unknown[]>;

interface Walk {
  /** Undefined while a page is being asked for, and after one has failed. */
  pages: Pages | undefined;
  /** The page that `at` counts to, when it has come already. */
  ahead: readonly unknown[] | undefined;
  at: number;
}

/** Pages by a cursor. Azure's client loses the token that leads from page to page, so that its iterators are kept instead: each looks
 *  one page ahead, to know whether there is one. One that failed is made anew and led to where it was. */
export class ListPages {
  readonly #walks = new Map<string, Walk>();
  #count = 0;

  async page(
    client: AzureClient,
    cursor: string | undefined,
    signal: AbortSignal,
  ): Promise<{ items: readonly unknown[]; next?: string }> {
    const id = cursor?.split('/')[0] ?? String(++this.#count);
    const walk = this.#walks.get(id) ?? {
      pages: undefined,
      ahead: undefined,
      at: Number(cursor?.split('/')[1] ?? 0),
    };
    this.#walks.set(id, walk);
    if (this.#walks.size > 64) this.#walks.delete(this.#walks.keys().next().value as string); // left half way
    let { pages, ahead } = walk;
    walk.pages = undefined; // whoever gives up on this request and asks again must not share its iterator
    walk.ahead = undefined;
    if (!pages) {
      pages = client.listPropertiesOfSecrets({ abortSignal: signal }).byPage({ maxPageSize: 25 }) as Pages;
      for (let i = 0; i < walk.at; i++) await pages.next();
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
    if (!signal.aborted) Object.assign(walk, { pages, ahead: after.value, at: walk.at + 1 });
    return { items, next: `${id}/${walk.at}` };
  }
}
