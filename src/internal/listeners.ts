/** Who wants to know. One that throws harms nobody else. */
export class Listeners<T> {
  readonly #all = new Set<(told: T) => void>();

  get size(): number {
    return this.#all.size;
  }

  add(listener: (told: T) => void, gone?: () => void): Disposable {
    const mine = (told: T): void => listener(told);
    this.#all.add(mine);
    return {
      [Symbol.dispose]: () => {
        if (this.#all.delete(mine)) gone?.();
      },
    };
  }

  notify(what: T): void {
    for (const listener of [...this.#all]) {
      try {
        listener(what);
      } catch {
        // a listener's own trouble is not ours
      }
    }
  }

  clear(): void {
    this.#all.clear();
  }
}
