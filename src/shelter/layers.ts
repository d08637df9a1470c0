import type { ConfigError } from '../errors.ts';
import type { Layer } from '../provider.ts';
import { type Ask, Cache, type Common, type Flight } from './cache/cache.ts';
import { Cached } from './cache/cached.ts';
import { nameOfScope } from './cache/listings.ts';
import type { DocumentSource, Scope } from './port.ts';
import { ifTransient, type Requests } from './request/requests.ts';

interface Shared extends Common {
  readonly source: DocumentSource;
  readonly requests: Requests;
}

/** The layers of a sheltered provider that is made of several: each one's own answer, held while none of them failed. */
export class Layers {
  readonly #shared: Shared;
  readonly #shelf: Cache<readonly Layer[], Scope>;
  /** What the others said where one has failed. */
  readonly #rest = new WeakMap<ConfigError, readonly Layer[]>();

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#shelf = new Cache<readonly Layer[], Scope>(
      shared,
      (flight, scope) => void this.#ask(flight, scope),
    );
  }

  load(): Promise<void> {
    return this.#shelf.load(100);
  }

  async read(scope: Scope, ask: Ask): Promise<readonly Layer[]> {
    const answer = await this.#shelf.read(nameOfScope(scope), scope, ask);
    if (answer instanceof Cached) return answer.outcome;
    return (
      this.#rest.get(answer) ?? [{ name: this.#shared.source.name, entries: [], holes: [], error: answer }]
    );
  }

  void(keepForOutage: boolean): void {
    const all = this.#shelf.ids(() => true);
    this.#shelf.invalidate(undefined, all, keepForOutage);
  }

  async #ask(flight: Flight<readonly Layer[]>, scope: Scope): Promise<void> {
    const { source, requests, settings, ticks } = this.#shared;
    const { cache, clock } = settings;
    let said: readonly Layer[] = [];
    let endsAt = Number.POSITIVE_INFINITY;
    let tick = 0;
    let at = 0;
    const error = await requests.send(
      { operation: 'page', documents: 0, repeats: ifTransient },
      async (call) => {
        flight.sent = true;
        tick = ticks.next();
        at = clock.now();
        const answer = await source.layers!(scope, call);
        for (const { entries } of answer)
          for (const { expiresAt = endsAt } of entries) endsAt = Math.min(endsAt, expiresAt);
        said = answer;
        const failed = said.find((layer) => layer.error?.transient)?.error;
        return failed && { error: failed, answered: said.some((layer) => !layer.error) };
      },
    );
    if (error) {
      if (said.length > 0) this.#rest.set(error, said);
      return this.#shelf.land(flight, error, '');
    }
    const held = new Cached(
      said,
      scope.prefix,
      at,
      tick,
      Math.min(endsAt, at + (cache ? cache.ttlMs : 0)),
      endsAt,
    );
    const keeps = cache !== false && said.every((layer) => !layer.error && !layer.tolerated);
    this.#shelf.land(flight, held, '', keeps);
  }
}
