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

const maxNames = 20_000;

export class SeenTickets {
  readonly #tickets: Tickets;
  /** By name: the greatest ticket of a content that was used or kept. */
  readonly #seen = new Map<string, number>();
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
  kept(name: string, since: number, ticket: number): void {
    if (this.#bypassed.get(name)?.since !== since) return;
    this.#bypassed.delete(name);
    this.see(name, ticket);
  }

  /** A content with this ticket is used. */
  see(name: string, ticket: number): void {
    this.#seen.set(name, Math.max(ticket, this.#seen.get(name) ?? 0));
    this.#trim();
  }

  /** Whether a content with this ticket is as new as what was seen. */
  allows(name: string, ticket: number): boolean {
    return !this.bypasses(name) && ticket >= (this.#seen.get(name) ?? 0);
  }

  /** The level reports a change. True: what is cached may be older. `reading`: a read of it is in
   *  progress. */
  changed(name: string, ticket: number, reading: boolean): boolean {
    const bypass = this.#bypassed.get(name);
    const seen = bypass?.ticket ?? this.#seen.get(name);
    const known = bypass !== undefined || seen !== undefined || this.#allSince !== undefined || reading;
    if (!known || (seen !== undefined && seen >= ticket)) return false;
    if (!this.bypasses(name)) this.see(name, ticket);
    return true;
  }

  #trim(): void {
    if (this.#seen.size + this.#bypassed.size > maxNames) this.bypassAll(this.#tickets.next());
  }
}
