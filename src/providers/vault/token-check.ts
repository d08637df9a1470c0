// Whether Vault still knows a token that it refuses: `403` means a missing permission or a dead token. Used
// by session.ts.

import type { Clock } from '../../shelter/clock.ts';
import { lookupToken, type SendRequest } from './token-requests.ts';

const rememberMs = 5_000;

/** Finds out whether a refused token is still valid. One look-up serves all requests that were refused with
 *  the token, and its result is remembered for five seconds. */
export class TokenCheck {
  readonly #send: SendRequest;
  readonly #clock: Clock;
  #last: { readonly token: string; readonly isAlive: Promise<boolean>; until: number } | undefined;

  constructor(send: SendRequest, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  isAlive(token: string, signal: AbortSignal): Promise<boolean> {
    const last = this.#last;
    if (last && last.token === token && last.until > this.#clock.now()) return last.isAlive;
    const isAlive = lookupToken(this.#send, token, signal).then((life) => life !== 'dead');
    const check = { token, until: Number.POSITIVE_INFINITY, isAlive };
    this.#last = check;
    isAlive.then(
      () => (check.until = this.#clock.now() + rememberMs),
      () => (check.until = 0),
    );
    return isAlive;
  }
}
