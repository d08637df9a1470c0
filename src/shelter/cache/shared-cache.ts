// Shares what one cache reads with other processes, through the second level. Used by sharing.ts, once for
// documents and once for listings. Order is by tickets of the level: who asked later. Whatever may be older
// than what this process has seen is not used, and the store is read instead.

import type { ConfigError } from '../../errors.ts';
import { shownNow } from '../clock.ts';
import type { AskedName, HeldContent, NotHeld, SharedName } from '../second-level.ts';
import type { Asking, SharedCacheParts } from './asking.ts';
import { Cached } from './cached.ts';
import { OpenReads } from './open-reads.ts';
import { Outbox } from './outbox.ts';
import { type Next, type Round, Rounds } from './rounds.ts';
import { SeenTickets } from './seen-tickets.ts';
import { decode, encode } from './shared-contents.ts';

/** How far the clocks of two processes may differ. */
const skewMs = 1_000;

export class SharedCache<T, A extends Asking<T> = Asking<T>> {
  readonly #parts: SharedCacheParts<T, A>;
  readonly #seen: SeenTickets;
  readonly #outbox: Outbox;
  readonly #open = new OpenReads();
  /** The tickets of contents that came from the level. */
  readonly #taken = new WeakMap<Cached<T>, number>();
  readonly #sleepers = new Set<() => void>();
  #closed = false;

  constructor(parts: SharedCacheParts<T, A>) {
    this.#parts = parts;
    this.#seen = new SeenTickets(parts.tickets);
    this.#outbox = new Outbox(parts.level);
  }

  /** Lands the reads that the level answers. Passes the others to `read`, perhaps in several steps. */
  async answer<B extends A>(all: readonly B[], read: (left: readonly B[]) => void): Promise<void> {
    const { clock, resilience } = this.#parts.settings;
    const deadlineMs = resilience ? resilience.deadlineMs : Number.POSITIVE_INFINITY;
    const startedAt = clock.now();
    for (const asking of all) {
      asking.endsAt = startedAt + deadlineMs;
      // a reader who wants no content must not join from here on
      if (asking.flight.maxAgeMs > 0) asking.flight.sent = true;
      this.#open.count(asking.name, 1, 0);
    }
    const lockMs = this.#lockMs(all.length);
    const rounds = new Rounds(all, Math.min(2 * lockMs, deadlineMs / 2));
    for (let next: Next = 'again'; next !== 'end'; ) {
      const askedAt = clock.now();
      const round = await this.#round(rounds.names, lockMs);
      const now = clock.now();
      next = rounds.took(round, now - askedAt, this.#closed ? Number.POSITIVE_INFINITY : now - startedAt);
      if (next !== 'ask') this.#read(rounds.takeLeft(), read);
      if (next === 'wait') await this.#sleep(rounds.pauseMs(now - startedAt));
    }
  }

  /** An attempt failed, and others follow. Frees the locks, so that no one waits for all of them. */
  attemptFailed(all: readonly A[]): void {
    for (const { name, ticket, readAt } of all)
      if (readAt !== undefined && ticket !== undefined) this.#outbox.failed({ ...this.#named(name), ticket });
  }

  /** After a read that `answer` has passed on. Keeps what the store returned, or frees the lock. */
  landed(asking: A, result: Cached<T> | ConfigError): void {
    const { name, ticket, readAt } = asking;
    if (readAt === undefined) return;
    this.#open.count(name, -1, -1);
    if (result instanceof Cached) this.#open.took(this.#parts.settings.clock.now() - readAt);
    // a process that the store has refused takes nothing from others
    if (result instanceof Cached) this.#seen.bypass(name, result.ticket, ticket);
    else if (!result.transient) this.#seen.bypass(name, this.#parts.tickets.next());
    if (ticket === undefined) return;
    const kept = result instanceof Cached && this.#keep(name, ticket, result);
    if (!kept) this.#outbox.failed({ ...this.#named(name), ticket });
  }

  /** What the level holds of a document whose store is down, however old. */
  async outage(asking: A): Promise<Cached<T> | undefined> {
    const { level, settings, counts } = this.#parts;
    const { cache, clock } = settings;
    if (!cache || cache.staleIfErrorMs === 0 || this.#seen.bypasses(asking.name)) return undefined;
    if (this.#parts.peek(asking.name)?.isServable(clock.now(), cache.staleIfErrorMs)) return undefined;
    const maxAgeMs = Math.min(
      asking.flight.maxAgeMs,
      cache.ttlMs * (1 + cache.jitter) + cache.staleIfErrorMs,
    );
    if (maxAgeMs <= 0) return undefined;
    const [answer] = (await level.ask([this.#named(asking.name)], { maxAgeMs, lockMs: 0 })) ?? [];
    if (answer?.content === undefined) return undefined;
    const cached = this.#usable(asking, answer, 1);
    if (!cached?.isServable(clock.now(), cache.staleIfErrorMs)) return undefined;
    counts.hits++;
    return this.#take(asking.name, cached, answer.ticket);
  }

  /** What is read of a name, or of all names, must have been asked for after now. */
  invalidated(names: readonly string[] | undefined): void {
    const since = this.#parts.tickets.next();
    if (names) for (const name of names) this.#seen.bypass(name, since);
    else this.#seen.bypassAll(since);
  }

  /** The cache has taken what came with a listing. `ticket`: that of the listing. */
  offered(name: string, cached: Cached<T>, ticket: number | undefined): void {
    this.#seen.bypass(name, cached.ticket, ticket);
    if (ticket !== undefined) this.#keep(name, ticket, cached);
  }

  /** The level reports a change. True: what is cached may be older. */
  changed(name: string, ticket: number): boolean {
    return this.#seen.changed(name, ticket, this.#open.has(name));
  }

  /** Whether a result came from the level. */
  isShared(cached: Cached<T>): boolean {
    return this.#taken.has(cached);
  }

  close(): void {
    this.#closed = true;
    for (const wake of [...this.#sleepers]) wake();
  }

  /** Asks once, and again for a ticket of what it refuses. */
  async #round<B extends A>(pending: readonly B[], lockMs: number): Promise<Round<B>> {
    const answers = await this.#ask(pending, lockMs);
    const [waiting, left, unanswered, refused]: [B[], B[], B[], B[]] = [[], [], [], []];
    for (const asking of pending) {
      const answer = answers.get(asking);
      if (answer === undefined) unanswered.push(asking);
      else if (answer.content !== undefined) {
        if (this.#lands(asking, answer)) continue;
        (asking.refuses ? left : refused).push(asking);
        asking.refuses = true;
      } else {
        if (asking.ticket === undefined) this.#parts.counts.misses++;
        asking.ticket = answer.ticket;
        const waits = !answer.mine && answer.waitMs > 0 && this.#maxAgeMs(asking) > 0;
        if (waits) asking.waiting ??= answer.ticket;
        (waits ? waiting : left).push(asking);
      }
    }
    if (refused.length > 0) {
      const again = await this.#round(refused, lockMs);
      left.push(...again.left, ...again.unanswered);
    }
    return { waiting, left, unanswered };
  }

  /** How long a lock lasts: longer for many names, because their requests wait for each other. */
  #lockMs(names: number): number {
    const { batch, settings } = this.#parts;
    const together = settings.limits.concurrency * batch;
    return this.#open.lockMs(Math.ceil(names / Math.max(1, together)));
  }

  async #ask(pending: readonly A[], lockMs: number): Promise<ReadonlyMap<A, HeldContent | NotHeld>> {
    const { level, mayRead } = this.#parts;
    const groups = new Map<number, A[]>();
    for (const asking of pending) {
      const maxAgeMs = this.#maxAgeMs(asking);
      const group = groups.get(maxAgeMs);
      if (group) group.push(asking);
      else groups.set(maxAgeMs, [asking]);
    }
    const answers = new Map<A, HeldContent | NotHeld>();
    const asks = [...groups].map(async ([maxAgeMs, group]) => {
      const names = group.map((asking) => this.#asked(asking));
      const found = await level.ask(names, { maxAgeMs, lockMs: mayRead() ? lockMs : 0 });
      for (const [i, answer] of (found ?? []).entries()) answers.set(group[i] as A, answer);
    });
    await Promise.all(asks);
    return answers;
  }

  #asked({ name, waiting }: A): AskedName {
    const { peek, settings } = this.#parts;
    const held = peek(name);
    const now = settings.clock.now();
    const seen = held && !held.invalidated && !held.isFresh(now) ? this.#taken.get(held) : undefined;
    return {
      ...this.#named(name),
      ...(seen !== undefined && { seen }),
      ...(waiting !== undefined && { waiting }),
    };
  }

  /** How old a content may be that is taken. 0: none is. */
  #maxAgeMs({ flight, name, refuses }: A): number {
    const { cache } = this.#parts.settings;
    if (refuses || !cache || this.#seen.bypasses(name) || this.#open.requests(name) > 0) return 0;
    return Math.max(0, Math.min(flight.maxAgeMs, cache.ttlMs));
  }

  #lands(asking: A, answer: HeldContent): boolean {
    const { counts, settings, land } = this.#parts;
    const now = settings.clock.now();
    const cached = this.#maxAgeMs(asking) > 0 ? this.#usable(asking, answer, 0) : undefined;
    if (!cached?.isFresh(now) || now - cached.at > asking.flight.maxAgeMs) {
      counts.refused++;
      return false;
    }
    counts.hits++;
    this.#open.count(asking.name, -1, 0);
    land(asking, this.#take(asking.name, cached, answer.ticket));
    return true;
  }

  /** Undefined: it is damaged, or may be older than what this process has seen. `requests`: the reader's
   *  own. */
  #usable(asking: A, answer: HeldContent, requests: number): Cached<T> | undefined {
    const { name } = asking;
    const { settings, tickets, decode: read, cached } = this.#parts;
    // the order of a content and of a request that has not returned is unknown
    if (this.#open.requests(name) > requests) return undefined;
    const shared = decode(this.#named(name), answer, read);
    const now = shownNow(settings.clock);
    if (!shared || shared.askedAt > now + skewMs) return undefined;
    if (!this.#seen.allows(name, answer.ticket, shared.askedAt)) return undefined;
    const at = Math.min(shared.askedAt, now) + settings.clock.aheadMs;
    return cached(asking, shared.outcome, at, tickets.next());
  }

  #take(name: string, cached: Cached<T>, ticket: number): Cached<T> {
    this.#taken.set(cached, ticket);
    this.#seen.see(name, ticket, cached.readAt);
    return cached;
  }

  #read<B extends A>(left: readonly B[], read: (left: readonly B[]) => void): void {
    if (left.length === 0) return;
    const now = this.#parts.settings.clock.now();
    for (const asking of left) {
      asking.readAt = now;
      this.#open.count(asking.name, 0, 1);
    }
    read(left);
  }

  /** False: there is nothing to keep. */
  #keep(name: string, ticket: number, result: Cached<T>): boolean {
    if (result.invalidated) return false;
    const { settings, encode: share, revision } = this.#parts;
    const { outcome, readAt, freshUntil, endsAt, ticket: since } = result;
    const graceMs = settings.cache && outcome !== 'absent' ? settings.cache.staleIfErrorMs : 0;
    const lifeMs = Math.floor(Math.min(freshUntil + graceMs, endsAt) - settings.clock.now());
    if (!(lifeMs > 0)) return false;
    const named = { ...this.#named(name), ticket };
    const content = encode(named, () => share(outcome), readAt);
    if (content)
      this.#outbox.keep({ ...named, content, lifeMs, revision: revision(outcome) }, () =>
        this.#seen.kept(name, since, ticket, readAt),
      );
    return content !== undefined;
  }

  #named(name: string): SharedName {
    const { kind, identity } = this.#parts;
    return { store: identity.store, view: identity.view, kind, name };
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#sleepers.delete(wake);
        resolve();
      };
      const cancel = this.#parts.settings.clock.after(ms, wake);
      this.#sleepers.add(wake);
    });
  }
}
