// What is known of the backends behind the endpoints: open circuits, and quotas that rest. It outlives a
// reload; what the last two generations do not have is forgotten. Used by obstacle.ts and ask.ts.

import type { ConfigError } from '../../../errors.ts';
import type { SteadyClock } from '../../../shelter/clock.ts';
import { type Breaker, loadBreakers } from '../../../shelter/request/request.ts';
import type { Endpoint, Identity } from './endpoint.ts';
import type { LlmEvents } from './events.ts';

/** Why an endpoint is not asked now. */
export interface Obstacle {
  readonly state: 'cooling' | 'over limit' | 'over budget' | 'lacking';
  readonly why: string;
  /** How long that lasts, where it is known. */
  readonly forMs?: number;
}

interface Rest {
  readonly until: number;
  readonly why: string;
}

type MakeBreaker = Awaited<ReturnType<typeof loadBreakers>>;

const breakerSettings = {
  breaker: { failures: 3, resetMs: 60_000 },
  backoff: { initialMs: 100, maxMs: 2_000, factor: 2 },
};

export class Backends {
  readonly #clock: SteadyClock;
  readonly #events: LlmEvents;
  readonly #make: MakeBreaker;
  readonly #breakers = new Map<string, Breaker>();
  readonly #rests = new Map<string, Rest>();
  #before: ReadonlySet<string> = new Set();

  static async load(clock: SteadyClock, events: LlmEvents): Promise<Backends> {
    return new Backends(clock, events, await loadBreakers());
  }

  private constructor(clock: SteadyClock, events: LlmEvents, make: MakeBreaker) {
    this.#clock = clock;
    this.#events = events;
    this.#make = make;
  }

  /** Forgets the backends that neither these endpoints nor those before them have. */
  follow(identities: readonly Identity[]): void {
    const now = new Set(identities.flatMap(({ backend, quota }) => [backend, quota]));
    const isGone = (id: string): boolean => !now.has(id) && !this.#before.has(id);
    for (const map of [this.#breakers, this.#rests])
      for (const id of map.keys()) if (isGone(id)) map.delete(id);
    this.#before = now;
  }

  breaker({ name }: Endpoint, { backend }: Identity): Breaker {
    const known = this.#breakers.get(backend);
    if (known) return known;
    const made = this.#make(name, breakerSettings, this.#clock, (state, error) =>
      this.#events.emit('breaker', () => ({
        endpoint: name,
        state,
        outcome: error?.code ?? 'ok',
        level: state === 'open' ? 'error' : 'info',
      })),
    );
    this.#breakers.set(backend, made);
    return made;
  }

  /** Lets everything of a quota, or one backend, rest. A shorter rest does not end a longer one. */
  rest(id: string, forMs: number, why: string): void {
    const until = this.#clock.now() + forMs;
    if (until > (this.#rests.get(id)?.until ?? 0)) this.#rests.set(id, { until, why });
  }

  /** Why the endpoint rests: its quota, itself, or an open circuit. */
  cooling(endpoint: Endpoint, identity: Identity): Obstacle | undefined {
    const now = this.#clock.now();
    for (const id of [identity.quota, identity.backend]) {
      const rest = this.#rests.get(id);
      if (!rest) continue;
      const forMs = rest.until - now;
      if (forMs > 0) return { state: 'cooling', why: `it rests, because it is ${rest.why}`, forMs };
      this.#rests.delete(id);
    }
    const refusal = this.#breakers.get(identity.backend)?.refusal();
    return (
      refusal && {
        state: 'cooling',
        why: withoutName(refusal, endpoint.name),
        forMs: refusal.retryAfterMs ?? 0,
      }
    );
  }
}

const withoutName = ({ message }: ConfigError, name: string): string =>
  message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;
