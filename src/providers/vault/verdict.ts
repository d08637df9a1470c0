import type { Clock } from '../../shelter/clock.ts';
import { lookup, type Send } from './tokens.ts';

const believedMs = 5_000;

/** Whether a token lives: asked once for all who were refused with it. */
export class Verdict {
  readonly #send: Send;
  readonly #clock: Clock;
  #last: { readonly token: string; readonly alive: Promise<boolean>; until: number } | undefined;

  constructor(send: Send, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  alive(token: string, signal: AbortSignal): Promise<boolean> {
    const last = this.#last;
    if (last && last.token === token && last.until > this.#clock.now()) return last.alive;
    const alive = lookup(this.#send, token, signal).then((found) => found !== 'dead');
    const verdict = { token, until: Number.POSITIVE_INFINITY, alive };
    this.#last = verdict;
    alive.then(
      () => (verdict.until = this.#clock.now() + believedMs),
      () => (verdict.until = 0),
    );
    return alive;
  }
}
