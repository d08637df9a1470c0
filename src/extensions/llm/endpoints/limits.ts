// What calls have used of the limits of each endpoint, in this process and, over a pace that is shared, in
// others. Used by obstacle.ts and ask.ts. By name of the endpoint, because a new key has no new limit.

import type { SteadyClock } from '../../../shelter/clock.ts';
import type { Endpoint, Identity } from './endpoint.ts';
import type { Endpoints } from './generation.ts';
import { Minute } from './minute.ts';
import { SharedMinute, type SharedPaces } from './shared-minute.ts';

interface Used {
  readonly own: Minute;
  readonly shared: SharedMinute | undefined;
}

/** A limit of an endpoint with what a call uses of it. */
interface Wanted {
  readonly used: Used;
  readonly perMinute: number;
  readonly amount: number;
}

const kinds = ['requests', 'tokens'] as const;
const none: readonly Wanted[] = [];

export class Limits {
  readonly #clock: SteadyClock;
  readonly #paces: SharedPaces | undefined;
  readonly #used = new Map<string, Used>();

  constructor(clock: SteadyClock, paces: SharedPaces | undefined) {
    this.#clock = clock;
    this.#paces = paces;
  }

  /** Forgets the endpoints that are gone. */
  follow({ all }: Endpoints): void {
    const names = new Set(Array.from(all.keys()).flatMap((name) => kinds.map((kind) => `${name}:${kind}`)));
    for (const id of this.#used.keys()) if (!names.has(id)) this.#used.delete(id);
  }

  #wanted({ name }: Endpoint, { limits }: Identity, tokens: number): readonly Wanted[] {
    const { requestsPerMinute, tokensPerMinute } = limits;
    if (requestsPerMinute === undefined && tokensPerMinute === undefined) return none;
    const limit = (kind: (typeof kinds)[number], perMinute: number | undefined, amount: number): Wanted[] =>
      perMinute === undefined ? [] : [{ used: this.#of(`${name}:${kind}`), perMinute, amount }];
    return [...limit('requests', requestsPerMinute, 1), ...limit('tokens', tokensPerMinute, tokens)];
  }

  #of(id: string): Used {
    let used = this.#used.get(id);
    if (!used) {
      const pace = this.#paces?.pace(`llm:${id}`);
      used = { own: new Minute(this.#clock), shared: pace && new SharedMinute(pace, this.#clock) };
      this.#used.set(id, used);
    }
    return used;
  }

  /** How long until a call with so many tokens is within the limits; 0: now. Without an estimate, it needs
   *  room for one token. */
  waitMs(endpoint: Endpoint, identity: Identity, tokens: number): number {
    let waitMs = 0;
    for (const { used, perMinute, amount } of this.#wanted(endpoint, identity, tokens)) {
      waitMs = Math.max(waitMs, ownWaitMs({ used, perMinute, amount }), used.shared?.waitMs ?? 0);
    }
    return waitMs;
  }

  /** Asks for a call where processes share the limits. Returns how long they are used up; 0: the call may
   *  start. Undefined: nothing is shared. */
  share(endpoint: Endpoint, identity: Identity, tokens: number): Promise<number> | undefined {
    if (!this.#paces) return undefined;
    const wanted = this.#wanted(endpoint, identity, tokens);
    return wanted === none ? undefined : Promise.all(wanted.map(shared)).then((all) => Math.max(...all));
  }

  /** Counts a call. The result corrects its tokens, once they are known. */
  use(endpoint: Endpoint, identity: Identity, tokens: number): (tokens: number) => void {
    let settle: (tokens: number) => void = () => undefined;
    for (const { used, perMinute, amount } of this.#wanted(endpoint, identity, tokens)) {
      const correct = used.own.take(amount);
      settle = (actual) => {
        correct(actual);
        used.shared?.report(actual - amount, perMinute);
      };
    }
    return identity.limits.tokensPerMinute === undefined ? () => undefined : settle;
  }
}

function ownWaitMs({ used, perMinute, amount }: Wanted): number {
  const share = Math.max(1, Math.floor(perMinute * (used.shared?.share ?? 1)));
  return used.own.waitMs(share, Math.max(1, amount));
}

/** The share of this process may be smaller once the shared pace has failed. */
async function shared(wanted: Wanted): Promise<number> {
  const { used, perMinute, amount } = wanted;
  const waitMs = (await used.shared?.take(amount, perMinute)) ?? 0;
  return Math.max(waitMs, ownWaitMs(wanted));
}
