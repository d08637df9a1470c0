/** How a load is done. */
export interface Way {
  /** Past all caches. */
  readonly fresh: boolean;
  /** Credentials may be made. */
  readonly acquire: boolean;
  /** Somebody asked for it: undoes a rollback. */
  readonly explicit: boolean;
}

export const ways = {
  first: { fresh: false, acquire: true, explicit: true },
  explicit: { fresh: true, acquire: true, explicit: true },
  change: { fresh: true, acquire: true, explicit: false },
  poll: { fresh: true, acquire: false, explicit: false },
} satisfies Record<string, Way>;

/** One load at a time. Who asks while one is running gets a later one, which all who ask meanwhile share. */
export class Reloads {
  readonly #load: (way: Way) => Promise<void>;
  #running: Promise<void> | undefined;
  #waiting: { way: Way; readonly done: Promise<void> } | undefined;

  constructor(load: (way: Way) => Promise<void>) {
    this.#load = load;
  }

  run(way: Way): Promise<void> {
    if (!this.#running) return this.#start(way);
    if (this.#waiting) {
      const { fresh, acquire, explicit } = this.#waiting.way;
      this.#waiting.way = {
        fresh: fresh || way.fresh,
        acquire: acquire || way.acquire,
        explicit: explicit || way.explicit,
      };
      return this.#waiting.done;
    }
    const done = this.#running
      .catch(() => undefined)
      .then(() => {
        const next = this.#waiting?.way ?? way;
        this.#waiting = undefined;
        return this.#start(next);
      });
    this.#waiting = { way, done };
    return done;
  }

  #start(way: Way): Promise<void> {
    const running = this.#load(way).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}
