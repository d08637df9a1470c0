// Counts accesses that repeat: the first of an actor, key and version in a minute is an entry before the
// answer, the others are a count in a second entry when the minute ends. Used by recorder.ts.

import { hash } from 'node:crypto';
import { type Clock, later, steadied } from '../../shelter/clock.ts';
import type { AuditFields } from './entry.ts';

interface First {
  readonly id: string;
  readonly written: Promise<unknown>;
}
interface Minute {
  readonly fields: AuditFields;
  readonly first: First;
  readonly since: number;
  repeats: number;
}

export interface AccessesOptions {
  readonly clock: Clock;
  /** Writes the entry of a repeated access. */
  readonly repeated: (fields: AuditFields) => void;
}

const minuteMs = 60_000;
/** Bounds the memory. Beyond, the oldest minute ends early. */
const maxMinutes = 50_000;

export class Accesses {
  readonly #options: AccessesOptions;
  readonly #clock: Clock;
  /** In the order in which they began. */
  readonly #minutes = new Map<string, Minute>();
  #cancel: (() => void) | undefined;

  constructor(options: AccessesOptions) {
    this.#options = options;
    this.#clock = steadied(options.clock);
  }

  /** Resolves when the first access of this kind in this minute is written. `write` writes it. `isKept`: no
   *  caller waits for it. */
  async add(fields: AuditFields, isKept: boolean, write: () => First): Promise<void> {
    const kind = kindOf(fields, isKept);
    const now = this.#clock.now();
    const known = this.#minutes.get(kind);
    if (known && now - known.since < minuteMs) {
      known.repeats++;
      await known.first.written;
      return;
    }
    if (known) this.#end(kind, known);
    const minute: Minute = { fields, first: write(), since: now, repeats: 0 };
    this.#minutes.set(kind, minute);
    if (this.#minutes.size > maxMinutes) this.#endOldest();
    this.#schedule();
    try {
      await minute.first.written;
    } catch (error) {
      if (this.#minutes.get(kind) === minute) this.#minutes.delete(kind);
      throw error;
    }
  }

  /** Ends every minute. */
  close(): void {
    this.#cancel?.();
    for (const [kind, minute] of [...this.#minutes]) this.#end(kind, minute);
  }

  #end(kind: string, { fields, first, repeats }: Minute): void {
    this.#minutes.delete(kind);
    if (repeats === 0) return;
    const { operation, durationMs, traceId, secrets, part, reason, ...same } = fields;
    this.#options.repeated({ ...same, count: repeats, of: first.id });
  }

  #endOldest(): void {
    const [oldest] = this.#minutes;
    if (oldest) this.#end(...oldest);
  }

  #schedule(): void {
    if (this.#cancel || this.#minutes.size === 0) return;
    const [[, oldest] = []] = this.#minutes;
    const inMs = Math.max(1, (oldest?.since ?? 0) + minuteMs - this.#clock.now());
    this.#cancel = later(this.#clock, inMs, () => {
      this.#cancel = undefined;
      const now = this.#clock.now();
      for (const [kind, minute] of [...this.#minutes]) {
        if (now - minute.since < minuteMs) break;
        this.#end(kind, minute);
      }
      this.#schedule();
    });
  }
}

function kindOf(fields: AuditFields, isKept: boolean): string {
  const { type, actor, ip, key, provider, version, outcome, secrets, part } = fields;
  const loaded = secrets && hash('sha256', JSON.stringify(secrets), 'base64');
  return [isKept ? 'kept' : '', type, actor, ip, provider, version, outcome, loaded, part, key].join('\0');
}
