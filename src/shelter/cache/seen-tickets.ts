// What this process has seen of the names in the second level, so that no reader steps back. Used by
// shared-cache.ts. A name is bypassed while the level may hold something older than what was read here.

import type { Tickets } from './single-flight-cache.ts';

/** Contents of a name are not used until what was asked for later is kept in the level. */
interface Bypass {
  /** The number of the request, in this process, that they may be older than. */
  readonly since: number;
  /** The level's ticket of that request. */
  readonly ticket: number | undefined;
}

/** A content that was used or kept. */
interface Seen {
  readonly ticket: number;
  /** When its store was asked. */
  readonly at: number;
}

const maxNames = 20_000;

export class SeenTickets {
  readonly #tickets: Tickets;
  /** By name: the greatest ticket, and the latest time. They may be of two contents: a reader whose ticket is
   *  later may have asked the store earlier. */
  readonly #seen = new Map<string, Seen>();
  readonly #bypassed = new Map<string, Bypass>();
  /** All names without a seen ticket are bypassed since that request. */
  #allSince: number | undefined;

  constructor(tickets: Tickets) {
    this.#tickets = tickets;
  }

  bypasses(name: string): boolean {
    return this.#bypassed.has(name) || (this.#allSince !== undefined && !this.#seen.has(name));
  }

  /** The store was asked, or a change was reported, by the request with the number `since`. */
  bypass(name: string, since: number, ticket?: number): void {
    if (since <= (this.#bypassed.get(name)?.since ?? this.#allSince ?? 0)) return;
    this.#bypassed.set(name, { since, ticket });
    this.#trim();
  }

  bypassAll(since: number): void {
    this.#allSince = since;
    this.#seen.clear();
    this.#bypassed.clear();
  }

  /** The level keeps what the request `since` returned. Changes nothing if a later one is known. */
  kept(name: string, since: number, ticket: number, at: number): void {
    if (this.#bypassed.get(name)?.since !== since) return;
    this.#bypassed.delete(name);
    this.see(name, ticket, at);
  }

  /** A content with this ticket, whose store was asked at that time, is used. */
  see(name: string, ticket: number, at = 0): void {
    const seen = this.#seen.get(name) ?? { ticket: 0, at: 0 };
    this.#seen.set(name, { ticket: Math.max(ticket, seen.ticket), at: Math.max(at, seen.at) });
    this.#trim();
  }

  /** Whether a content is as new as what was seen. */
  allows(name: string, ticket: number, at: number): boolean {
    const seen = this.#seen.get(name);
    return !this.bypasses(name) && (!seen || (ticket >= seen.ticket && at >= seen.at));
  }

  /** The level reports a change. True: what is cached may be older. `reading`: a read of it is in
   *  progress. */
  changed(name: string, ticket: number, reading: boolean): boolean {
    const bypass = this.#bypassed.get(name);
    const seen = bypass?.ticket ?? this.#seen.get(name)?.ticket;
    const known = bypass !== undefined || seen !== undefined || this.#allSince !== undefined || reading;
    if (!known || (seen !== undefined && seen >= ticket)) return false;
    if (!this.bypasses(name)) this.see(name, ticket);
    return true;
  }

  #trim(): void {
    if (this.#seen.size + this.#bypassed.size > maxNames) this.bypassAll(this.#tickets.next());
  }
}
