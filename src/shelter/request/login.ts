import type { ConfigError } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { DocumentSource } from '../port.ts';
import type { Run } from './attempts.ts';
import type { Request } from './requests.ts';

const logIn: Request = { operation: 'connect', documents: 0, repeats: (error) => error.transient };
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

/** The log-in: single flight, once more after a refusal, and backing off when it does not help. */
export class Login {
  /** How often somebody has logged in. */
  epoch = 0;
  readonly #source: DocumentSource;
  readonly #clock: Clock;
  readonly #send: (request: Request, job: Run) => Promise<ConfigError | undefined>;
  #flight: Promise<ConfigError | undefined> | undefined;
  #refusal:
    | { readonly error: ConfigError; readonly at: number; readonly until: number; readonly pauseMs: number }
    | undefined;

  constructor(
    source: DocumentSource,
    clock: Clock,
    send: (request: Request, job: Run) => Promise<ConfigError | undefined>,
  ) {
    this.#source = source;
    this.#clock = clock;
    this.#send = send;
  }

  /** Nothing, when requests may go; else the log-in under way, or why there is none. */
  ready(): Promise<ConfigError | undefined> | undefined {
    const waits = this.#waits();
    if (waits) return Promise.resolve(waits);
    return this.epoch > 0 || !this.#source.connect ? undefined : this.#connect(undefined);
  }

  /** After an `unauthenticated` that a request of that epoch got. */
  again(refused: ConfigError, epoch: number): Promise<ConfigError | undefined> | undefined {
    return this.epoch === epoch ? this.#connect(refused) : undefined;
  }

  helped(): void {
    this.#refusal = undefined;
  }

  didNotHelp(error: ConfigError, epoch: number): ConfigError {
    if (epoch === this.epoch) this.#backOff(error);
    return error;
  }

  /** Why there is no log-in for a while; a clock that was put back makes it no longer. */
  #waits(): ConfigError | undefined {
    if (!this.#refusal) return undefined;
    const { error, at, until } = this.#refusal;
    const now = this.#clock.now();
    return now >= at && now < until ? error : undefined;
  }

  #connect(refused: ConfigError | undefined): Promise<ConfigError | undefined> {
    const waits = this.#waits();
    if (waits) return Promise.resolve(waits);
    this.#flight ??= this.#logIn(refused).finally(() => {
      this.#flight = undefined;
    });
    return this.#flight;
  }

  async #logIn(refused: ConfigError | undefined): Promise<ConfigError | undefined> {
    let fresh = refused !== undefined && this.#source.renew?.(refused) === true;
    const error =
      this.#source.connect &&
      (await this.#send(logIn, async (call) => {
        if (await this.#source.connect?.(refused, call)) fresh = true;
        return undefined;
      }));
    if (!error && (fresh || !refused)) {
      this.epoch++;
      return undefined;
    }
    const why = error ?? (refused as ConfigError);
    if (!why.transient) this.#backOff(why);
    return why;
  }

  #backOff(error: ConfigError): void {
    if (this.#waits()) return;
    const now = this.#clock.now();
    const pauseMs = Math.min(longestPauseMs, this.#refusal ? this.#refusal.pauseMs * 2 : firstPauseMs);
    this.#refusal = { error, at: now, pauseMs, until: now + pauseMs * (1 + Math.random() / 10) };
  }
}
