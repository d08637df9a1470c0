// Calls a second level, and never fails or waits long. Made by sharing.ts. Whatever a level does wrong
// counts as no answer. Three failures in a row suspend it: for a second, then for up to half a minute.

import type { Emitter } from '../../internal/listeners.ts';
import type { Clock } from '../clock.ts';
import type {
  AskedName,
  AskOptions,
  HeldContent,
  Invalidated,
  KeptContent,
  NotHeld,
  SecondLevel,
  SecondLevelStats,
  SharedName,
  TicketedName,
} from '../second-level.ts';
import { afterLimit } from './time-limit.ts';

export type SecondLevelCounts = { -readonly [K in keyof SecondLevelStats]: number };

const strikes = 3;
const firstPauseMs = 1_000;
const maxPauseMs = 30_000;

export interface GuardParts {
  readonly provider: string;
  readonly level: SecondLevel;
  readonly clock: Clock;
  readonly emitter: Emitter;
  readonly counts: SecondLevelCounts;
}

export class GuardedLevel {
  readonly #parts: GuardParts;
  #failures = 0;
  #pauseMs = firstPauseMs;
  #pausedAt = 0;

  constructor(parts: GuardParts) {
    this.#parts = parts;
  }

  /** The answer for each name. Undefined: there is none. */
  ask(
    names: readonly AskedName[],
    options: AskOptions,
  ): Promise<readonly (HeldContent | NotHeld)[] | undefined> {
    return this.#run(
      (level) => level.ask(names, options),
      (answers) => {
        if (answers.length !== names.length) throw new TypeError('one answer for each name is required');
        return Array.from(answers, answerOf);
      },
    );
  }

  /** Whether each content is kept. Undefined: unknown. */
  keep(contents: readonly KeptContent[]): Promise<readonly boolean[] | undefined> {
    return this.#run(
      (level) => level.keep(contents),
      (kept) => contents.map((_, i) => kept[i] === true),
    );
  }

  async failed(names: readonly TicketedName[]): Promise<void> {
    await this.#run(
      (level) => level.failed(names),
      () => true,
    );
  }

  /** Calls the level also while it is suspended: it may send later what it cannot send now. */
  async invalidate(names: readonly Omit<SharedName, 'view'>[]): Promise<void> {
    const call = async (level: SecondLevel): Promise<void> => level.invalidate(names);
    const skipped = (): void => void call(this.#parts.level).catch(() => undefined);
    await this.#run(call, () => true, skipped);
  }

  /** Passes valid messages on. The result never throws. */
  watch(onInvalidated: (names: readonly Invalidated[] | undefined) => void): () => void {
    let ended = false;
    let unwatch: unknown;
    try {
      unwatch = this.#parts.level.watch((names) => {
        if (!ended) onInvalidated(messagesOf(names));
      });
    } catch {
      this.#parts.counts.failures++;
    }
    return () => {
      ended = true;
      try {
        if (typeof unwatch === 'function') unwatch();
      } catch {
        // the level's problem: nothing is passed on any more
      }
    };
  }

  /** `read` throws for an answer of a wrong shape. */
  async #run<T, R>(
    call: (level: SecondLevel) => Promise<T>,
    read: (answer: T) => R,
    skipped?: () => void,
  ): Promise<R | undefined> {
    const { level, clock, counts } = this.#parts;
    const probes = this.#failures >= strikes;
    if (probes && !this.#mayProbe(clock.now())) {
      counts.skipped++;
      skipped?.();
      return undefined;
    }
    let cancel: (() => void) | undefined;
    try {
      const answer = call(level);
      const late = new Promise<never>((_, reject) => {
        cancel = afterLimit(clock, () => reject(new Error('late')));
      });
      const result = read(await Promise.race([answer, late]));
      this.#failures = 0;
      this.#pauseMs = firstPauseMs;
      return result;
    } catch {
      counts.failures++;
      this.#failed(probes);
      return undefined;
    } finally {
      cancel?.();
    }
  }

  /** Whether a pause is over. Its first operation tries the level, and the others skip it for another
   *  pause. */
  #mayProbe(now: number): boolean {
    if (now < this.#pausedAt + this.#pauseMs) return false;
    this.#pausedAt = now;
    return true;
  }

  #failed(probed: boolean): void {
    const { provider, clock, emitter } = this.#parts;
    if (probed) this.#pauseMs = Math.min(maxPauseMs, this.#pauseMs * 2);
    // operations that started before the pause count no more
    else if (this.#failures >= strikes || ++this.#failures < strikes) return;
    else {
      const message = `${provider}: the second level does not answer, so the store is read without it`;
      emitter.emit('notice', { message, outcome: 'unavailable' });
    }
    this.#pausedAt = clock.now();
  }
}

function answerOf(answer: HeldContent | NotHeld): HeldContent | NotHeld {
  const { content, ticket } = answer;
  if (!isTicket(ticket)) throw new TypeError('a ticket must be a positive whole number');
  if (content !== undefined) return { content, ticket };
  const { mine, waitMs } = answer as NotHeld;
  return { ticket, mine: mine === true, waitMs: waitMs > 0 ? waitMs : 0 };
}

const isTicket = (ticket: unknown): ticket is number =>
  Number.isSafeInteger(ticket) && (ticket as number) > 0;

/** The messages of a level that have the right shape. Undefined when none can be read: then any may be
 *  missing. */
function messagesOf(names: unknown): readonly Invalidated[] | undefined {
  try {
    const all = Array.from(names as readonly Invalidated[], ({ store, kind, name, ticket }) => ({
      store,
      kind,
      name,
      ticket,
    }));
    return all.every(({ ticket }) => isTicket(ticket)) ? all : undefined;
  } catch {
    return undefined;
  }
}
