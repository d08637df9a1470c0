// Clients of SDKs, one for each endpoint and credential. A rotated credential makes a new one; the old one
// stays for the calls that still use it, and is let go after a while.

import { ConfigError } from '../../../errors.ts';
import { aFunction, aNumber, checkOptions } from '../../../internal/options.ts';
import { later, type SteadyClock } from '../../../shelter/clock.ts';
import { type Endpoint, identityOf } from './endpoint.ts';
import type { Endpoints } from './generation.ts';

/** The options of `ai.clients`. */
export interface ClientsOptions<C> {
  /** How long a client stays after a reload has replaced its endpoint. @default 30_000 */
  readonly graceMs?: number;
  /** Ends a client that is let go. @default its `Symbol.asyncDispose` or `Symbol.dispose`, if it has one */
  readonly dispose?: (client: C) => unknown;
}

/** A cache of clients. */
export interface FollowingClients {
  /** Lets go of the clients that these endpoints do not need, after their grace. */
  follow(endpoints: Endpoints): void;
  close(): Promise<void>;
}

export class Clients<C> implements FollowingClients {
  readonly #make: (endpoint: Endpoint) => C;
  readonly #clock: SteadyClock;
  readonly #graceMs: number;
  readonly #dispose: (client: C) => unknown;
  readonly #clients = new Map<string, C>();
  /** What lets go of the clients of earlier generations. */
  readonly #leaving = new Map<string, () => void>();
  #current: ReadonlySet<string> = new Set();
  #isClosed = false;

  constructor(make: (endpoint: Endpoint) => C, options: ClientsOptions<C>, clock: SteadyClock) {
    if (typeof make !== 'function')
      throw new ConfigError('invalid_option', 'llm: the first argument of clients is not a function', {
        hint: 'Pass a function that makes a client: ai.clients((endpoint) => new OpenAI({ … }))',
      });
    checkOptions('llm: clients', options, { graceMs: aNumber(0), dispose: aFunction });
    this.#make = make;
    this.#clock = clock;
    this.#graceMs = options.graceMs ?? 30_000;
    this.#dispose = options.dispose ?? disposeItself;
  }

  of(endpoint: Endpoint): C {
    const { whole } = identityOf(endpoint);
    const known = this.#clients.get(whole);
    if (known !== undefined) return known;
    if (this.#isClosed) throw new ConfigError('aborted', 'llm: the clients are closed');
    const client = this.#make(endpoint);
    this.#clients.set(whole, client);
    if (!this.#current.has(whole)) this.#leave(whole);
    return client;
  }

  follow({ wholes }: Endpoints): void {
    this.#current = wholes;
    for (const id of this.#clients.keys()) {
      if (!this.#current.has(id)) this.#leave(id);
      else {
        this.#leaving.get(id)?.();
        this.#leaving.delete(id);
      }
    }
  }

  #leave(id: string): void {
    if (this.#leaving.has(id)) return;
    const cancel = later(this.#clock, this.#graceMs, () => void this.#end(id));
    this.#leaving.set(id, cancel);
  }

  async #end(id: string): Promise<void> {
    const client = this.#clients.get(id) as C;
    this.#clients.delete(id);
    this.#leaving.delete(id);
    try {
      await this.#dispose(client);
    } catch {
      // nothing is waiting for it, and nothing uses it any more
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cancel of this.#leaving.values()) cancel();
    await Promise.all(Array.from(this.#clients.keys(), (id) => this.#end(id)));
  }
}

async function disposeItself(client: unknown): Promise<void> {
  const { [Symbol.asyncDispose]: disposeAsync, [Symbol.dispose]: dispose } = Object(client) as Partial<
    AsyncDisposable & Disposable
  >;
  if (typeof disposeAsync === 'function') await disposeAsync.call(client as AsyncDisposable);
  else if (typeof dispose === 'function') dispose.call(client as Disposable);
}
